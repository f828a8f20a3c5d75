"""gosec: its issues, what is silenced, and what it says of its scan."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from tests.reports.making import encoded, found, one, report

SECRET: Final = "hunter" + "2" * 20


def issue(rule: str = "G204", file: str = "cmd/run.go", line: str = "12", /, **changes: Any) -> dict[str, Any]:
    """An issue."""
    made: dict[str, Any] = {
        "severity": "MEDIUM",
        "confidence": "HIGH",
        "cwe": {"id": "78", "url": "https://cwe.test/78"},
        "rule_id": rule,
        "details": "Subprocess launched with variable",
        "file": file,
        "code": f"{line}: \tcmd := exec.Command(name) // {rule}\n",
        "line": line,
        "column": "9",
        "nosec": False,
        "suppressions": None,
    }
    return {**made, **changes}


def scan(issues: Sequence[object] | None, files: int = 3, errors: object = None, **changes: Any) -> dict[str, Any]:
    """A report."""
    stats = {"files": files, "lines": 100, "nosec": 0, "found": len(issues or ())}
    return {"Golang errors": errors or {}, "Issues": issues, "Stats": stats, "GosecVersion": "2.22.0", **changes}


SAMPLE: Final = scan([issue(), issue("G304"), issue("G204", "cmd/other.go"), issue("G101", "cmd/key.go")])


@pytest.mark.parametrize(
    "changes", [{"rule_id": 7}, {"rule_id": ""}, {"file": None}, {"line": [1]}, {"nosec": "no"}, {"severity": 3}]
)
def test_an_issue_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report(scan([issue(), issue(**changes), issue("G401")]))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/Issues/1"])


@pytest.mark.parametrize("value", [{"Issues": []}, {"Issues": [], "Stats": {}}, {"Stats": {"files": 1, "found": 0}}])
def test_issues_without_counts_are_refused(value: object) -> None:
    """Others have issues too."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="gosec")


def test_what_a_comment_silences_is_suppressed() -> None:
    """It is in the report only when it was asked for."""
    silenced = [issue(nosec=True), issue(suppressions=[{"kind": "inSource", "justification": "ours"}])]
    read = report(scan([*silenced, issue(suppressions=[])]))
    assert (read.suppressed, len(read.findings)) == (2, 1)


def test_a_clean_a_partial_and_a_failed_scan_are_three_things() -> None:
    """And so is one of no file, which is a warning."""
    assert (report(scan(None)).scan, report(scan([])).warnings) == (Scan.CLEAN, ())
    errors: dict[str, Any] = {"cmd/new.go": [{"line": 1, "column": 1, "error": "expected declaration"}]}
    partial = report(scan([issue()], errors=errors))
    assert (partial.scan, partial.warnings) == (Scan.FINDINGS, ("1 files could not be scanned",))
    assert report(scan([], 0, errors=errors)).scan is Scan.FAILED
    assert (report(scan([], 0)).scan, report(scan([], 0)).warnings) == (Scan.CLEAN, ("gosec scanned no file",))
    assert report(scan(None, Stats={"files": 3, "lines": 9, "nosec": 0, "found": 2})).scan is Scan.FAILED
    assert report(scan([issue()], Stats={"files": 3, "found": 2})).warnings == (
        "the report says that gosec found more than it lists",
    )


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("LOW", Severity.LOW),
        ("MEDIUM", Severity.MEDIUM),
        ("HIGH", Severity.HIGH),
        ("UNDEFINED", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_severity_is_its_word(word: str | None, severity: Severity) -> None:
    """What is undefined is unknown."""
    assert one(scan([issue(severity=word)])).severity.normalised is severity


def test_a_credential_in_code_is_not_kept() -> None:
    """The rule for them shows the line."""
    finding = one(scan([issue("G101", code=f'12: const password = "{SECRET}"\n')]))
    assert SECRET.encode() not in encoded(finding)
    assert finding.locations[0].snippet is None


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("12", (12, 12)),
        (12, (12, 12)),
        ("12-14", (12, 14)),
        ("14-12", (None, None)),
        ("999999998-999999999", (999_999_998, 999_999_999)),
        ("999999998-9999999990", (None, None)),
        ("1" * 5_000, (None, None)),
        ("x", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_line_is_a_number_or_two(line: object, lines: tuple[int | None, int | None]) -> None:
    """Anything else is none."""
    place = one(scan([issue(line=line)])).locations[0]
    assert (place.start_line, place.end_line) == lines


def test_the_code_is_what_the_issue_is_about() -> None:
    """Not the lines around it, and no numbers of lines."""
    around = issue("G204", "a.go", "12-13", code="11: before()\n12: exec.Command(\n13: \tname)\n14: after()\n")
    finding = one(scan([around]))
    assert finding.locations[0].snippet == "exec.Command(\n\tname)"
    moved = issue("G204", "a.go", "22-23", code="21: else()\n22: exec.Command(\n23: \tname)\n24: after()\n")
    assert one(scan([moved])).fingerprint == finding.fingerprint
    assert len({f.fingerprint for f in found(SAMPLE)}) == 4


def test_version_1_has_neither_weaknesses_nor_columns_nor_silence() -> None:
    """It is read all the same."""
    old = issue()
    for name in ("cwe", "column", "nosec", "suppressions"):
        del old[name]
    assert one(scan([old])).aliases == ()
