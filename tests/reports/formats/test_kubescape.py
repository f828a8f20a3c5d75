"""Kubescape: controls tried on resources, their status, and what a resource is called."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from tests.reports.making import one, report

IN_FILE: Final = "path=966824446/api=apps/v1//Deployment/web"
IN_CLUSTER: Final = "apps/v1/shop/Deployment/web"


def control(number: str = "C-0030", status: str = "failed", /, **changes: Any) -> dict[str, Any]:
    """A control that was tried."""
    path = {"fixPath": {"path": "spec.hostPID", "value": "false"}}
    rules = [{"name": "rule", "status": status, "paths": [path]}]
    return {"controlID": number, "name": "Host PID", "status": {"status": status}, "rules": rules, **changes}


def result(identifier: str = IN_CLUSTER, /, *controls: object) -> dict[str, Any]:
    """What came of a resource."""
    return {"resourceID": identifier, "controls": list(controls or (control(),))}


def resource(identifier: str = IN_FILE, /, **changes: Any) -> dict[str, Any]:
    """A resource out of a file."""
    held = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "sourcePath": "web.yaml:0"}
    made = {"resourceID": identifier, "object": held, "source": {"relativePath": "deploy/web.yaml"}}
    return {**made, **changes}


def scan(*results: object, resources: Any = (), **changes: Any) -> dict[str, Any]:
    """A report."""
    factors = {"C-0030": 6, "C-0001": 9, "C-0002": 7.5, "C-0003": 1, "C-0004": 0}
    controls = {n: {"controlID": n, "scoreFactor": f, "category": {"name": "Workload"}} for n, f in factors.items()}
    made: dict[str, Any] = {
        "generationTime": "2026-01-02T03:04:05Z",
        "clusterName": "",
        "summaryDetails": {"controls": controls, "frameworks": []},
        "resources": list(resources),
        "results": list(results),
        "metadata": {"scanMetadata": {"kubescapeVersion": "v3.0.3"}, "targetMetadata": {}},
    }
    return {**made, **changes}


SAMPLE: Final = scan(
    result(IN_FILE, control(), control("C-0001", "passed"), control("C-0002", "skipped")),
    result("rbac.authorization.k8s.io/v1//ClusterRole/admin", control("C-0003")),
    resources=[resource()],
)


@pytest.mark.parametrize(
    "other",
    [
        {"results": [], "summaryDetails": {}},
        {"summaryDetails": {"controls": {}}},
        [{"clusterName": "", "controlReports": []}],
    ],
)
def test_without_a_summary_of_controls_it_is_another_report(other: object) -> None:
    """Also Kubescape's own of version 1."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


def test_what_cannot_be_used_is_rejected_alone() -> None:
    """A control without an id, of a resource without one, and what is no result at all."""
    read = report(scan(result(IN_CLUSTER, {"name": "x"}, control()), {"resourceID": 7, "controls": [control()]}, 7))
    assert len(read.findings) == 1
    assert [r.pointer for r in read.rejected] == ["/results/0/controls/0", "/results/1/controls/0", "/results/2"]


@pytest.mark.parametrize("controls", [{}, "", 0, False, {"C-0030": control()}])
def test_controls_that_are_no_array_are_rejected(controls: object) -> None:
    """They are not read as none; of a resource without any there is no list."""
    read = report(scan({"resourceID": IN_CLUSTER, "controls": controls}))
    assert (read.scan, [r.pointer for r in read.rejected]) == (Scan.FAILED, ["/results/0"])
    assert report(scan({"resourceID": IN_CLUSTER})).scan is Scan.CLEAN


def test_controls_by_another_name_are_told() -> None:
    """The scanner says more than what is read."""
    read = report(scan({"resourceID": IN_CLUSTER, "associatedControls": [control()]}))
    assert ["not read" in warning for warning in read.warnings] == [True]


@pytest.mark.parametrize("failed", [2, 1, 0])
def test_more_resources_that_failed_than_are_listed_are_told(failed: int) -> None:
    """Where none is, nothing is known of what was found."""
    details = {**scan()["summaryDetails"], "ResourceCounters": {"failedResources": failed, "passedResources": 9}}
    read = report(scan(result(), summaryDetails=details))
    assert (read.scan, len(read.warnings)) == (Scan.FINDINGS, int(failed > 1))
    assert (report(scan(summaryDetails=details)).scan is Scan.FAILED) == (failed > 0)


