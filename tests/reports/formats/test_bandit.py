"""bandit: its issues, the passwords that stand in its texts, and what it says of its scan."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from tests.reports.making import encoded, found, one, report

PASSWORD: Final = "hunter" + "2" * 20


def issue(test: str = "B602", file: str = "./src/run.py", line: int = 4, /, **changes: Any) -> dict[str, Any]:
    """An issue, as `--number 1` shows it."""
    made: dict[str, Any] = {
        "code": f"{line} subprocess.call(text, shell=True)  # {test}\n",
        "col_offset": 0,
        "end_col_offset": 31,
        "filename": file,
        "issue_confidence": "HIGH",
        "issue_cwe": {"id": 78, "link": "https://cwe.test/78"},
        "issue_severity": "HIGH",
        "issue_text": "subprocess call with shell=True identified, security issue.",
        "line_number": line,
        "line_range": [line],
        "more_info": "https://bandit.test/b602.html",
        "test_id": test,
        "test_name": "subprocess_popen_with_shell_equals_true",
    }
    return {**made, **changes}


def scan(results: Sequence[object], loc: int = 40, **changes: Any) -> dict[str, Any]:
    """A report."""
    totals = {"CONFIDENCE.HIGH": 1, "SEVERITY.HIGH": 1, "loc": loc, "nosec": 0, "skipped_tests": 0}
    made: dict[str, Any] = {"errors": [], "generated_at": "2026-01-02T03:04:05Z", "metrics": {"_totals": totals}}
    return {**made, "results": results, **changes}


def password(text: str = PASSWORD, **changes: Any) -> dict[str, Any]:
    """An issue about a password."""
    said = f"Possible hardcoded password: '{text}'"
    return issue(
        "B105", code=f'4 password = "{text}"\n', issue_text=said, test_name="hardcoded_password_string", **changes
    )


SAMPLE: Final = scan(
    [issue(), issue("B404", line_number=1), password(filename="./src/db.py"), issue("B602", "./src/other.py")]
)


@pytest.mark.parametrize(
    "changes", [{"test_id": 7}, {"test_id": ""}, {"filename": None}, {"line_range": "4"}, {"issue_severity": 3}]
)
def test_an_issue_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report(scan([issue(), issue(**changes), issue("B101")]))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/results/1"])


@pytest.mark.parametrize(
    "value", [{"results": [], "tool": "x"}, {"results": {}, "metrics": {"_totals": {}}}, {"metrics": {}}]
)
def test_what_has_no_results_beside_totals_is_refused(value: Any) -> None:
    """Others have results too."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="bandit")


def test_a_clean_a_partial_and_a_failed_scan_are_three_things() -> None:
    """And so is one of no code at all, which is a warning."""
    assert (report(scan([])).scan, report(scan([])).warnings) == (Scan.CLEAN, ())
    errors = [{"filename": "./src/new.py", "reason": "syntax error while parsing AST from file"}]
    partial = report(scan([issue()], errors=errors))
    assert (partial.scan, partial.warnings) == (Scan.FINDINGS, ("1 files could not be scanned",))
    assert report(scan([], 0, errors=errors)).scan is Scan.FAILED
    assert (report(scan([], 0)).scan, report(scan([], 0)).warnings) == (Scan.CLEAN, ("bandit scanned no line of code",))


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
    assert one(scan([issue(issue_severity=word)])).severity.normalised is severity


def test_a_password_is_a_secret_wherever_it_stands() -> None:
    """The text and the code are it: neither is kept."""
    finding = one(scan([password()]))
    assert finding.secret is not None
    assert finding.secret.kind == "hardcoded_password_string"
    assert PASSWORD.encode() not in encoded(finding)
    assert (finding.title, finding.locations[0].snippet) == ("Possible hardcoded password", None)
    other = one(scan([password("correct-" + "horse")]))
    assert other.fingerprint == finding.fingerprint


def test_the_code_is_what_the_issue_is_about() -> None:
    """Not the lines around it, and no numbers of lines."""
    around = issue(code="3 before()\n4 subprocess.call(a,\n5     shell=True)\n6 after()\n", line_range=[4, 5])
    finding = one(scan([around]))
    assert finding.locations[0].snippet == "subprocess.call(a,\n    shell=True)"
    assert (finding.locations[0].start_line, finding.locations[0].end_line) == (4, 5)
    moved = issue(code="8 else()\n9 subprocess.call(a,\n10     shell=True)\n", line_number=9, line_range=[9, 10])
    assert one(scan([moved])).fingerprint == finding.fingerprint
    assert (finding.aliases, finding.confidence) == (("CWE-78",), "HIGH")


def test_the_same_code_twice_is_told_apart_by_order() -> None:
    """Another test, file or code needs no order."""
    made = found(
        scan([issue(), issue("B602", "./src/run.py", 9, code="9 subprocess.call(text, shell=True)  # B602\n")])
    )
    assert len({f.fingerprint for f in made}) == 2


def test_versions_without_weaknesses_and_columns_are_read() -> None:
    """They are those before 1.7.3."""
    old = issue()
    for name in ("issue_cwe", "col_offset", "end_col_offset"):
        del old[name]
    assert one(scan([old])).aliases == ()
