"""GitHub's alerts: three kinds, four ways in which they come, and one name for each."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import KEY_ID, data, found, one, report
from tests.reports.making_github import AWS, LEAKED, REPOSITORY, code, dependency, graph, node, secret, webhook

SAMPLE: Final = [
    code(),
    code(8, rule={"id": "js/xss", "severity": "warning", "description": "Cross-site scripting"}, state="fixed"),
    secret(),
    secret(KEY_ID, 4) | AWS,
    dependency(),
    code(9, state="dismissed", dismissed_reason="won't fix"),
]


@pytest.mark.parametrize(
    "other",
    [
        {"alert": {"number": 1}, "action": "created"},
        {"number": 1, "state": "open", "title": "an issue, no alert"},
        {"message": "Not Found", "documentation_url": "https://docs.github.com/rest/issues/issues"},
        {"data": {"repository": {"issues": {"nodes": []}}}},
    ],
)
def test_what_else_github_says_is_no_alert(other: object) -> None:
    """An issue, another webhook, another refusal."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (code(rule=7), "/rule"),
        (code(state=["open"]), "/state"),
        (secret(secret=["x"]), "/secret"),
        (dependency(security_vulnerability="high"), "/security_vulnerability"),
    ],
)
def test_a_field_of_another_type_rejects_that_alert_alone(broken: Mapping[str, Any], named: str) -> None:
    """The others become findings; the field is named."""
    read = report([broken, code(1), secret(LEAKED, 2)])
    assert len(read.findings) == 2
    (rejected,) = read.rejected
    assert rejected.pointer == "/0"
    assert named in rejected.why


def test_a_dependency_that_is_none_is_rejected() -> None:
    """An alert about no package says nothing."""
    read = report([{"number": 1, "security_advisory": {"ghsa_id": "GHSA-x"}}, dependency()])
    assert (len(read.findings), len(read.rejected)) == (1, 1)


def test_a_request_that_github_refused_is_no_clean_report() -> None:
    """The answer that says so is a failed scan."""
    refused = {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest/code-scanning/code-scanning",
        "status": "404",
    }
    assert report(refused).scan is Scan.FAILED
    assert report(graph() | {"data": {"repository": {"vulnerabilityAlerts": None}}}).scan is Scan.FAILED


@pytest.mark.parametrize("given", [{"labels": ["security"], "enabled": True}, {}, None])
def test_settings_of_another_tool_are_no_answer(given: object) -> None:
    """Renovate has some of that name."""
    with pytest.raises(Poison, match="no format that is known"):
        report({"extends": ["config:base"], "vulnerabilityAlerts": given})


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        ({"vulnerabilityAlerts": {"nodes": [node()]}}, 1),
        (code(), 1),
        ([code(), code(8)], 2),
        ([[code()], [code(8)]], 2),
        (webhook("created", code()), 1),
        (graph(node(), node("lodash")), 2),
        ({"data": {"search": {"nodes": [{"name": "shop", "vulnerabilityAlerts": {"edges": [{"node": node()}]}}]}}}, 1),
        (graph(), 0),
        (webhook("create", {"id": 9, "affected_range": "< 2", "affected_package_name": "ini", "fixed_in": "2"}), 1),
    ],
)
def test_alerts_come_in_lists_webhooks_and_answers(value: object, findings: int) -> None:
    """Each is counted once."""
    read = report(value)
    assert (read.format, len(read.findings), read.results) == ("github-alerts", findings, findings)


def test_webhooks_come_one_a_line() -> None:
    """As a collector writes them."""
    read = read_bytes(data(webhook("created", code())) + b"\n" + data(webhook("created", secret())))
    assert (read.format, len(read.findings)) == ("github-alerts", 2)


def test_an_alert_has_one_name_however_it_comes() -> None:
    """REST, webhook and GraphQL tell the same alert; another repository's of that number is another."""
    bare = {key: value for key, value in dependency().items() if key != "html_url"}
    rest, hook, answer = (
        report(value).findings[0].fingerprint
        for value in (dependency(), webhook("reopened", bare), graph(node(number=20)))
    )
    assert rest == hook == answer
    elsewhere = dependency(html_url="https://github.com/acme/other/security/dependabot/20", url=None)
    assert report(elsewhere).findings[0].fingerprint != rest