@pytest.mark.parametrize(
    ("number", "severity"),
    [
        ("C-0001", Severity.CRITICAL),
        ("C-0002", Severity.HIGH),
        ("C-0030", Severity.MEDIUM),
        ("C-0003", Severity.LOW),
        ("C-0004", Severity.UNKNOWN),
        ("C-9999", Severity.UNKNOWN),
    ],
)
def test_the_severity_is_the_factor_of_the_score(number: str, severity: Severity) -> None:
    """As Kubescape reads it; a control that the summary does not have is unknown."""
    assert one(scan(result(IN_CLUSTER, control(number)))).severity.normalised is severity


def test_a_severity_of_its_own_goes_before() -> None:
    """The word."""
    assert one(scan(result(IN_CLUSTER, control(severity="High")))).severity.normalised is Severity.HIGH


@pytest.mark.parametrize(
    ("tried", "counted"),
    [
        (control("C-0001", "passed"), (1, 0, 0)),
        (control(status={"status": "passed", "subStatus": "w/exceptions"}), (0, 1, 0)),
        (control(status={"status": "passed", "subStatus": "irrelevant"}), (1, 0, 0)),
        (control(), (0, 0, 1)),
    ],
)
def test_a_status_counts_a_control_apart(tried: object, counted: tuple[int, int, int]) -> None:
    """An exception is somebody's word that it may be so."""
    read = report(scan(result(IN_CLUSTER, tried)))
    assert (read.passed, read.suppressed, len(read.findings)) == counted


@pytest.mark.parametrize(
    ("tried", "status"),
    [
        (control("C-0001", "skipped"), FindingStatus.UNKNOWN),
        (control(status=None), FindingStatus.OPEN),
        (control(status=None, rules=[]), FindingStatus.UNKNOWN),
    ],
)
def test_what_was_not_told_is_unknown(tried: object, status: FindingStatus) -> None:
    """A control that was skipped is for a person; one without a status has its rules'."""
    assert one(scan(result(IN_CLUSTER, tried))).status is status


def test_a_resource_is_named_by_what_it_is() -> None:
    """By itself, else by its id; and where it is written."""
    finding = one(scan(result(IN_FILE), resources=[resource()], clusterName="prod"))
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("kubernetes.deployment", "prod/shop/Deployment/web")
    assert (finding.locations[0].path, finding.locations[0].logical) == ("deploy/web.yaml", "spec.hostPID")
    bare = one(scan(result(IN_CLUSTER))).resource
    assert bare is not None
    assert bare.id == "shop/Deployment/web"


def test_the_hash_of_a_folder_is_no_part_of_the_identity() -> None:
    """On another machine it is another."""
    elsewhere = IN_FILE.replace("966824446", "1")
    first = report(scan(result(IN_FILE), resources=[resource()])).findings[0].fingerprint
    assert report(scan(result(elsewhere), resources=[resource(elsewhere)])).findings[0].fingerprint == first
    assert (
        report(scan(result(IN_FILE))).findings[0].fingerprint == report(scan(result(elsewhere))).findings[0].fingerprint
    )


def test_a_repository_is_told_where_the_report_knows_it() -> None:
    """The sender's word goes first."""
    git = {"gitRepoContextMetadata": {"remoteURL": "https://git.test/acme/shop", "lastCommit": {"hash": "8c1f0d2"}}}
    value = scan(result(), metadata={"targetMetadata": git})
    assert (one(value).repository, one(value).commit) == ("https://git.test/acme/shop", "8c1f0d2")
    assert one(value, repository="https://git.test/fork").repository == "https://git.test/fork"


def test_a_scan_of_nothing_is_clean_with_a_word_of_warning() -> None:
    """One in which all passed is clean without."""
    assert any("no resource" in warning for warning in report(scan()).warnings)
    passed = report(scan(result(IN_CLUSTER, control("C-0001", "passed"))))
    assert (passed.scan, passed.warnings) == (Scan.CLEAN, ())
