"""OpenVEX, 0.0.1 to 0.2.0: what somebody says of vulnerabilities in products."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package
from fixgate.reports.adapter import Draft, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, first_objects, labelled, mapping, results, sequence, shaped, some, text, word
from fixgate.reports.packages import known_as
from fixgate.reports.severity import unknown

_CONTEXT: Final = "https://openvex.dev/ns"
_PLACES: Final = 50
_STATUSES: Final[Mapping[str, FindingStatus]] = {"affected": FindingStatus.OPEN, "fixed": FindingStatus.RESOLVED}


class _Vulnerability(Shape):
    id: str | None = field(default=None, name="@id")
    name: str | None = None
    aliases: list[str] | None = None
    description: object = None


class _Identifiers(Shape):
    purl: str | None = None


class _Component(Shape):
    id: str | None = field(default=None, name="@id")
    identifiers: _Identifiers | None = None

    @property
    def known(self) -> str:
        """Its package URL, else its id."""
        return (word(self.identifiers.purl) if self.identifiers else None) or word(self.id) or ""


class _Product(_Component):
    subcomponents: list[_Component] | None = None


class _Statement(Shape, kw_only=True):
    vulnerability: _Vulnerability | str
    products: list[_Product | str] | None = None
    subcomponents: list[str] | None = None
    status: str
    notes: object = field(default=None, name="status_notes")
    justification: object = None
    impact: object = field(default=None, name="impact_statement")
    action: object = field(default=None, name="action_statement")


class OpenVex:
    """See the module."""

    name = "openvex"

    def recognises(self, document: Document) -> bool:
        """By the context that it names."""
        return any(_is_document(fields) for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is None or not _is_document(fields):
                yield Unusable(pointer, "no document of OpenVEX")
                continue
            items = sequence(fields.get("statements"))
            if items is None and fields.get("statements") is not None:
                yield Unusable(f"{pointer}/statements", "the results are no array")
            elif not items:
                yield Remark("the document says nothing")
            for number, item in enumerate(items or ()):
                place = f"{pointer}/statements/{number}"
                read = shaped(_Statement, item, place)
                yield (
                    read
                    if isinstance(read, Unusable)
                    else _of_statement(read, text(fields.get("author")), place, hints)
                )


def _is_document(fields: Mapping[str, object]) -> bool:
    given = fields.get("@context")
    return any(text(context).startswith(_CONTEXT) for context in sequence(given) or (given,))


def _in_order(names: list[str]) -> tuple[str, ...]:
    """The words among them, each once, in an order that does not depend on the document's."""
    return some(sorted(set(names)) if len(names) > 1 else names)


def _of_statement(read: _Statement, author: str, pointer: str, hints: Hints) -> Item:
    if read.status == "not_affected":
        return Suppressed(pointer)
    about = read.vulnerability
    given = _Vulnerability(name=about) if isinstance(about, str) else about
    names = some((given.name, *(given.aliases or ()))) or some((given.id,))
    if not names:
        return Unusable(pointer, "a statement without a vulnerability")
    products = [_Product(id=p) if isinstance(p, str) else p for p in read.products or ()]
    parts = [c.known for p in products for c in p.subcomponents or ()] + (read.subcomponents or [])
    whole, inner = _in_order([p.known for p in products]), _in_order(parts)
    urls = [name for name in (*inner, *whole) if name.startswith("pkg:")]
    known = known_as(names[0], names[1:])
    said = (text(given.description), text(read.notes), text(read.impact), text(read.action))
    return Draft(
        pointer=pointer,
        tool="openvex",
        # A statement that takes the place of another one, with another status, is about the same.
        identity=(names[0], *(f"product {name}" for name in whole), *(f"part {name}" for name in inner)),
        unique=False,
        what=known,
        severity=unknown("openvex"),
        status=_STATUSES.get(read.status, FindingStatus.UNKNOWN),
        rule_id=names[0],
        rule_name=known,
        title=f"{names[0]} in {whole[0] if whole else 'a product'}",
        description="\n\n".join([s for s in said if s]),
        aliases=names,
        locations=tuple([Spot(logical=name) for name in (*whole, *inner)[:_PLACES]]),
        repository=hints.repository,
        package=Package(purl=urls[0]) if urls else None,
        labels=labelled(author=author, status=read.status, justification=text(read.justification)),
    )
