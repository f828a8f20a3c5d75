"""A story as a tree on a terminal; slow to import: the command does so late."""

from collections.abc import Iterator, Sequence

from rich.text import Text
from rich.tree import Tree

from fixgate.people.view import safe
from fixgate.provenance.story import Chapter

_ID = 20


def trees(chapters: Sequence[Chapter]) -> Iterator[Tree]:
    """One tree for each beginning."""
    for chapter in chapters:
        tree = Tree(_branch(chapter))
        _grow(tree, chapter)
        yield tree


def _branch(chapter: Chapter) -> Text:
    when = "" if chapter.at is None else chapter.at.strftime("%H:%M:%S.%f")[:-3]
    kind, name = (chapter.kind, "bold"), (safe(chapter.id)[:_ID], "cyan")
    return Text.assemble((when, "dim"), " ", kind, " ", name, f"  {chapter.words}")


def _grow(tree: Tree, chapter: Chapter) -> None:
    for after in chapter.followed:
        _grow(tree.add(_branch(after)), after)
