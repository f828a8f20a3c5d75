"""Reports of real scanners: as many results as somebody else has counted, and no secret of them in a finding."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.reports.findings import findings
from fixgate.reports.registry import ADAPTERS
from fixgate.reports.report import Report, read
from tests.reports.making import KEY, ORIGIN, encoded

REFUSED: Final = {"_malformed/sarif_truncated.sarif": "cut off"}
NOBODYS: Final = {"gitleaks/dd__no_findings.json", "ocsf/dd__no_vuln.ocsf.json"}
"""An empty list says nothing of who wrote it."""


@pytest.fixture(scope="module")
def entries(fixgate_corpus: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The files of formats that are read, with what is known of them."""
    known = json.loads((fixgate_corpus / "manifest.json").read_bytes())["files"]
    return [(fixgate_corpus / e["file"], e) for e in known if e["format"] in ADAPTERS]


def test_every_file_is_recognised_and_counted(entries: list[tuple[Path, dict[str, Any]]]) -> None:
    """Findings, suppressed, passed, repeated and rejected add up to the results."""
    assert entries
    for path, entry in entries:
        if entry["file"] in REFUSED:
            with pytest.raises(Poison, match=REFUSED[entry["file"]]):
                read(path.read_bytes())
            continue
        report = read(path.read_bytes())
        assert report.format == ("none" if entry["file"] in NOBODYS else entry["format"]), entry["file"]
        assert report.results == entry["independent"]["raw"], entry["file"]
        assert read(path.read_bytes(), hints_of(entry["format"])) == (
            report if report.format != "none" else NAMED(entry)
        )


def hints_of(name: str) -> Any:
    """The format by its name."""
    from fixgate.reports.adapter import Hints  # noqa: PLC0415 - one use

    return Hints(format=name)


def NAMED(entry: dict[str, Any]) -> Report:  # noqa: N802 - reads as a constant
    """A clean report of a named format."""
    from fixgate.reports.report import Scan  # noqa: PLC0415 - one use

    return Report(format=entry["format"], scan=Scan.CLEAN)


def test_no_secret_of_a_real_report_is_in_a_finding(entries: list[tuple[Path, dict[str, Any]]]) -> None:
    """Every secret that an adapter knows of, in every finding of its report."""
    for path, entry in entries:
        if entry["file"] in REFUSED:
            continue
        report = read(path.read_bytes())
        secrets = {t.draft.secret.value for t in report.findings if t.draft.secret}
        identities = {t.draft.affected.id for t in report.findings if t.draft.affected}
        for finding in findings(report, KEY, ORIGIN):
            held = encoded(finding)
            assert not [s for s in secrets - identities if len(s) >= 4 and s.encode() in held], entry["file"]


def test_results_of_real_reports_are_told_apart(entries: list[tuple[Path, dict[str, Any]]]) -> None:
    """Unless the tool itself says that one is an update of the other."""
    for path, entry in entries:
        if entry["file"] in REFUSED or entry["format"] == "guardduty":
            continue
        made = findings(read(path.read_bytes()), KEY, ORIGIN)
        assert len({f.finding_id for f in made}) == len(made), entry["file"]