def test_a_number_may_be_a_text() -> None:
    """Some tools write it so."""
    assert report(code() | {"number": "7"}).findings[0].fingerprint == report(code()).findings[0].fingerprint


def test_an_alert_keeps_its_name_when_its_place_moves() -> None:
    """Lines, severity and times are no part of it."""
    moved = code(most_recent_instance={"location": {"path": "src/b.py", "start_line": 90}}, updated_at="2026-05-05")
    assert report(moved).findings[0].fingerprint == report(code()).findings[0].fingerprint


@pytest.mark.parametrize(
    ("alert", "status"),
    [
        (code(state="fixed"), FindingStatus.RESOLVED),
        (code(state="closed"), FindingStatus.RESOLVED),
        (code(state="paused"), FindingStatus.UNKNOWN),
        (code(state=None), FindingStatus.UNKNOWN),
        (secret(state="resolved", resolution="revoked"), FindingStatus.RESOLVED),
        (webhook("resolve", {"affected_range": "<2", "affected_package_name": "ini"}), FindingStatus.RESOLVED),
        (webhook("revoked", secret(state=None, resolution="revoked")), FindingStatus.RESOLVED),
        (webhook("reopened", secret(state=None)), FindingStatus.OPEN),
    ],
)
def test_what_became_of_an_alert(alert: object, status: FindingStatus) -> None:
    """A state that is not known is treated as open."""
    assert one(alert).status is status


@pytest.mark.parametrize(
    "alert",
    [
        code(state="dismissed"),
        dependency(state="auto_dismissed"),
        secret(state="resolved", resolution="false_positive"),
        secret(state="resolved", resolution="wont_fix"),
        webhook("dismiss", {"affected_range": "<2", "affected_package_name": "ini"}),
        graph(node(state=None, dismissedAt="2026-01-02T03:04:05Z")),
    ],
)
def test_what_somebody_dismissed_is_suppressed(alert: object) -> None:
    """It is counted, and no finding."""
    read = report(alert)
    assert (read.suppressed, len(read.findings)) == (1, 0)


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ({"id": "r", "severity": "error", "security_severity_level": "critical"}, Severity.CRITICAL),
        ({"id": "r", "severity": "error", "security_severity_level": None}, Severity.HIGH),
        ({"id": "r", "severity": "warning", "security_severity_level": "None"}, Severity.MEDIUM),
        ({"id": "r", "severity": "none"}, Severity.INFORMATIONAL),
        ({"id": "r", "severity": "None"}, Severity.UNKNOWN),
        ({"id": "r", "severity": None}, Severity.UNKNOWN),
        ({"id": "r", "severity": "loud"}, Severity.UNKNOWN),
    ],
)
def test_the_severity_of_a_rule(rule: Mapping[str, Any], severity: Severity) -> None:
    """The security severity goes before the level; a null in quotes is none."""
    assert one(code(rule=rule)).severity.normalised is severity


def test_the_severity_of_an_advisory() -> None:
    """The vulnerability's own word, with the base score; a secret has none."""
    rating = one(dependency()).severity
    assert (rating.normalised, rating.reported, rating.score) == (Severity.MEDIUM, "medium", 5.3)
    assert one(graph(node())).severity.normalised is Severity.MEDIUM
    assert one(secret()).severity.normalised is Severity.UNKNOWN


def test_nulls_in_quotes_are_nulls() -> None:
    """Some write the word."""
    quoted = code(fixed_at="None", dismissed_by="None", dismissed_reason="None", tool={"name": "None"})
    finding = one(quoted)
    assert finding.status is FindingStatus.OPEN
    assert "scanner" not in finding.labels


def test_a_secret_in_plain_text_leaves_a_mark_alone() -> None:
    """Its places, validity and who let it pass are told."""
    finding = one(secret())
    assert finding.secret is not None
    assert LEAKED not in repr(finding)
    assert finding.problem_key == f"secret:{finding.secret.hash}"
    assert (finding.locations[0].path, finding.locations[0].start_line) == ("deploy/settings.py", 3)
    assert finding.labels["validity"] == "active"
    assert finding.labels["bypassed_by"] == "ada"


