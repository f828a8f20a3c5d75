"""The Trivy operator: its reports as kubectl prints them."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]


def vulnerability(identifier: str = "CVE-2026-0001", **changes: Any) -> Fields:
    """A package that is vulnerable."""
    made: Fields = {
        "vulnerabilityID": identifier,
        "resource": "libssl3",
        "installedVersion": "3.0.2-0",
        "fixedVersion": "3.0.2-1",
        "severity": "HIGH",
        "title": "openssl: something",
        "primaryLink": "https://avd.test/cve-2026-0001",
        "links": [],
        "target": "",
        "score": 7.5,
    }
    return {**made, **changes}


def check(identifier: str = "KSV014", **changes: Any) -> Fields:
    """A check that failed."""
    made: Fields = {
        "checkID": identifier,
        "category": "Kubernetes Security Check",
        "title": "Root file system is not read-only",
        "description": "It should be.",
        "messages": ["Container 'web' should set it"],
        "severity": "LOW",
        "success": False,
    }
    return {**made, **changes}


def leak(**changes: Any) -> Fields:
    """A secret."""
    made: Fields = {"ruleID": "acme-token", "severity": "CRITICAL", "title": "Acme token", "target": "app/settings.py"}
    return {**made, "match": 'token = "****"', **changes}


def kept(kind: str = "VulnerabilityReport", *, name: str = "web", of: str = "Deployment", **given: object) -> Fields:
    """A report of the operator."""
    labels = {"resource.kind": of, "resource.name": name, "resource.namespace": "shop", "container.name": "web"}
    about: Fields = {
        "artifact": {"repository": "acme/shop", "tag": "1.4"},
        "registry": {"server": "registry.test"},
        "os": {"family": "debian", "name": "12.5"},
        "scanner": {"name": "Trivy", "version": "0.69.0"},
    }
    return {
        "apiVersion": "aquasecurity.github.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "shop", "labels": {f"trivy-operator.{k}": v for k, v in labels.items()}},
        "report": {**about, **given},
    }


def listed(*reports: object) -> Fields:
    """What kubectl prints of several."""
    return {"apiVersion": "v1", "kind": "List", "items": reports}


SAMPLE: Final = listed(
    kept(vulnerabilities=[vulnerability(), vulnerability("CVE-2026-0002"), vulnerability(installedVersion="3.0.3")]),
    kept("ConfigAuditReport", checks=[check(), check("KSV001", success=True)]),
    kept("ExposedSecretReport", secrets=[leak()]),
)


@pytest.mark.parametrize("bad", [vulnerability(""), vulnerability(severity=7), {}, None, 7])
def test_a_result_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(kept(vulnerabilities=[vulnerability(), bad]))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/report/vulnerabilities/1"])


def test_a_report_that_is_none_is_rejected() -> None:
    """So is one of a kind that is not read."""
    silent = {**kept(), "report": None}
    other = kept("ClusterComplianceReport")
    read = report(listed(kept(vulnerabilities={}), silent, other, 7, {"kind": "Pod"}))
    assert [r.pointer for r in read.rejected] == [
        "/items/0/report/vulnerabilities",
        "/items/1",
        "/items/2",
        "/items/3",
        "/items/4",
    ]


@pytest.mark.parametrize(
    "value",
    [
        kept(vulnerabilities=[]),
        listed(kept()),
        {"apiVersion": "aquasecurity.github.io/v1", "kind": "VulnerabilityReportList", "items": []},
    ],
)
def test_nothing_found_is_clean(value: object) -> None:
    """When it says whose it is."""
    read = report(value)
    assert (read.format, read.scan, read.results, read.warnings) == ("trivy-operator", Scan.CLEAN, 0, ())


def test_a_dump_of_a_cluster_has_reports_by_kind() -> None:
    """What is no list there is rejected; kinds of others are no reports of the operator."""
    group = "aquasecurity.github.io"
    dump: Fields = {
        f"vulnerabilityreports.{group}": [kept(vulnerabilities=[vulnerability()])],
        f"sbomreports.{group}": [],
        f"exposedsecretreports.{group}": {},
    }
    read = report(dump)
    assert (read.format, len(read.findings), len(read.rejected)) == ("trivy-operator", 1, 1)
    assert read.findings[0].draft.pointer == f"/vulnerabilityreports.{group}/0/report/vulnerabilities/0"
    assert report({f"configauditreports.{group}": []}).scan is Scan.CLEAN
    with pytest.raises(Poison, match="no format that is known"):
        report({"policyreports.wgpolicyk8s.io": [], f"configauditreports.{group}": []})


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        ({"criticalCount": 1, "highCount": 1}, True),
        ({"unknownCount": 2}, True),
        ({"highCount": 1, "noneCount": 9}, False),
        ({"highCount": "2"}, False),
        (2, False),
    ],
)
def test_more_than_is_listed_is_told(summary: object, told: bool) -> None:  # noqa: FBT001 -- pytest gives it by name
    """Of what was found: packages without a vulnerability are no results."""
    read = report(kept(vulnerabilities=[vulnerability()], summary=summary))
    assert (len(read.findings), ["than it lists" in warning for warning in read.warnings]) == (1, [True] * told)


def test_a_list_of_components_is_a_warning() -> None:
    """It is no scan."""
    read = report(kept("SbomReport", components={}))
    assert (read.scan, len(read.warnings)) == (Scan.CLEAN, 1)


@pytest.mark.parametrize(
    ("value", "results"),
    [
        (SAMPLE, 6),
        (kept(vulnerabilities=[vulnerability()]), 1),
        ([kept(vulnerabilities=[vulnerability()])], 1),
        (kept("ClusterRbacAssessmentReport", checks=[check()]), 1),
        ({"verb": "update", "operatorObject": kept(vulnerabilities=[vulnerability()])}, 1),
    ],
)
def test_containers(value: object, results: int) -> None:
    """One, several, of a cluster, and the webhook's."""
    assert (report(value).format, report(value).results) == ("trivy-operator", results)


