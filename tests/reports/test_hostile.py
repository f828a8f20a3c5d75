"""Whatever stands in a report: it is refused, or every result of it is counted, and what comes out can be encoded."""

import copy
import json
from typing import Any, Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Poison, Reason
from fixgate.reports.findings import findings
from fixgate.reports.report import Report, read
from tests.reports.making import (
    KEY,
    ORIGIN,
    asff,
    encoded,
    event,
    guardduty,
    leak,
    ocsf,
    old_leak,
    pascal,
    result,
    sarif,
)

STRANGE: Final[list[Any]] = [
    "\x00", "\ud800", "\u202e", "", " ", "../" * 40, "a" * 40_000, "\r\n", "%00", "file://[x", "https://[", "AKIA",
    1 << 70, -1, 1e308, True, None, [], {}, [[]], {"": ""}, ["\udfff"], {"text": 7},
]  # fmt: skip
JSON: Final[st.SearchStrategy[Any]] = st.recursive(
    st.sampled_from(STRANGE) | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
GOOD: Final[list[Any]] = [
    [leak("s3cr" + "et" * 9), leak("other-" + "s3cret")],
    [old_leak("s3cr" + "et" * 9)],
    sarif(
        [
            result(
                rule={"id": "r1", "index": 0, "toolComponent": {"index": 0}},
                ruleIndex=0,
                suppressions=[],
                properties={},
            )
        ],
        rules=[{"id": "r1", "messageStrings": {"a": {"text": "{0}"}}, "properties": {"tags": ["t"]}}],
        versionControlProvenance=[{"repositoryUri": "https://git.test/a"}],
        originalUriBaseIds={"A": {"uri": "file:///a/", "uriBaseId": "B"}, "B": {"uri": "x", "uriBaseId": "A"}},
        artifacts=[{"location": {"uri": "a.py"}}],
        invocations=[{"executionSuccessful": True}],
    ),
    [asff(Vulnerabilities=[{"Id": "CVE-1", "VulnerablePackages": [{"Name": "a", "Version": "1"}]}])],
    event("aws.guardduty", "GuardDuty Finding", guardduty()),
    {"Findings": [pascal(guardduty())]},
    [ocsf(vulnerabilities=[{"cve": {"uid": "CVE-1"}, "affected_packages": [{"name": "a"}]}])],
]


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path to everything in a value."""
    found = [path]
    if isinstance(value, dict):
        inner = cast("dict[str, object]", value)
        for name, item in inner.items():
            found += places(item, (*path, name))
    elif isinstance(value, list):
        items = cast("list[object]", value)
        for number, item in enumerate(items):
            found += places(item, (*path, number))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good report with strange things put into it."""
    value = json.loads(json.dumps(draw(st.sampled_from(GOOD))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)))
        if not path:
            continue
        at = value
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = copy.deepcopy(draw(JSON))
    return value


def check(data: bytes) -> None:
    """Refused for a reason that is no defect, or counted and encodable."""
    report, reason = attempt(data)
    assert reason in {None, Reason.INVALID, Reason.OVERSIZED}
    for finding in findings(report, KEY, ORIGIN) if report else ():
        assert len(encoded(finding)) < 900 * 1024


def attempt(data: bytes) -> tuple[Report | None, Reason | None]:
    """The report, or why there is none."""
    try:
        return read(data), None
    except Poison as fault:
        return None, fault.reason


@settings(max_examples=500)
@given(mutated())
def test_a_strange_value_anywhere_breaks_nothing(value: Any) -> None:
    """Types, control characters, huge numbers, broken Unicode and addresses."""
    check(json.dumps(value).encode())


@settings(max_examples=200)
@given(st.sampled_from(GOOD), st.integers(0, 3000), st.binary(max_size=3))
def test_strange_bytes_anywhere_break_nothing(value: Any, at: int, bad: bytes) -> None:
    """Cut off, or with other bytes in the middle."""
    data = json.dumps(value).encode()
    check(data[:at])
    check(data[:at] + bad + data[at + len(bad) :])


@given(JSON)
def test_any_json_is_refused_or_counted(value: Any) -> None:
    """Of no format at all."""
    check(json.dumps(value).encode())


def test_a_result_of_the_largest_texts_fits_into_a_message() -> None:
    """Everything is cut."""
    huge = "\N{GRINNING FACE}" * 30_000
    many = [result("r", f"{n}/{huge}", message={"text": huge})["locations"][0] for n in range(300)]
    check(json.dumps(sarif([result("r", message={"text": huge}, locations=many)])).encode())
    check(json.dumps([leak(huge[:999], Match=huge, Description=huge, File=huge, Author=huge, Tags=[huge])]).encode())
