"""CycloneDX: vulnerabilities of a bill of materials, and what a VEX says of them."""

from typing import Any, Final
from urllib.parse import quote

import pytest

from fixgate.events import FindingStatus, Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]
SERIAL: Final = "00000000-0000-4000-8000-000000000000"
LEFT: Final = "pkg:npm/%40acme/left@1.0.0"


def component(reference: str = "c1", name: str = "left", **changes: Any) -> Fields:
    """A component."""
    made: Fields = {"bom-ref": reference, "type": "library", "name": name, "version": "1.0.0"}
    return {**made, "purl": f"pkg:npm/%40acme/{name}@1.0.0?x=y", **changes}


def vulnerability(identifier: str = "CVE-2026-0001", *references: str, **changes: Any) -> Fields:
    """A vulnerability."""
    made: Fields = {
        "bom-ref": "v1",
        "id": identifier,
        "source": {"name": "NVD", "url": "https://nvd.test"},
        "references": [{"id": "GHSA-aaaa-bbbb-cccc", "source": {"name": "GitHub"}}],
        "ratings": [{"severity": "high", "score": 7.5, "method": "CVSSv31"}],
        "cwes": [79, 89],
        "description": "Something is wrong.",
        "recommendation": "Upgrade.",
        "advisories": [{"title": "x", "url": "https://advisories.test/1"}],
        "affects": [{"ref": r} for r in references or ("c1",)],
    }
    return {**made, **changes}


def bill(*vulnerabilities: object, **changes: Any) -> Fields:
    """A document."""
    made: Fields = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{SERIAL}",
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "trivy", "version": "0.69.0"}]},
            "component": {"bom-ref": "root", "type": "application", "name": "shop"},
        },
        "components": [component(), component("c2", "right", components=[component("c3", "inner")])],
        "vulnerabilities": vulnerabilities,
    }
    return {**made, **changes}


SAMPLE: Final = bill(vulnerability(), vulnerability("CVE-2026-0002", "c1", "c2"), vulnerability("CVE-2026-0001", "c3"))


@pytest.mark.parametrize(
    "bad",
    [
        vulnerability(id=7),
        vulnerability(id="", references=[]),
        vulnerability(affects=[{}]),
        vulnerability(affects=[{"ref": None}]),
        vulnerability(affects=[{"ref": 7}]),
        vulnerability(ratings="high"),
        None,
        7,
    ],
)
def test_a_vulnerability_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(bill(vulnerability(), bad))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/vulnerabilities/1"])


def test_what_should_hold_results_and_does_not_is_rejected() -> None:
    """Nobody knows how many they were."""
    assert [r.pointer for r in report(bill(vulnerabilities={})).rejected] == ["/vulnerabilities"]
    assert [r.pointer for r in report([bill(), {"a": 1}]).rejected] == ["/1"]


def test_nothing_found_is_clean_and_nothing_looked_for_is_a_warning() -> None:
    """A bill of materials is no scan."""
    read = report(bill())
    assert (read.format, read.scan, read.warnings) == ("cyclonedx", Scan.CLEAN, ())
    assert len(report(bill(vulnerabilities=None)).warnings) == 1


@pytest.mark.parametrize("value", [[SAMPLE, bill(vulnerability())], [bill(vulnerability()), SAMPLE]])
def test_containers(value: object) -> None:
    """Several documents."""
    assert (report(value).format, report(value).results) == ("cyclonedx", 4)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("not_affected", None),
        ("false_positive", None),
        ("resolved", FindingStatus.RESOLVED),
        ("resolved_with_pedigree", FindingStatus.RESOLVED),
        ("in_triage", FindingStatus.UNKNOWN),
        ("exploitable", FindingStatus.OPEN),
        ("something_new", FindingStatus.OPEN),
        (None, FindingStatus.OPEN),
    ],
)
def test_what_an_analysis_says(state: str | None, status: FindingStatus | None) -> None:
    """Only what somebody has settled is off the list."""
    read = bill(vulnerability(analysis={"state": state, "justification": "code_not_reachable"}))
    assert [f.status for f in found(read)] == ([] if status is None else [status])
    assert report(read).suppressed == (status is None)


