"""Semgrep: the command line's results and its errors, the Platform's pages, secrets and dependencies."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import KEY_ID, encoded, found, one, report

REPOSITORY: Final = "https://git.test/acme/shop"


def hit(rule: str = "python.lang.security.shell", path: str = "src/run.py", line: int = 4, /, **extra: Any) -> Any:
    """A result, of somebody who is logged in to nothing unless it is said otherwise."""
    made: dict[str, Any] = {
        "message": "A shell runs what comes from outside.",
        "metadata": {"cwe": ["CWE-78: OS Command Injection"], "confidence": "HIGH", "references": ["https://x.test/1"]},
        "severity": "ERROR",
        "fingerprint": "requires login",
        "lines": f"subprocess.call(text, shell=True)  # {rule}",
        "validation_state": "NO_VALIDATOR",
        "engine_kind": "OSS",
    }
    start, end = {"line": line, "col": 1, "offset": 80}, {"line": line, "col": 53, "offset": 132}
    return {"check_id": rule, "path": path, "start": start, "end": end, "extra": {**made, **extra}}


def scan(results: Sequence[object] | None, **changes: Any) -> dict[str, Any]:
    """What the command line prints."""
    made: dict[str, Any] = {"version": "1.90.0", "results": results, "errors": [], "paths": {"scanned": ["src/run.py"]}}
    return {**made, **changes}


def dependency() -> Any:
    """A result of Supply Chain."""
    place = {"package": "left-pad", "version": "1.1.0", "ecosystem": "npm", "transitivity": "direct"}
    metadata = {"sca-vuln-database-identifier": "CVE-2026-1234", "sca-fix-versions": [{"left-pad": "1.3.0"}]}
    supply = {"reachable": False, "dependency_match": {"found_dependency": place, "lockfile": "package-lock.json"}}
    return hit("ssc-1", "package-lock.json", 9, metadata=metadata, sca_info=supply, severity="HIGH")


SAMPLE: Final = scan(
    [
        hit(),
        hit("python.lang.security.eval", severity="WARNING"),
        hit("python.lang.security.shell", "src/other.py"),
        dependency(),
        hit("generic.secrets.security.detected-aws-access-key-id", "run.sh", lines=f"KEY={KEY_ID}"),
    ]
)


# -- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        {**hit(), "check_id": 7},
        {**hit(), "path": None},
        {**hit(), "start": {"line": "4"}},
        {**hit(), "extra": []},
        hit(severity=3),
        hit(is_ignored="yes"),
        None,
        [],
    ],
)
def test_a_result_of_wrong_types_is_rejected_alone(bad: object) -> None:
    """Its neighbours are findings."""
    read = report(scan([hit(), bad, hit("another")]))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/results/1"])


@pytest.mark.parametrize(
    "value",
    [
        {"results": [], "tool": "another"},
        {"results": [], "errors": [], "metrics": {"_totals": {}}},
        {"results": [{"check_id": "x"}], "errors": []},
        {"findings": [{"id": 1}]},
        {"vulns": [{"title": "x"}]},
    ],
)
def test_what_only_has_results_is_refused(value: object) -> None:
    """Others have results, findings and vulnerabilities too."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="semgrep")


# -- what a scan says of itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"results": [], "errors": []}, scan([])])
def test_nothing_found_is_clean(value: object) -> None:
    """Old versions write nothing but two empty arrays."""
    read = report(value)
    assert (read.format, read.scan, read.results, read.warnings) == ("semgrep", Scan.CLEAN, 0, ())


def test_results_that_are_not_there_are_a_failed_scan() -> None:
    """It is not a clean one."""
    assert report({"results": None, "errors": []}).scan is Scan.FAILED


def test_errors_are_partial_unless_no_file_was_scanned() -> None:
    """A scan of nothing without an error is a warning."""
    error = {"code": 3, "level": "error", "type": "Syntax error", "message": "x", "path": "src/new.py"}
    partial = report(scan([hit()], errors=[error, {**error, "level": "warn"}]))
    assert (partial.scan, partial.warnings) == (
        Scan.FINDINGS,
        ("semgrep tells of 2 errors: something was not scanned",),
    )
    assert report(scan([], errors=[error], paths={"scanned": []})).scan is Scan.FAILED
    nothing = report(scan([], paths={"scanned": []}))
    assert (nothing.scan, nothing.warnings) == (Scan.CLEAN, ("semgrep scanned no file",))
    assert report(scan([], skipped_rules=["x"])).warnings == ("semgrep left rules out",)


def test_what_a_comment_silences_is_suppressed() -> None:
    """Only when it says so itself."""
    read = report(scan([hit(is_ignored=True), hit(is_ignored=False)]))
    assert (read.suppressed, len(read.findings)) == (1, 1)


