"""Which actions a workflow uses, and the text with one of them pinned; pure.

Lines are looked at, not the parsed document: a change must leave every other byte as it is. What is written in another
way (a `uses` inside `{…}`, over two lines, behind an anchor) is not found here, and the template's own look at the
parsed document then says so.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

_USES: Final = re.compile(
    r"""
    ^(?P<start>[ ]*(?:-[ ]+)?(?:uses|"uses"|'uses')[ ]*:[ ]+)
    (?P<quote>["']?)
    (?P<action>[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*)(?P<below>(?:/[A-Za-z0-9_./-]+)?)
    @(?P<ref>[A-Za-z0-9_./-]+)
    (?P=quote)
    (?P<rest>[ \t]*(?:[ \t]\#[^\r\n]*)?)
    (?P<end>\r?)$
    """,
    re.VERBOSE | re.MULTILINE,
)
_SHA: Final = re.compile(r"[0-9a-f]{40}").fullmatch
_SHORT: Final = 10
BRANCHES: Final = "fixgate/"
"""Branches that are made here begin so; the default branch never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One `uses:` line: action `owner/name`, what stands below it, and the ref."""

    action: str
    below: str
    ref: str

    @property
    def text(self) -> str:
        """As it stands in the file."""
        return f"{self.action}{self.below}@{self.ref}"

    @property
    def is_pinned(self) -> bool:
        """Whether the ref is a full commit id."""
        return _SHA(self.ref) is not None


def uses(content: str) -> tuple[Use, ...]:
    """Every action of another repository, in the order of the lines."""
    return tuple(
        Use(action=found["action"], below=found["below"], ref=found["ref"]) for found in _USES.finditer(content)
    )


def first_unpinned(content: str) -> Use | None:
    """The first use that is not pinned: the one that a change of this file is about."""
    return next((use for use in uses(content) if not use.is_pinned), None)


def pinned(content: str, action: str, ref: str, commit: str) -> str:
    """The text with every use of the action at that ref pinned to the commit; all else is as it was."""

    def line(found: re.Match[str]) -> str:
        if (found["action"], found["ref"]) != (action, ref):
            return found[0]
        remark = found["rest"].strip()
        use = f"{action}{found['below']}@{commit}"
        quoted = f"{found['quote']}{use}{found['quote']}"
        return f"{found['start']}{quoted} # {ref}{' ' + remark if remark else ''}{found['end']}"

    return _USES.sub(line, content)


def fix_branch(path: str, use: Use) -> str:
    """The branch on which this use is pinned: the same for the same file, action and ref."""
    owner, _, name = use.action.partition("/")
    short = hashlib.sha256(f"{path}\0{use.action}@{use.ref}".encode()).hexdigest()[:_SHORT]
    return f"{BRANCHES}pin-{owner.strip('.')}-{name.strip('.')}-{short}".replace("..", "-")
