"""zizmor: its own JSON (`zizmor --format json`), an array of findings. Its SARIF is read as `sarif`."""

from collections.abc import Iterator
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Draft, Hints, Item, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Count,
    Shape,
    Word,
    first_objects,
    inside,
    labelled,
    results,
    said,
    sequence,
    shaped,
    some,
    word,
)
from fixgate.reports.paths import Place, action_used, clone_address, portable, workflow_in
from fixgate.reports.severity import rated

_FOLDER: Final = "/.github/"
"""What stands at the root of a repository."""
_PRIMARY: Final = "Primary"
_HIDDEN: Final = "Hidden"


class _Local(Shape):
    verbatim_path: str | None = None
    given_path: str | None = None  # until 1.14


class _Slug(Shape):
    owner: str
    repo: str


class _Remote(Shape):
    slug: _Slug
    path: str


class _Key(Shape):
    local: _Local | None = field(default=None, name="Local")
    remote: _Remote | None = field(default=None, name="Remote")


class _Symbolic(Shape):
    key: _Key = field(default_factory=_Key)
    kind: str | None = None
    annotation: str | None = None
    route: object = None


class _Point(Shape):
    row: Count
    column: Count


class _Span(Shape):
    start: _Point | None = field(default=None, name="start_point")
    end: _Point | None = field(default=None, name="end_point")


class _Concrete(Shape):
    location: _Span = field(default_factory=_Span)
    feature: str | None = None


class _Where(Shape):
    symbolic: _Symbolic = field(default_factory=_Symbolic)
    concrete: _Concrete = field(default_factory=_Concrete)


class _Rating(Shape):
    severity: str | None = None
    confidence: str | None = None
    persona: object = None


class _Finding(Shape, kw_only=True):
    ident: Word
    desc: str | None = None
    url: object = None
    determinations: _Rating = field(default_factory=_Rating)
    locations: list[_Where]
    ignored: bool | None = None


class Zizmor:
    """See the module."""

    name = "zizmor"

    def recognises(self, document: Document) -> bool:
        """By the names that only zizmor gives."""
        return any({"ident", "determinations", "locations"} <= r.keys() for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            read = shaped(_Finding, value, pointer)
            if isinstance(read, Unusable):
                yield read
            else:
                yield Suppressed(pointer) if read.ignored else _draft(read, pointer, hints)


def _draft(read: _Finding, pointer: str, hints: Hints) -> Draft:
    shown = [w for w in read.locations if w.symbolic.kind != _HIDDEN]
    places = sorted(shown, key=lambda w: w.symbolic.kind != _PRIMARY)
    first = places[0] if places else _Where()
    file, address = _file(first.symbolic.key)
    repository = hints.repository or address
    workflow = workflow_in(repository, file.path if file else None)
    return Draft(
        pointer=pointer,
        tool="zizmor",
        identity=(read.ident, file.identity if file else "", *_route(first.symbolic.route), _line(first)),
        unique=False,
        what=read.ident,
        severity=rated("zizmor", read.determinations.severity),
        status=FindingStatus.OPEN,
        rule_id=read.ident,
        rule_name=read.ident,
        title=read.desc or read.ident,
        description=first.symbolic.annotation or "",
        confidence=word(read.determinations.confidence),
        locations=tuple(_location(place) for place in places),
        resource=workflow,
        repository=repository,
        labels=labelled(
            persona=said(read.determinations.persona),
            uses=action_used(workflow, *(place.concrete.feature or "" for place in places)),
        ),
        links=some((said(read.url),)),
    )


def _file(key: _Key) -> tuple[Place | None, str | None]:
    """The file, relative to the folder that holds `.github`, and its repository where zizmor has fetched it."""
    if key.remote is not None:
        slug = key.remote.slug
        return portable(key.remote.path), clone_address(f"https://github.com/{slug.owner}/{slug.repo}")
    path = (word(key.local.verbatim_path) or word(key.local.given_path)) if key.local else None
    if path is None:
        return None, None
    root, folder, _ = path.replace("\\", "/").rpartition(_FOLDER)
    return portable(path, (root,) if folder else ()), None


def _route(route: object) -> tuple[str, ...]:
    """The names on the way to what was found; not the numbers of steps, which another one may come before."""
    return some(said(inside(part, "Key")) for part in sequence(inside(route, "route")) or ())


def _line(place: _Where) -> str:
    """What stands there, unless it is more than a line, such as a whole job."""
    feature = (place.concrete.feature or "").strip()
    return "" if "\n" in feature else " ".join(feature.split())


def _location(place: _Where) -> Spot:
    file, _ = _file(place.symbolic.key)
    start, end = place.concrete.location.start, place.concrete.location.end
    return Spot(
        path=file.path if file else None,
        start_line=start.row + 1 if start else None,
        end_line=end.row + 1 if end else None,
        start_column=start.column + 1 if start else None,
        end_column=end.column + 1 if end else None,
        logical=place.symbolic.annotation,
        snippet=place.concrete.feature,
    )