# -- results -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("ERROR", Severity.HIGH),
        ("WARNING", Severity.MEDIUM),
        ("INFO", Severity.LOW),
        ("CRITICAL", Severity.CRITICAL),
        ("HIGH", Severity.HIGH),
        ("MEDIUM", Severity.MEDIUM),
        ("LOW", Severity.LOW),
        ("INVENTORY", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_old_and_new_words_of_severity_are_read(word: str | None, severity: Severity) -> None:
    """A word that is no severity is unknown."""
    rating = one(scan([hit(severity=word)])).severity
    assert (rating.normalised, rating.reported) == (severity, word)


@pytest.mark.parametrize("weakness", ["CWE-78: OS Command Injection", ["CWE-78: OS Command Injection"]])
def test_weaknesses_are_one_text_or_several(weakness: object) -> None:
    """Without their names."""
    assert one(scan([hit(metadata={"cwe": weakness})])).aliases == ("CWE-78",)


def test_what_one_must_log_in_for_is_not_taken_for_code() -> None:
    """Nor for a fingerprint, which all results would share."""
    hidden = [hit(lines="requires login", message=f"Shell {name}") for name in ("a", "b")]
    made = found(scan(hidden))
    assert len({f.fingerprint for f in made}) == 2
    assert {f.locations[0].snippet for f in made} == {None}


def test_a_fingerprint_of_its_own_is_used_where_its_path_is_the_repositorys() -> None:
    """It is made of the path: of a folder of this machine it would be another on the next."""
    own = [hit(fingerprint="ab12_0", lines=code) for code in ("a()", "b()")]
    assert len({one(scan([h])).fingerprint for h in own}) == 1
    below = [{**hit(fingerprint=f, lines="a()"), "path": f"/home/{f}/a/b/c.py"} for f in ("ab12_0", "cd34_0")]
    assert len({one(scan([h])).fingerprint for h in below}) == 1


def test_a_leaked_key_of_aws_is_named_and_its_line_is_not_kept() -> None:
    """The secret of a rule about secrets stands in the code."""
    rule = "generic.secrets.security.detected-aws-access-key-id-value"
    secret = "wJal" + "r" * 36
    finding = one(scan([hit(rule, "run.sh", lines=f"{KEY_ID} {secret}")]))
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert finding.secret is not None
    assert (finding.secret.kind, finding.locations[0].snippet) == ("aws_access_key", None)
    assert secret.encode() not in encoded(finding)


def test_what_a_rule_about_secrets_says_is_not_kept() -> None:
    """It may have the secret filled in, and its fingerprint is a hash of it."""
    leaked = "hunter" + "2" * 20
    rule = "python.security.hardcoded-password"
    made = [hit(rule, message=f"This is a password: {leaked}", fingerprint=f"{n}_0") for n in ("ab12", "cd34")]
    first, second = (one(scan([m])) for m in made)
    assert leaked.encode() not in encoded(first)
    assert (first.title, first.fingerprint) == ("hardcoded-password", second.fingerprint)
    paged = [one({"findings": [page(rule_name=rule, rule_message=leaked, match_based_id=m)]}) for m in ("a_0", "b_0")]
    assert leaked.encode() not in encoded(paged[0])
    assert paged[0].fingerprint == paged[1].fingerprint


def test_a_secret_in_history_is_told_apart_by_its_commit() -> None:
    """The file may have it no more."""
    past = {"historical_info": {"git_commit": "ab" * 20, "git_commit_timestamp": "2026-01-02T03:04:05Z"}}
    finding = one(scan([hit("secrets.x", **past, validation_state="CONFIRMED_VALID")]))
    assert (finding.commit, finding.labels["validation"]) == ("ab" * 20, "CONFIRMED_VALID")
    assert finding.fingerprint != one(scan([hit("secrets.x")])).fingerprint


def test_an_action_that_is_not_pinned_is_one_of_a_workflow() -> None:
    """So that the template for it is reached."""
    rule = "yaml.github-actions.security.third-party-action-not-pinned-to-commit-sha"
    value = scan([hit(rule, ".github/workflows/ci.yml", lines="      - uses: acme/build@v1")])
    finding = one(value, repository=REPOSITORY)
    assert finding.resource == Resource(kind="git.workflow", id=f"{REPOSITORY}#.github/workflows/ci.yml")
    assert finding.labels["uses"] == "acme/build@v1"


def test_a_dependency_is_a_package() -> None:
    """With the version that mends it."""
    finding = one(scan([dependency()]))
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:npm/left-pad@1.1.0", ("1.3.0",))
    assert (finding.aliases, finding.labels["reachable"]) == (("CVE-2026-1234",), "false")


# -- the Platform --------------------------------------------------------------------------------------------------


def page(**changes: Any) -> Any:
    """One of `findings`."""
    made: dict[str, Any] = {
        "id": 42,
        "ref": "refs/heads/main",
        "repository": {"name": "acme/shop", "url": f"{REPOSITORY}"},
        "match_based_id": "ab12_0",
        "syntactic_id": "cd34",
        "state": "unresolved",
        "triage_state": "untriaged",
        "status": "open",
        "severity": "high",
        "confidence": "medium",
        "rule_name": "python.lang.security.shell",
        "rule_message": "A shell runs what comes from outside.",
        "location": {"file_path": "src/run.py", "line": 4, "column": 1, "end_line": 5, "end_column": 2},
        "rule": {"name": "python.lang.security.shell", "cwe_names": ["CWE-78: OS Command Injection"]},
        "line_of_code_url": f"{REPOSITORY}/blob/main/src/run.py#L4",
        "created_at": "2026-01-02T03:04:05.678Z",
    }
    return {**made, **changes}


def vulnerable(**changes: Any) -> Any:
    """One of `vulns`."""
    made: dict[str, Any] = {
        "title": "Assertion in a library",
        "advisory": {
            "ruleId": "ssc-1",
            "description": "It can be reached.",
            "ecosystem": "pypi",
            "severity": "HIGH",
            "references": {"cveIds": ["CVE-2026-1234"], "cweIds": ["CWE-617: Reachable Assertion"], "urls": []},
        },
        "exposureType": "REACHABLE",
        "repositoryId": "7",
        "repositoryName": "acme/shop",
        "matchedDependency": {"name": "library", "versionSpecifier": "1.4.0"},
        "dependencyFileLocation": {"path": "requirements.txt", "startLine": "12", "url": "https://x.test/2"},
        "triage": {"status": "NEW"},
        "closestSafeDependency": {"name": "library", "versionSpecifier": "1.5.0"},
        "openedAt": "2026-01-02T03:04:05Z",
    }
    return {**made, **changes}


def test_a_finding_of_the_platform_knows_its_repository() -> None:
    """The sender's word goes first."""
    finding = one({"findings": [page()]})
    assert (finding.format, finding.repository, finding.severity.normalised) == ("semgrep", REPOSITORY, Severity.HIGH)
    assert (finding.aliases, finding.confidence, finding.locations[0].end_line) == (("CWE-78",), "medium", 5)
    assert one({"findings": [page()]}, repository="https://git.test/fork").repository == "https://git.test/fork"


@pytest.mark.parametrize(
    ("changes", "suppressed", "status"),
    [
        ({"triage_state": "ignored"}, 1, None),
        ({"state": "muted"}, 1, None),
        ({"status": "ignored"}, 1, None),
        ({"state": "fixed"}, 0, FindingStatus.RESOLVED),
        ({"triage_state": "reviewing"}, 0, FindingStatus.OPEN),
    ],
)
def test_what_became_of_a_finding_is_read(changes: Any, suppressed: int, status: FindingStatus | None) -> None:
    """What was triaged away is suppressed, what is gone is resolved."""
    read = report({"findings": [page(**changes)]})
    assert read.suppressed == suppressed
    assert [told.draft.status for told in read.findings] == ([] if status is None else [status])


def test_a_dependency_of_the_platform_is_a_package() -> None:
    """In both of its pages."""
    place = {"package": "library", "version": "1.4.0", "ecosystem": "pypi", "lockfile_line_url": "https://x.test/2"}
    fixes = [{"package": "library", "version": "1.5.0"}, {"package": "another", "version": "2"}]
    new = one({"findings": [page(found_dependency=place, fix_recommendations=fixes)]})
    old = one({"vulns": [vulnerable()]})
    assert new.package == old.package
    assert new.package is not None
    assert (new.package.purl, new.package.fixed_versions) == ("pkg:pypi/library@1.4.0", ("1.5.0",))
    assert (old.locations[0].start_line, old.aliases) == (12, ("CVE-2026-1234", "CWE-617"))


def test_vulnerabilities_of_two_repositories_are_two() -> None:
    """And one that was dismissed is suppressed."""
    read = report({"vulns": [vulnerable(), vulnerable(repositoryId="8"), vulnerable(triage={"status": "IGNORED"})]})
    assert (len({told.fingerprint for told in read.findings}), read.suppressed) == (2, 1)


@pytest.mark.parametrize("line", ["0", "x", "9" * 40, "", None, "²"])
def test_a_line_that_is_no_number_is_none(line: object) -> None:
    """The Platform writes numbers as texts."""
    place = {"path": "requirements.txt", "startLine": line}
    assert one({"vulns": [vulnerable(dependencyFileLocation=place)]}).locations[0].start_line is None
