"""SARIF of any tool: levels and their defaults, suppressions, failed scans, places, repositories."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from tests.reports.making import KEY_ID, encoded, found, one, report, result, sarif

REPOSITORY = "https://git.test/acme/shop.git"
PROVENANCE = [{"repositoryUri": REPOSITORY, "revisionId": "8c1f0d2"}]
WORKFLOW = ".github/workflows/ci.yml"
SAMPLE: Final = sarif(
    [
        result(ruleIndex=0, level="error"),
        result("r2", "src/b.py", 40, partialFingerprints={"primaryLocationLineHash": "ab12:1"}),
        result("unpinned-uses", WORKFLOW, 7, rule={"id": "unpinned-uses", "index": 1}),
    ],
    rules=[{"id": "r1", "properties": {"security-severity": "7.5", "tags": ["CWE-79"]}}, {"id": "unpinned-uses"}],
    versionControlProvenance=PROVENANCE,
    invocations=[{"executionSuccessful": True}],
)


@pytest.mark.parametrize(
    "bad", [{"version": "2.0.0", "runs": []}, {"version": "2.1.0", "runs": {}}, {"version": "2.1.0", "runs": [7]}]
)
def test_what_is_no_log_of_this_version_is_refused(bad: object) -> None:
    """As a whole: its results cannot be counted."""
    with pytest.raises(Poison):
        report(bad)


@pytest.mark.parametrize(
    ("value", "scan", "warned"),
    [
        (sarif([]), Scan.CLEAN, False),
        (sarif(None), Scan.FAILED, True),
        ({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}}]}, Scan.CLEAN, True),
        ({"version": "2.1.0", "runs": []}, Scan.CLEAN, True),
        (sarif([], invocations=[{"executionSuccessful": False}]), Scan.FAILED, True),
        (
            sarif([], invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error"}]}]),
            Scan.CLEAN,
            True,
        ),
        (sarif([result()], invocations=[{"executionSuccessful": False}]), Scan.FAILED, True),
    ],
)
def test_clean_and_failed_are_two_things(value: object, scan: Scan, *, warned: bool) -> None:
    """No results of a scan that failed, or that looked at nothing, mean nothing."""
    read = report(value)
    assert (read.scan, bool(read.warnings)) == (scan, warned)


@pytest.mark.parametrize(
    ("changes", "rule", "expected"),
    [
        ({"level": "error"}, {}, Severity.HIGH),
        ({"level": "note"}, {}, Severity.LOW),
        ({"level": "odd"}, {}, Severity.UNKNOWN),
        ({}, {"defaultConfiguration": {"level": "error"}}, Severity.HIGH),
        ({}, {}, Severity.MEDIUM),
        ({"kind": "review"}, {}, Severity.UNKNOWN),
        ({"level": "note"}, {"properties": {"security-severity": "9.8"}}, Severity.CRITICAL),
        ({"properties": {"security-severity": 5.0}}, {"properties": {"security-severity": "9.8"}}, Severity.MEDIUM),
        ({}, {"properties": {"security-severity": "11"}}, Severity.UNKNOWN),
        ({"level": "note"}, {"properties": {"security-severity": "high"}}, Severity.LOW),
    ],
)
def test_severity(changes: dict[str, Any], rule: dict[str, Any], expected: Severity) -> None:
    """The number of the result, then of the rule, then a level, then the rule's, then the standard's default."""
    assert one(sarif([result(**changes)], rules=[{"id": "r1", **rule}])).severity.normalised is expected


def test_suppressed_and_passed_results_are_counted_apart() -> None:
    """A suppression that was not accepted is none, nor is one of a status that SARIF does not know."""
    results = [
        result(suppressions=[{"kind": "inSource"}]),
        result("r2", suppressions=[{"kind": "external", "status": "accepted"}]),
        result("r3", suppressions=[{"kind": "external", "status": "underReview"}]),
        result("r4", suppressions=[{"kind": "inSource"}, {"kind": "external", "status": "rejected"}]),
        result("r5", kind="pass"),
        result("r6", kind="notApplicable"),
        result("r7", suppressions=[{"kind": "external", "status": "Rejected"}]),
        result("r8", suppressions=[{"kind": "external", "status": ""}]),
    ]
    read = report(sarif(results))
    assert (read.suppressed, read.passed, [t.draft.rule_id for t in read.findings]) == (2, 2, ["r3", "r4", "r7", "r8"])


def test_a_result_that_is_gone_is_resolved() -> None:
    """The baseline says so."""
    assert one(sarif([result(baselineState="absent")])).status is FindingStatus.RESOLVED


def test_one_result_in_several_places_is_one_finding() -> None:
    """With all its places."""
    places = [*result()["locations"], *result("r1", "src/b.py", 9)["locations"]]
    finding = one(sarif([result(locations=places)]))
    assert [(p.path, p.start_line) for p in finding.locations] == [("src/a.py", 3), ("src/b.py", 9)]


def test_a_message_is_made_from_the_rules_text_and_arguments() -> None:
    """Placeholders are filled in (3.11.5)."""
    rule = {"id": "r1", "messageStrings": {"default": {"text": "{0} is used before {1}."}}}
    made = result(message={"id": "default", "arguments": ["x", "y"]})
    assert one(sarif([made], rules=[rule])).description == "x is used before y."


def test_an_action_that_is_not_pinned_is_about_its_workflow() -> None:
    """By the repository that the log names."""
    made = result("zizmor/unpinned-uses", WORKFLOW, 7)
    made["locations"][0]["physicalLocation"]["region"]["snippet"]["text"] = "uses: actions/checkout@v4"
    finding = one(sarif([made], tool="zizmor", versionControlProvenance=PROVENANCE))
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("git.workflow", f"{REPOSITORY}#{WORKFLOW}")
    assert (finding.repository, finding.commit) == (REPOSITORY, "8c1f0d2")
    assert finding.labels["uses"] == "actions/checkout@v4"
    assert finding.problem_key == f"resource:git.workflow:{REPOSITORY}#{WORKFLOW}:zizmor/unpinned-uses"


def test_without_a_repository_no_workflow_is_named() -> None:
    """The sender may name it; nobody else's word is taken."""
    made = sarif([result("unpinned-uses", WORKFLOW)])
    assert one(made).resource is None
    named = one(made, repository=REPOSITORY).resource
    assert named is not None
    assert named.id == f"{REPOSITORY}#{WORKFLOW}"


