"""Falco: what an alert is about, and what Falco says of itself, which is none."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import ACCOUNT, data, one, report


def alert(rule: str = "Terminal shell in container", /, *, fields: Any = None, **changes: Any) -> dict[str, Any]:
    """An alert about a pod."""
    own: dict[str, Any] = {
        "container.id": "ee97d9c4186f",
        "container.image.repository": "registry.test/shop",
        "evt.time": 1685022245478445995,
        "k8s.ns.name": "shop",
        "k8s.pod.name": "web-0",
        "proc.cmdline": "sh -c id",
        "proc.name": "sh",
        "proc.tty": 34816,
        "user.loginuid": -1,
        "user.name": "root",
    }
    made: dict[str, Any] = {
        "hostname": "node-1",
        "output": "13:44:05.478445995: Notice A shell was spawned in a container",
        "priority": "Notice",
        "rule": rule,
        "source": "syscall",
        "tags": ["container", "shell"],
        "time": "2026-01-02T03:04:05.478445995Z",
        "output_fields": {**own, **(fields or {})},
    }
    return {**made, **changes}


def audit(**fields: Any) -> dict[str, Any]:
    """An alert of the plugin that reads the cluster's audit log."""
    own = {
        "ka.target.name": "web-0",
        "ka.target.namespace": "shop",
        "ka.target.resource": "pods",
        "ka.target.subresource": "exec",
        "ka.uri.param[command]": "sh",
        "ka.user.name": "ada",
        "ka.verb": "create",
    }
    made = alert("Attach/Exec Pod", source="k8s_audit")
    return {**made, "output_fields": {**own, **fields}}


def lines(*values: object) -> bytes:
    """One a line."""
    return b"\n".join(data(value) for value in values)


@pytest.mark.parametrize(
    ("output", "fields"),
    [
        ("run (user=root command=mysql -pMary-had-1 parent=sh)", {"proc.cmdline": "mysql -pMary-had-1"}),
        ("run mysql -pMary-had-1 by sh -c 'mysql -pMary-had-1'", {"proc.args": "-pMary-had-1"}),
        ("write Mary-had-1 to a file", {"evt.buffer": "Mary-had-1"}),
        ("exec (user=ada command=sh -c Mary-had-1)", {"ka.uri.param[command]": "sh -c Mary-had-1"}),
        ("run | user=root cmdline=curl -u ada:Mary-had-1 x pcmdline=sh Mary-had-1 name=web", {}),
        ("run (pcmdline=sh\nMary-had-1 gparent=init args=Mary-had-1)", {}),
        ("env=Mary-had-1", {"proc.env": 5}),
    ],
)
def test_no_command_line_is_kept(output: str, fields: dict[str, Any]) -> None:
    """People type passwords in them, and Falco's rules print them."""
    finding = one(alert(output=output, fields=fields))
    assert "Mary-had-1" not in repr(finding)
    assert "[left out]" in finding.description


def test_what_is_no_command_line_is_kept() -> None:
    """Who did what, where."""
    told = "Notice A shell was spawned (user=root command=sh -c id parent=runc terminal=34816 container=web)"
    finding = one(alert(output=told))
    assert finding.description == told.replace("sh -c id", "[left out]")


@pytest.mark.parametrize("text", ["cmd" * 6_000, "cmd=" + " " * 16_000, "cmd= " * 4_000, "env=a a" * 2_000 + "="])
def test_a_strange_output_is_gone_through_once(text: str) -> None:
    """However it is made."""
    assert len(one(alert(output=text)).description) <= 4_000


SAMPLE: Final = lines(
    alert(),
    alert("Write below etc", fields={"fd.name": "/etc/passwd"}, priority="Error"),
    alert(fields={"k8s.pod.name": "<NA>", "k8s.ns.name": None, "container.id": "host"}),
    audit(),
)


