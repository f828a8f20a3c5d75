"""kube-bench: checks of the CIS benchmarks on the nodes of a cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Remark, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
    first_objects,
    inside,
    labelled,
    mapping,
    results,
    said,
    sequence,
    shaped,
    text,
)
from fixgate.reports.severity import unknown
from fixgate.reports.unread import total, unlisted

LISTS: Final = ("Controls",)
_SEVERITY: Final = unknown("kube-bench")
_OPEN: Final = "FAIL"
_COUNTS: Final = ("total_pass", "total_fail", "total_warn", "total_info")
_LEFT_ALONE: Final = "INFO"
"""What kube-bench says of a check that its configuration skips; `WARN` is one that a person has to make."""


class _Check(Shape):
    number: Word = field(name="test_number")
    status: str
    title: object = field(default=None, name="test_desc")
    remediation: object = None
    scored: object = None
    type: object = None


@dataclass(frozen=True, slots=True)
class _Node:
    """What holds for all checks of a kind of node."""

    kind: str
    labels: Mapping[str, str]


class KubeBench:
    """See the module."""

    name = "kube-bench"

    def recognises(self, document: Document) -> bool:
        """By controls of a kind of node, in groups of checks."""
        return any(_are_controls(fields) for fields in first_objects(document, *LISTS))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        listed = 0
        for pointer, value in results(document, *LISTS):
            fields = mapping(value)
            if fields is None or not _are_controls(fields):
                yield Unusable(pointer, "it is no list of checks")
                continue
            tried, node = 0, _node(fields)
            for number, group in enumerate(sequence(fields["tests"]) or ()):
                for place, check in _checks(group, f"{pointer}/tests/{number}"):
                    tried += 1
                    yield _item(check, place, node)
            if not tried:
                yield Remark("kube-bench has made no check of a kind of node")
            yield from unlisted(total(fields, *_COUNTS), tried, "kube-bench")
            listed += tried
        stated = sum(total(inside(value, "Totals"), *_COUNTS) for _, value in document.values)
        yield from unlisted(stated, listed, "kube-bench")


def _are_controls(fields: Mapping[str, object]) -> bool:
    return {"node_type", "tests", "text"} <= fields.keys() and sequence(fields["tests"]) is not None


def _node(controls: Mapping[str, object]) -> _Node:
    kind = said(controls.get("node_type"))
    return _Node(kind or "", labelled(node_type=kind, benchmark=said(controls.get("version"))))


def _checks(group: object, pointer: str) -> Iterator[tuple[str, object]]:
    for number, check in enumerate(sequence((mapping(group) or {}).get("results")) or ()):
        yield f"{pointer}/results/{number}", check


def _item(check: object, pointer: str, node: _Node) -> Item:
    read = shaped(_Check, check, pointer)
    if isinstance(read, Unusable):
        return read
    status = read.status.strip().upper()
    if status == "PASS":
        return Passed(pointer)
    if status == _LEFT_ALONE:
        return Suppressed(pointer)
    return _draft(read, status, pointer, node)


def _draft(read: _Check, status: str, pointer: str, node: _Node) -> Draft:
    labels = dict(node.labels)
    if isinstance(read.scored, bool):
        labels["scored"] = "true" if read.scored else "false"
    if (kind := said(read.type)) is not None:
        labels["type"] = kind
    return Draft(
        pointer=pointer,
        tool="kube-bench",
        identity=(node.kind, read.number),
        unique=False,
        what=read.number,
        severity=_SEVERITY,
        status=FindingStatus.OPEN if status == _OPEN else FindingStatus.UNKNOWN,
        rule_id=read.number,
        rule_name=read.number,
        title=text(read.title) or read.number,
        description=text(read.remediation),
        labels=labels,
    )
