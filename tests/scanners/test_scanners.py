"""Real scanners over a project with many faults: what they print is read, and goes through to assessments.

`make scanners` installs them and asks for this; without `FIXGATE_TEST_SCANNERS` it is skipped.
"""

from pathlib import Path
from typing import Final

import pytest

from fixgate.changes.catalogue import CATALOGUE
from fixgate.events import Assessment, AssessmentStatus, FindingStatus
from fixgate.local.account.acme import LEAKED
from fixgate.reports.adapter import Hints
from fixgate.reports.findings import findings
from fixgate.reports.report import Scan, read
from tests.local.account.world import World
from tests.reports.making import KEY, ORIGIN, encoded
from tests.scanners.conftest import Scans
from tests.scanners.pipeline import sent
from tests.scanners.programs import FOLDER, SCANNERS, SETTING, Scanner
from tests.scanners.project import ACTION, KEY_ID, SECRETS, WORKFLOW, files, written

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason=f"make scanners asks for it: {SETTING} names no folder of scanners"),
    pytest.mark.timeout(600),
]
ADDRESS: Final = "https://git.example.test/acme/shop"
SILENT: Final = frozenset({"gitleaks/json", "zizmor/json", "pip-audit/cyclonedx"})
"""An empty array, and a list of packages without a word of vulnerabilities."""
PIN: Final = "git-pin-github-action"
SWITCH_OFF: Final = "aws-iam-deactivate-access-key"


def only(*names: str) -> pytest.MarkDecorator:
    """These scanners' forms; without names all."""
    chosen = [scanner for scanner in SCANNERS if not names or scanner.id in names]
    assert len(chosen) == (len(names) or len(SCANNERS))
    return pytest.mark.parametrize("scanner", chosen, ids=[scanner.id for scanner in chosen])


def format_of(scanner: Scanner) -> str:
    """What ingest calls the report; JSON is the scanner's own format."""
    return scanner.name if scanner.form == "json" else scanner.form


def one_of(assessments: list[Assessment], kind: str) -> Assessment:
    """The first assessment of a kind; the test fails when there is none."""
    found = [a for a in assessments if a.kind == kind]
    assert found, [a.kind for a in assessments]
    return found[0]


@only()
def test_the_report_is_known_by_its_content_and_the_count_is_the_scanners_own(scanner: Scanner, scans: Scans) -> None:
    """Nothing of it is unusable, and there is nothing to warn of."""
    printed = scans(scanner)
    report = read(printed.report)
    assert (report.format, report.scan) == (format_of(scanner), Scan.FINDINGS)
    assert (report.rejected, report.warnings) == ((), ())
    assert report.results == scanner.counted(printed) > 0


@only()
def test_nothing_found_is_a_clean_scan(scanner: Scanner, scans: Scans) -> None:
    """Where the report tells nothing of who looked, or whether anybody did, that is said."""
    report = read(scans(scanner, "clean").report)
    assert (report.scan, report.results - report.passed, len(report.warnings)) == (Scan.CLEAN, 0, scanner.id in SILENT)
    assert report.format == ("none" if report.warnings and scanner.form == "json" else format_of(scanner))


@only("checkov/json", "semgrep/sarif")
def test_what_somebody_ignores_is_counted_as_suppressed(scanner: Scanner, scans: Scans) -> None:
    """And it is one finding less."""
    before, after = (read(scans(scanner, project).report) for project in ("shop", "ignored"))
    assert (before.suppressed, after.suppressed) == (0, 1)
    assert len(after.findings) == len(before.findings) - 1


@only()
def test_no_secret_is_in_any_finding(scanner: Scanner, scans: Scans) -> None:
    """Whether the scanner masks it or not."""
    data = scans(scanner).report
    assert any(secret.encode() in data for secret in SECRETS) == scanner.shows
    for finding in findings(read(data), KEY, ORIGIN):
        assert not [number for number, secret in enumerate(SECRETS) if secret.encode() in encoded(finding)]


