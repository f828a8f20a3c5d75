"""The format for everybody else: the sender says where in each result our fields stand.

One object with `results`; or several values, of which the first is that object without them. `docs/formats/generic.md`
has the names and an example.
"""

from collections.abc import Iterator

from fixgate.errors import Poison, Reason
from fixgate.reports.adapter import Failed, Hints, Item
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import mapping, sequence, shaped
from fixgate.reports.formats.generic_header import MARK, Header, header
from fixgate.reports.formats.generic_result import item
from fixgate.reports.formats.generic_shapes import Result


class Generic:
    """See the module."""

    name = "generic"

    def recognises(self, document: Document) -> bool:
        """By the mark that no other format has."""
        return _is_header(next((value for _, value in document.values), None))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`; raises Poison when the mapping is no mapping."""
        head: Header | None = None
        for pointer, value in document.values:
            if _is_header(value):
                head = header(value)
                if not head.complete:
                    yield Failed("the report says that the scan did not come to its end")
                yield from _listed(pointer, value, head, hints, alone=len(document.values) == 1)
            elif head is not None:
                yield _read(value, pointer, head, hints)
            else:
                yield Unusable(pointer, "no line before it says what it means")


def _listed(pointer: str, value: object, head: Header, hints: Hints, *, alone: bool) -> Iterator[Item]:
    fields = mapping(value) or {}
    results = sequence(fields.get("results"))
    if results is None and (alone or "results" in fields):
        raise Poison(
            Reason.INVALID, 'the report has no array "results"; one in which nothing was found has an empty one'
        )
    for number, result in enumerate(results or ()):
        yield _read(result, f"{pointer}/results/{number}", head, hints)


def _read(value: object, pointer: str, head: Header, hints: Hints) -> Item:
    fields = mapping(value)
    read = shaped(Result, value if fields is None else head.fields(fields), pointer)
    return read if isinstance(read, Unusable) else item(read, pointer, head, hints)


def _is_header(value: object) -> bool:
    mark = (mapping(value) or {}).get("fixgate")
    return isinstance(mark, str) and mark.startswith(MARK)