def test_a_secret_has_all_the_places_that_are_told() -> None:
    """Also those that are in no file."""
    places = [
        {"type": "commit", "details": {"path": "a.env", "start_line": 1.0}},
        {"type": "issue_body", "details": {"issue_body_url": "https://api.github.com/repos/acme/shop/issues/9"}},
    ]
    finding = one(secret(locations=places, first_location_detected=None))
    assert [place.path for place in finding.locations] == ["a.env", None]
    assert finding.locations[0].start_line == 1
    assert "issues/9" in (finding.locations[1].logical or "")
    hook = one(webhook("created", secret(first_location_detected=None), location=places[0]))
    assert hook.locations[0].path == "a.env"


def test_a_leaked_key_of_aws_is_named_by_its_id() -> None:
    """As in every format."""
    finding = one(secret(KEY_ID) | AWS)
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("aws.iam.access_key", KEY_ID)
    assert finding.identity is not None


def test_a_hidden_secret_has_no_mark() -> None:
    """Webhooks do not show it, and the list hides it when asked to."""
    bare = {key: value for key, value in secret().items() if key != "secret"}
    assert one(webhook("created", bare)).secret is None
    assert one(secret("REDACTED")).secret is None


def test_what_a_message_quotes_is_not_kept_where_it_may_be_a_secret() -> None:
    """By the rule's name or description; another rule's quotes say what is wrong."""
    said = {"message": {"text": f'The hard-coded value "{LEAKED}" is used as password.'}}
    hidden = one(code(rule={"id": "js/hardcoded-credentials", "severity": "error"}, most_recent_instance=said))
    assert LEAKED not in repr(hidden)
    assert '"…"' in hidden.description
    assert LEAKED in one(code(most_recent_instance=said)).description


def test_a_package_has_its_url_and_its_mending() -> None:
    """The version where the manifest says exactly which."""
    finding = one(dependency())
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:npm/semver", ("7.5.2",))
    assert "CVE-2022-25883" in finding.aliases
    assert finding.resource is not None
    assert finding.resource.id == f"{REPOSITORY}#web/package-lock.json"
    exact = one(graph(node()))
    assert exact.package is not None
    assert exact.package.purl == "pkg:npm/semver@7.5.1"


def test_a_workflow_and_its_action_are_named() -> None:
    """So that a template can pin it."""
    place = {"location": {"path": ".github/workflows/ci.yml", "start_line": 9}}
    text = {"text": "Unpinned 3rd party Action 'acme/build@v2' in a workflow."}
    finding = one(code(most_recent_instance={**place, "message": text}, rule={"id": "actions/unpinned-tag"}))
    assert finding.resource is not None
    assert finding.resource.kind == "git.workflow"
    assert finding.labels["uses"] == "acme/build@v2"


@pytest.mark.parametrize(
    ("changes", "repository"),
    [
        ({}, REPOSITORY),
        ({"html_url": None}, REPOSITORY),
        ({"html_url": "https://git.test/acme/shop/security/code-scanning/7"}, "https://git.test/acme/shop"),
        (
            {"html_url": None, "url": "https://git.test/api/v3/repos/acme/shop/code-scanning/alerts/7"},
            "https://git.test/acme/shop",
        ),
        ({"html_url": "http://[", "url": None}, None),
    ],
)
def test_the_repository_follows_from_the_alerts_address(changes: Mapping[str, Any], repository: str | None) -> None:
    """Also on a server of one's own; the sender's word goes first."""
    assert one(code(**changes)).repository == repository
    assert one(code(**changes), repository="https://git.test/fork").repository == "https://git.test/fork"


def test_a_list_that_goes_on_is_told() -> None:
    """A page is not all."""
    read = report(graph(node(), pageInfo={"hasNextPage": True}) | {"errors": [{"type": "FORBIDDEN"}]})
    assert any("further pages" in warning for warning in read.warnings)
    assert any("a part of it failed" in warning for warning in read.warnings)
    assert found(graph(node()))
