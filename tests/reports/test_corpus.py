"""Reports of real scanners: as many results as somebody else has counted, and no secret of them in a finding."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from fixgate.errors import Poison
from fixgate.reports import spans
from fixgate.reports.adapter import Hints
from fixgate.reports.findings import findings
from fixgate.reports.registry import ADAPTERS
from fixgate.reports.report import Report, Scan, read
from tests.reports.making import KEY, ORIGIN, encoded

REFUSED: Final[Mapping[str, str]] = {
    "_malformed/sarif_truncated.sarif": "cut off",
    "github-alerts/dd__github_secrets_detection_report_invalid.json": "no format that is known",  # it is `{}`
    "wiz/dd__one_finding.csv": "a table of Wiz",
}
"""What is refused as a whole, and the words that say why."""
NOBODYS: Final[Mapping[str, Scan]] = {
    "github-alerts/dd__github_sast_zero_vul.json": Scan.CLEAN,
    "gitleaks/dd__no_findings.json": Scan.CLEAN,
    "inspector2/dd__aws_inspector2_zero_vul.json": Scan.CLEAN,
    "nuclei/dd__empty.jsonl": Scan.EMPTY,
    "ocsf/dd__no_vuln.ocsf.json": Scan.CLEAN,
    "prowler/dd__no_vuln.json": Scan.CLEAN,
    "trivy/dd__legacy_no_vuln.json": Scan.CLEAN,
}
"""An empty list, and nothing at all, say nothing of who wrote it."""
DIFFERENT: Final[Mapping[str, tuple[int, str]]] = {
    "kube-bench/dd__kube-bench-report-zero-vuln.json": (23, "checks that passed are results too; raw counts FAIL"),
    "kubescape/dd__with_a_failure.json": (18, "controls that passed are results too; raw counts those that failed"),
}
"""Files of which another number is right than the one that was counted, with the reason."""
UPDATES: Final = {"guardduty/panther__panther_aws_guardduty_low_sev_findings.ndjson"}
"""Files that have one finding twice, as GuardDuty itself says: it came again."""
LONG: Final = 1_000
"""Bytes of an array that is walked in the test of it."""
Known = tuple[Path, Mapping[str, Any]]


@pytest.fixture(scope="module")
def entries(fixgate_corpus: Path) -> list[Known]:
    """All files, with what is known of them."""
    known = json.loads((fixgate_corpus / "manifest.json").read_bytes())["files"]
    return [(fixgate_corpus / entry["file"], entry) for entry in known]


@pytest.fixture(scope="module")
def reports(entries: list[Known]) -> Mapping[str, tuple[bytes, Report]]:
    """Those that are read, by their file."""
    given = {entry["file"]: path.read_bytes() for path, entry in entries if entry["file"] not in REFUSED}
    return {file: (data, read(data)) for file, data in given.items()}


def test_what_is_not_read_is_refused_with_the_reason(entries: list[Known]) -> None:
    """By its name where it has one; and every format that is not read is among them."""
    for path, entry in entries:
        if entry["file"] in REFUSED:
            with pytest.raises(Poison, match=REFUSED[entry["file"]]):
                read(path.read_bytes())
        else:
            assert entry["format"] in ADAPTERS, entry["file"]


def test_every_file_is_of_its_format(entries: list[Known], reports: Mapping[str, tuple[bytes, Report]]) -> None:
    """By its content; and by its name the same."""
    formats = {entry["file"]: entry["format"] for _, entry in entries}
    for file, (data, report) in reports.items():
        if file in NOBODYS:
            assert (report.format, report.scan, report.results) == ("none", NOBODYS[file], 0), file
            named = read(data, Hints(format=formats[file]))
            assert (named.format, named.scan, named.results) == (formats[file], NOBODYS[file], 0), file
        else:
            assert report.format == formats[file], file
            assert read(data, Hints(format=formats[file])) == report, file


def test_every_result_is_counted(entries: list[Known], reports: Mapping[str, tuple[bytes, Report]]) -> None:
    """They are as many as somebody else has counted, or the table says why not."""
    raw = {entry["file"]: entry["independent"]["raw"] for _, entry in entries}
    ours = {file: report.results for file, (_, report) in reports.items()}
    assert {file: number for file, number in ours.items() if number != raw[file]} == {
        file: number for file, (number, _) in DIFFERENT.items()
    }


def test_a_file_that_is_walked_says_the_same(reports: Mapping[str, tuple[bytes, Report]]) -> None:
    """As if it were long: not held in memory."""
    with patch.object(spans, "LONG", LONG):
        for file, (data, report) in reports.items():
            # What is too long to be held has more than one line, if it is of lines.
            walked = read(data.rstrip() if data.count(b"\n") == 1 else data, eager=0)
            assert replace(walked, findings=tuple(walked.findings)) == report, file


def test_no_secret_of_a_real_report_is_in_a_finding(reports: Mapping[str, tuple[bytes, Report]]) -> None:
    """Every secret that an adapter knows of, in every finding of its report."""
    for file, (_, report) in reports.items():
        identities = {told.draft.affected.id for told in report.findings if told.draft.affected}
        for finding in findings(report, KEY, ORIGIN):
            held = encoded(finding)
            shown = [s for s in report.secrets - identities if len(s) >= 4 and s.encode() in held]
            assert not shown, file


def test_results_of_real_reports_are_told_apart(reports: Mapping[str, tuple[bytes, Report]]) -> None:
    """Unless the tool itself says that one is an update of the other."""
    for file, (_, report) in reports.items():
        made = findings(report, KEY, ORIGIN)
        assert len({finding.finding_id for finding in made}) == len(made) or file in UPDATES, file