def test_a_check_that_passed_is_counted_apart() -> None:
    """One that does not say so is a finding."""
    read = report(kept("ConfigAuditReport", checks=[check(success=True), check(success=None)]))
    assert (read.passed, len(read.findings)) == (1, 1)


@pytest.mark.parametrize(
    ("reported", "expected"), [("CRITICAL", Severity.CRITICAL), ("UNKNOWN", Severity.UNKNOWN), (None, Severity.UNKNOWN)]
)
def test_severity_is_the_word(reported: str | None, expected: Severity) -> None:
    """What is missing is not low."""
    assert one(kept(vulnerabilities=[vulnerability(severity=reported)])).severity.normalised is expected


def test_a_roll_out_changes_nothing() -> None:
    """A new template, a new tag: the same thing with the same package."""
    first = kept(name="web-965685897", of="ReplicaSet", vulnerabilities=[vulnerability()])
    second = kept(
        name="web-c868466d4", of="ReplicaSet", vulnerabilities=[vulnerability(target="acme/shop:1.5 (debian 12.5)")]
    )
    assert one(first).fingerprint == one(second).fingerprint
    assert (
        one(kept(name="desk-965685897", of="ReplicaSet", vulnerabilities=[vulnerability()])).fingerprint
        != one(first).fingerprint
    )
    assert (
        one(kept(name="web-965685897", of="Pod", vulnerabilities=[vulnerability()])).fingerprint
        != one(first).fingerprint
    )


def test_the_thing_is_the_resource() -> None:
    """As the operator names it, with its image as a label."""
    finding = one(kept(vulnerabilities=[vulnerability()]))
    assert finding.resource == Resource(kind="kubernetes.deployment", id="shop/Deployment/web")
    assert (finding.labels["image"], finding.tool_version) == ("registry.test/acme/shop:1.4", "0.69.0")
    bare = {**kept(vulnerabilities=[vulnerability()]), "metadata": {"name": "web", "namespace": "shop"}}
    assert one(bare).resource == Resource(kind="kubernetes.resource", id="shop/web")


def test_a_package_has_its_url() -> None:
    """The operator's own, else the type's or the system's."""
    every = [
        vulnerability(),
        vulnerability(packagePURL="pkg:deb/debian/libssl3@3.0.2-0?arch=amd64"),
        vulnerability(resource="@acme/left", installedVersion="1.0.0", packageType="node-pkg", target="app/left.js"),
    ]
    assert [f.package.purl for f in found(kept(vulnerabilities=every)) if f.package] == [
        "pkg:deb/debian/libssl3@3.0.2-0",
        "pkg:deb/debian/libssl3@3.0.2-0?arch=amd64",
        "pkg:npm/%40acme/left@1.0.0",
    ]


def test_a_hidden_secret_has_a_place_and_no_mark() -> None:
    """As with Trivy itself."""
    finding = one(kept("ExposedSecretReport", secrets=[leak()]))
    assert (finding.secret, finding.locations[0].path, finding.rule_id) == (None, "app/settings.py", "acme-token")


def test_a_check_names_its_container() -> None:
    """And is the check that Trivy means."""
    first, second = found(
        kept("ConfigAuditReport", checks=[check(), check(messages=["Container 'desk' should set it"])])
    )
    assert first.fingerprint != second.fingerprint
    assert (first.rule_name, first.description) == ("KSV-0014", "Container 'web' should set it")