@pytest.mark.parametrize("path", [f"x/{WORKFLOW}", ".github/workflows/a/b.yml", ".github/workflows/ci.txt"])
def test_what_only_looks_like_a_workflow_is_a_file(path: str) -> None:
    """Nothing is changed in it."""
    resource = one(sarif([result("unpinned-uses", path)]), repository=REPOSITORY).resource
    assert resource is not None
    assert resource.kind == "git.file"


@pytest.mark.parametrize(
    "address",
    ["https://user:" + "word" * 3 + "@git.test/a", "https://to" + "ken@git.test/a", "https://git.test/a?k=v#x"],
)
def test_an_address_loses_what_may_be_secret(address: str) -> None:
    """User, password, query, fragment."""
    made = sarif([result()], versionControlProvenance=[{"repositoryUri": address}])
    assert one(made).repository == "https://git.test/a"


def test_gitleaks_through_sarif_marks_its_secrets_too() -> None:
    """Its snippet is the secret."""
    made = result("aws-access-token", "deploy.sh")
    made["locations"][0]["physicalLocation"]["region"]["snippet"]["text"] = KEY_ID
    finding = one(sarif([made], tool="gitleaks"))
    assert finding.secret is not None
    assert finding.identity is not None
    assert (finding.secret.kind, finding.identity.id) == ("aws_access_key", KEY_ID)


def test_the_snippet_of_another_secret_scanner_is_not_kept() -> None:
    """Nothing says which part of it is the secret."""
    made = result("hardcoded-password")
    assert one(sarif([made])).locations[0].snippet is None
    tagged = sarif([result()], rules=[{"id": "r1", "properties": {"tags": ["CWE-798"]}}])
    assert one(tagged).locations[0].snippet is None


def test_a_message_that_may_quote_a_secret_is_not_kept() -> None:
    """No shape gives such a secret away; the rule's own words stay."""
    told = {"message": {"text": "The password 'correct horse' is hard-coded."}}
    rules: list[dict[str, Any]] = [
        {"id": "S1", "name": "HardCodedPassword"},
        {"id": "S2-secret", "shortDescription": {"text": "A password"}},
    ]
    first, second = found(sarif([result("S1", **told), result("S2-secret", "b.py", **told)], rules=rules))
    assert (first.title, second.title) == ("HardCodedPassword", "A password")
    assert not first.description + second.description
    assert b"correct horse" not in encoded(first) + encoded(second)