@only()
def test_moved_lines_in_another_folder_give_the_same_fingerprints(scanner: Scanner, scans: Scans) -> None:
    """The lines of the findings that have any are others."""
    before, after = (
        findings(read(scans(scanner, project).report, Hints(repository=ADDRESS)), KEY, ORIGIN)
        for project in ("shop", "moved")
    )
    assert sorted(f.fingerprint for f in before) == sorted(f.fingerprint for f in after)
    assert len({f.fingerprint for f in before}) == len(before)
    places = [{(p.path, p.start_line) for f in found for p in f.locations if p.start_line} for found in (before, after)]
    assert places[0].isdisjoint(places[1])
    assert bool(places[0]) == (scanner.name != "pip-audit")


@only()
def test_every_finding_becomes_an_assessment(scanner: Scanner, scans: Scans, tmp_path: Path) -> None:
    """One for each problem; no dead letters, and no secret in what is written on the way."""
    came = sent(scans(scanner).report, tmp_path)
    assert came.findings
    assert {f.status for f in came.findings} == {FindingStatus.OPEN}
    assert {a.problem_key for a in came.assessments} == {f.problem_key for f in came.findings}
    assert not [number for number, secret in enumerate(SECRETS) if secret.encode() in came.written]


@only("zizmor/json", "zizmor/sarif", "semgrep/json", "semgrep/sarif")
def test_an_unpinned_action_reaches_its_template(scanner: Scanner, scans: Scans, tmp_path: Path) -> None:
    """The workflow is read in its repository, the action's tag at the mirrors, and pinning it is on offer."""
    made = one_of(sent(scans(scanner).report, tmp_path).assessments, "unpinned_action")
    said = {fact.name: fact.value for fact in made.evidence}
    assert (made.asset_type, made.status) == ("workflow", AssessmentStatus.OPEN)
    assert "unpinned-action" in made.rules
    assert made.target.id.endswith(f"#{WORKFLOW}")
    assert (said["action"], said["action_ref"]) == (ACTION, "v2")
    assert said["action_commit"]
    assert [offer.template_id for offer in CATALOGUE.offers(made).applicable] == [PIN]


@only("checkov/json", "checkov/sarif")
def test_a_public_bucket_is_known_as_one(scanner: Scanner, scans: Scans, tmp_path: Path) -> None:
    """By the code that names it; nobody lets us look, so that is insufficient."""
    made = one_of(sent(scans(scanner).report, tmp_path).assessments, "public_bucket")
    assert (made.status, made.target.id) == (AssessmentStatus.INSUFFICIENT, "arn:aws:s3:::acme-shop-assets")


@only("gitleaks/json", "gitleaks/sarif")
def test_a_leaked_key_that_nobody_may_look_at_is_insufficient(scanner: Scanner, scans: Scans, tmp_path: Path) -> None:
    """Its id names it; the token beside it is known by its hash alone."""
    came = sent(scans(scanner).report, tmp_path)
    keys = [a for a in came.assessments if a.target.id == KEY_ID]
    assert [k.status for k in keys] == [AssessmentStatus.INSUFFICIENT]
    assert {"aws_access_key", "github_token"} <= {a.secret.kind for a in came.assessments if a.secret}


@only("gitleaks/json", "gitleaks/sarif")
def test_a_leaked_key_of_an_account_reaches_its_template(
    scanner: Scanner, account: World, vulnerabilities: str, tmp_path: Path
) -> None:
    """Its user is found by the id that leaked, and switching it off is on offer."""
    key_id = account.key(LEAKED)["key"]
    project = written(tmp_path / "shop", files(key_id))
    scanner.run(project, tmp_path / "out", vulnerabilities)
    made = one_of(
        sent((tmp_path / "out" / scanner.file).read_bytes(), tmp_path / "sent", account).assessments,
        "leaked_access_key",
    )
    assert (made.asset_type, made.status) == ("access_key", AssessmentStatus.OPEN)
    assert made.target.id.endswith(f":user/{LEAKED}#{key_id}")
    assert [offer.template_id for offer in CATALOGUE.offers(made).applicable] == [SWITCH_OFF]