def test_what_was_rejected_is_suppressed() -> None:
    """Its source says that it is none."""
    assert report(bill(vulnerability(rejected="2026-01-02T03:04:05Z"))).suppressed == 1


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([{"severity": "low"}, {"severity": "critical"}, {"score": 1.0}], Severity.CRITICAL),
        ([{"severity": "none"}], Severity.INFORMATIONAL),
        ([{"score": 5.0, "method": "CVSSv31"}, {"severity": "unknown", "score": 9.1}], Severity.CRITICAL),
        ([{"score": 50.0, "method": "OWASP"}], Severity.UNKNOWN),
        ([{"vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}], Severity.HIGH),
        ([{"severity": "unknown"}], Severity.UNKNOWN),
        ([], Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_severity(ratings: object, expected: Severity) -> None:
    """The worst word, else the worst score; a score of another method is not compared."""
    assert one(bill(vulnerability(ratings=ratings))).severity.normalised is expected


def test_references_that_are_made_anew_change_nothing() -> None:
    """The component is the same; another one is not."""
    here = one(bill(vulnerability())).fingerprint
    renamed = bill(vulnerability("CVE-2026-0001", "9f"), components=[component("9f", purl=LEFT + "?other=qualifier")])
    assert one(renamed).fingerprint == here
    assert one(bill(vulnerability("CVE-2026-0001", "c2"))).fingerprint != here


def test_a_document_of_another_application_has_other_findings() -> None:
    """The same component is in both."""
    other = bill(vulnerability(), metadata={"component": {"name": "desk"}, "tools": [{"name": "Trivy"}]})
    assert one(other).fingerprint != one(bill(vulnerability())).fingerprint


@pytest.mark.parametrize("reference", ["c1", LEFT, f"urn:cdx:f08a/1#{quote(LEFT, safe='')}", f"urn:cdx:{SERIAL}/1#c1"])
def test_a_component_is_found_here_or_in_another_document(reference: str) -> None:
    """By reference, package URL, or BOM-Link."""
    made = one(bill(vulnerability("CVE-2026-0001", reference))).package
    assert made is not None
    assert made.purl.partition("?")[0] == LEFT


def test_a_reference_of_another_document_is_none_of_this_one() -> None:
    """Both may have called something `c1`."""
    assert one(bill(vulnerability("CVE-2026-0001", "urn:cdx:f08a/1#c1"))).package is None


def test_a_reference_that_leads_nowhere_stands_for_itself() -> None:
    """It has no package."""
    finding = one(bill(vulnerability("CVE-2026-0001", "gone")))
    assert (finding.package, finding.locations[0].logical) == (None, "gone")


def test_a_reference_that_is_an_empty_object_names_no_component() -> None:
    """As pip-audit writes it: the vulnerability is a finding all the same."""
    finding = one(bill(vulnerability(affects=[{"ref": {}}])))
    assert (finding.rule_id, finding.package, finding.locations) == ("CVE-2026-0001", None, ())
    assert len(found(bill(vulnerability(affects=[{"ref": {}}, {"ref": "c1"}])))[0].locations) == 1


def test_what_is_unaffected_are_fixed_versions() -> None:
    """Of one component; of several nobody knows whose they are."""
    versions = [{"version": "1.0.1", "status": "unaffected"}, {"version": "1.0.0", "status": "affected"}]
    single = one(bill(vulnerability(affects=[{"ref": "c1", "versions": versions}]))).package
    both = one(bill(vulnerability(affects=[{"ref": "c1", "versions": versions}, {"ref": "c2"}]))).package
    assert single is not None
    assert both is not None
    assert (single.fixed_versions, both.fixed_versions) == (("1.0.1",), ())


def test_a_finding_names_image_tool_and_aliases() -> None:
    """And every component as a place."""
    metadata = {
        "tools": [{"vendor": "Acme", "name": "Scanner", "version": "1"}],
        "component": {"type": "container", "name": "shop:1"},
    }
    finding = one(
        bill(vulnerability("GHSA-dddd-eeee-ffff", "c1", "c3", references=[{"id": "CVE-2026-0003"}]), metadata=metadata)
    )
    assert finding.resource == Resource(kind="container.image", id="shop:1")
    assert (finding.tool, finding.tool_version, finding.rule_name) == ("Scanner", "1", "CVE-2026-0003")
    assert finding.aliases == ("GHSA-dddd-eeee-ffff", "CVE-2026-0003", "CWE-79", "CWE-89")
    assert len(finding.locations) == 2
