"""kube-bench: checks of the CIS benchmarks on the nodes of a cluster."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Remark, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, Word, first_objects, labelled, mapping, results, said, sequence, shaped, text
from fixgate.reports.severity import unknown

LISTS: Final = ("Controls",)
_OPEN: Final = "FAIL"
_LEFT_ALONE: Final = "INFO"
"""What kube-bench says of a check that its configuration skips; `WARN` is one that a person has to make."""


class _Check(Shape):
    number: Word = field(name="test_number")
    status: str
    title: object = field(default=None, name="test_desc")
    remediation: object = None
    scored: object = None
    type: object = None


class KubeBench:
    """See the module."""

    name = "kube-bench"

    def recognises(self, document: Document) -> bool:
        """By controls of a kind of node, in groups of checks."""
        return any(_are_controls(fields) for fields in first_objects(document, *LISTS))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        for pointer, value in results(document, *LISTS):
            fields = mapping(value)
            if fields is None or not _are_controls(fields):
                yield Unusable(pointer, "it is no list of checks")
                continue
            tried = False
            for number, group in enumerate(sequence(fields["tests"]) or ()):
                for place, check in _checks(group, f"{pointer}/tests/{number}"):
                    tried = True
                    yield _item(check, place, fields)
            if not tried:
                yield Remark("kube-bench has made no check of a kind of node")


def _are_controls(fields: Mapping[str, object]) -> bool:
    return {"node_type", "tests", "text"} <= fields.keys() and sequence(fields["tests"]) is not None


def _checks(group: object, pointer: str) -> Iterator[tuple[str, object]]:
    for number, check in enumerate(sequence((mapping(group) or {}).get("results")) or ()):
        yield f"{pointer}/results/{number}", check


def _item(check: object, pointer: str, controls: Mapping[str, object]) -> Item:
    read = shaped(_Check, check, pointer)
    if isinstance(read, Unusable):
        return read
    status = read.status.strip().upper()
    if status == "PASS":
        return Passed(pointer)
    if status == _LEFT_ALONE:
        return Suppressed(pointer)
    node = said(controls.get("node_type"))
    title = text(read.title) or read.number
    return Draft(
        pointer=pointer,
        tool="kube-bench",
        identity=(node or "", read.number),
        unique=False,
        what=read.number,
        severity=unknown("kube-bench"),
        status=FindingStatus.OPEN if status == _OPEN else FindingStatus.UNKNOWN,
        rule_id=read.number,
        rule_name=read.number,
        title=title,
        description=text(read.remediation),
        labels=labelled(
            node_type=node,
            benchmark=said(controls.get("version")),
            scored="true" if read.scored is True else "false" if read.scored is False else None,
            type=said(read.type),
        ),
    )