@pytest.mark.parametrize(
    "other",
    [
        {"rule": "x", "priority": "P1", "time": "2026-01-02T03:04:05Z", "output": "another tool's"},
        {"rule": {"id": "x"}, "priority": "Error", "time": "now", "output": ""},
        {"rule": "x", "priority": "Error", "time": "now"},
        {"sample": 1, "output_fields": {"scap.n_drops": 0}},
    ],
)
def test_what_is_no_alert_is_not_taken_for_one(other: object) -> None:
    """Neither another tool's record nor Falco's file of metrics."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


def test_an_alert_without_a_rule_is_rejected_alone() -> None:
    """The others become findings."""
    read = read_bytes(lines(alert(), alert() | {"rule": 7}, alert() | {"priority": 3}))
    assert (len(read.findings), len(read.rejected)) == (1, 2)
    assert read.rejected[0].pointer == "line 2"


@pytest.mark.parametrize("fields", ["<NA>", None, [], 7])
def test_fields_of_another_type_are_none(fields: object) -> None:
    """They only decorate."""
    assert one(alert() | {"output_fields": fields}).rule_id == "Terminal shell in container"


@pytest.mark.parametrize("value", [alert(), [alert()]])
def test_one_alert_stands_alone_or_in_a_list(value: object) -> None:
    """As `http_output` posts it."""
    assert report(value).format == "falco"
    bare = {key: held for key, held in alert().items() if key not in {"output", "tags", "source", "hostname"}}
    assert report(bare).format == "falco"


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("Emergency", Severity.CRITICAL),
        ("Alert", Severity.CRITICAL),
        ("CRITICAL", Severity.CRITICAL),
        ("Error", Severity.HIGH),
        ("Warning", Severity.MEDIUM),
        ("Notice", Severity.LOW),
        ("Informational", Severity.INFORMATIONAL),
        ("Debug", Severity.INFORMATIONAL),
    ],
)
def test_the_priority_is_syslogs(priority: str, severity: Severity) -> None:
    """In any spelling."""
    rating = one(alert(priority=priority)).severity
    assert (rating.normalised, rating.reported) == (severity, priority)


def test_a_priority_that_is_not_known_is_unknown() -> None:
    """It is not low."""
    read = read_bytes(lines(alert(), alert("other") | {"priority": "Loud"}))
    assert read.findings[1].draft.severity.normalised is Severity.UNKNOWN


def test_the_same_thing_done_again_is_the_same_finding() -> None:
    """Times, ids of events and of containers, arguments and ports of a connection do not matter."""
    first, again = alert(fields={"fd.name": "10.0.0.1:4->10.0.0.2:5"}), alert()
    again |= {"time": "2026-02-02T03:04:05Z", "uuid": "u2", "output": "later"}
    again["output_fields"] |= {
        "container.id": "aaaaaaaaaaaa",
        "proc.cmdline": "sh -c w",
        "fd.name": "10.0.0.1:6->10.0.0.2:5",
    }
    assert report(first).findings[0].fingerprint == report(again).findings[0].fingerprint


@pytest.mark.parametrize(
    "other",
    [
        alert("another rule"),
        alert(fields={"k8s.pod.name": "web-1"}),
        alert(fields={"proc.name": "bash"}),
        alert(fields={"user.name": "ada"}),
        alert(fields={"fd.name": "/etc/shadow"}),
        alert(fields={"k8s.pod.name": None}),
        alert(source="other"),
    ],
)
def test_another_place_or_another_deed_is_another_finding(other: object) -> None:
    """By what stays when it happens again."""
    assert report(other).findings[0].fingerprint != report(alert()).findings[0].fingerprint


def test_a_pod_is_the_resource() -> None:
    """With its namespace; `<NA>` is none."""
    finding = one(alert())
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("kubernetes.pod", "shop/Pod/web-0")
    assert finding.first_seen_at is not None
    assert one(alert(fields={"k8s.pod.name": "<NA>"})).resource is None


def test_an_audit_event_names_its_target_and_its_user() -> None:
    """The API's plural is the kind that others write."""
    finding = one(audit())
    assert finding.resource is not None
    assert finding.resource.id == "shop/Pod/web-0"
    assert finding.identity is not None
    assert (finding.identity.kind, finding.identity.id) == ("kubernetes.user", "ada")


def test_an_event_of_cloudtrail_names_the_account() -> None:
    """The plugin has fields of its own."""
    role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
    fields = {"ct.name": "PutBucketAcl", "ct.region": "eu-west-1", "ct.user.accountid": ACCOUNT, "ct.user.arn": role}
    finding = one(alert("S3 bucket ACL set", source="aws_cloudtrail") | {"output_fields": fields})
    assert (finding.account, finding.region) == (ACCOUNT, "eu-west-1")
    assert finding.identity is not None
    assert finding.identity.id == role


@pytest.mark.parametrize(
    ("rule", "fields", "warned"),
    [
        ("Falco internal: metrics snapshot", {"scap.n_drops": 0}, False),
        ("Falco internal: metrics snapshot", {"scap.n_drops": 9}, True),
        ("Falco internal: metrics snapshot", {"falco.outputs_queue_num_drops": 1}, True),
        ("Falco internal: syscall event drop", {"n_drops": "815508"}, True),
    ],
)
def test_what_falco_says_of_itself_is_no_finding(rule: str, fields: object, warned: object) -> None:
    """That events were dropped is a warning."""
    read = report(alert(rule, source="internal") | {"output_fields": fields})
    assert (read.scan, read.results, bool(read.warnings)) == (Scan.CLEAN, 0, warned)
