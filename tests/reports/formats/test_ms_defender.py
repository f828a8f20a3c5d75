"""Microsoft Defender: assessments and alerts of clouds, vulnerabilities of machines."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import data, one, report

SUBSCRIPTION: Final = "/subscriptions/20ff7fc3"
VAULT: Final = f"{SUBSCRIPTION}/resourceGroups/Shop/providers/Microsoft.KeyVault/vaults/Keys"
OWN: Final = "providers/Microsoft.Security"


def machine(cve: str = "CVE-2026-1", /, **changes: Any) -> dict[str, Any]:
    """A vulnerability of a machine."""
    made = {"id": f"m1-_-{cve}", "cveId": cve, "machineId": "m1", "fixingKbId": None, "severity": "Low"}
    return {**made, "productName": "tools", "productVendor": "acme", "productVersion": "1.2.3", **changes}


def assessment(name: str = "a1", /, **properties: Any) -> dict[str, Any]:
    """An assessment of a resource."""
    own: dict[str, Any] = {
        "displayName": "Key vaults should have purge protection",
        "status": {"code": "Unhealthy"},
        "resourceDetails": {"source": "Azure", "id": VAULT},
        "metadata": {"severity": "Medium", "description": "Turn it on."},
    }
    kind, identifier = "Microsoft.Security/assessments", f"{VAULT}/{OWN}/assessments/{name}"
    return {"type": kind, "id": identifier, "name": name, "properties": {**own, **properties}}


def below(**properties: Any) -> dict[str, Any]:
    """A sub-assessment: a vulnerability in an image."""
    own: dict[str, Any] = {
        "displayName": "Old library",
        "id": "370173",
        "status": {"code": "Unhealthy", "severity": "High"},
        "resourceDetails": {"source": "Azure", "id": VAULT},
        "additionalData": {"cve": [{"title": "CVE-2026-9"}]},
    }
    kind = "Microsoft.Security/assessments/subAssessments"
    identifier = f"{VAULT}/{OWN}/assessments/a2/subAssessments/s1"
    return {"type": kind, "id": identifier, "name": "s1", "properties": {**own, **properties}}


def alert(**properties: Any) -> dict[str, Any]:
    """An alert."""
    own: dict[str, Any] = {
        "alertType": "VM_EICAR",
        "alertDisplayName": "Test alert",
        "severity": "High",
        "status": "Active",
        "compromisedEntity": "vm1",
        "resourceIdentifiers": [{"type": "AzureResource", "azureResourceId": VAULT}],
        "startTimeUtc": "2026-01-02T03:04:05Z",
    }
    identifier = f"{SUBSCRIPTION}/resourceGroups/Shop/{OWN}/locations/westeurope/alerts/2518"
    kind = "Microsoft.Security/Locations/alerts"
    return {"type": kind, "id": identifier, "name": "2518", "properties": {**own, **properties}}


SAMPLE: Final = {"value": [machine(), machine("CVE-2026-2"), assessment(), below(), alert()]}


@pytest.mark.parametrize(
    "other",
    [
        {"id": "1", "type": "Microsoft.Compute/virtualMachines", "properties": {"x": 1}},
        {"cveId": "CVE-2026-1"},
        {"type": "Microsoft.Security/assessments", "id": "x", "properties": {"x": 1}},
    ],
)
def test_other_things_of_azure_are_none(other: object) -> None:
    """They come in the same list."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report({"value": [other]})


@pytest.mark.parametrize(
    "broken", [machine(severity=3), machine(machineId=None), assessment(status="x"), {"id": "1"}, 7]
)
def test_a_result_that_cannot_be_used_is_rejected_alone(broken: object) -> None:
    """The others become findings."""
    read = report({"value": [broken, assessment(), machine()]})
    assert (len(read.findings), len(read.rejected)) == (2, 1)


@pytest.mark.parametrize("value", [{"value": [machine()]}, [alert()], assessment(), [below()]])
def test_results_come_in_answers_in_lists_or_alone(value: object) -> None:
    """Of each kind."""
    assert report(value).format == "ms-defender"


def test_an_empty_answer_is_clean() -> None:
    """It says whose it is; an empty list of another API does not."""
    empty: dict[str, Any] = {"@odata.context": "https://api.securitycenter.test/api/$metadata#x", "value": []}
    assert (report(empty).format, report(empty).scan) == ("ms-defender", Scan.CLEAN)
    with pytest.raises(Poison, match="no format that is known"):
        report(empty | {"@odata.context": "https://graph.test/v1.0/$metadata#users"})


def test_an_export_has_one_a_line_with_other_names() -> None:
    """Of the machines' second API."""
    row = {
        "deviceId": "m1",
        "deviceName": "web",
        "softwareVendor": "acme",
        "softwareName": "tools",
        "softwareVersion": "1.2.3",
        "cveId": "CVE-2026-1",
        "vulnerabilitySeverityLevel": "Low",
    }
    read = read_bytes(data(row) + b"\n" + data({**row, "cveId": "CVE-2026-2"}))
    assert len(read.findings) == 2
    assert read.findings[0].fingerprint == report([machine()]).findings[0].fingerprint


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (assessment(status={"code": "Healthy"}), (1, 0)),
        (assessment(status={"code": "NotApplicable", "cause": "OffByPolicy"}), (1, 0)),
        (assessment(status={"code": "NotApplicable", "cause": "Exempt"}), (0, 1)),
        (alert(status="Dismissed"), (0, 1)),
    ],
)
def test_what_is_healthy_or_exempt_is_counted_apart(value: object, counted: tuple[int, int]) -> None:
    """It is no finding."""
    read = report(value)
    assert ((read.passed, read.suppressed), len(read.findings)) == (counted, 0)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (alert(status="Resolved"), FindingStatus.RESOLVED),
        (alert(status="InProgress"), FindingStatus.OPEN),
        (alert(status=None), FindingStatus.UNKNOWN),
        (assessment(status={"code": "Odd"}), FindingStatus.UNKNOWN),
        (assessment(status=None), FindingStatus.UNKNOWN),
    ],
)
def test_what_became_of_a_result(value: object, status: FindingStatus) -> None:
    """What is not told is unknown."""
    assert one(value).status is status


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        (machine(), Severity.LOW),
        (assessment(), Severity.MEDIUM),
        (below(), Severity.HIGH),
        (machine(severity=None), Severity.UNKNOWN),
        (assessment(metadata=None), Severity.UNKNOWN),
    ],
)
def test_the_severity_is_the_word(value: object, severity: Severity) -> None:
    """Of the status, else of what is known of the assessment."""
    assert one([value]).severity.normalised is severity


def test_a_resource_of_azure_is_named_in_small_letters() -> None:
    """For Azure they are the same; another cloud's by its own name."""
    found = one(assessment()).resource
    assert found is not None
    assert (found.kind, found.id, found.account) == ("azure.microsoft.keyvault.vaults", VAULT.lower(), "20ff7fc3")
    bare = one(assessment(resourceDetails=None)).resource
    assert bare is not None
    assert bare.id == VAULT.lower()
    amazon = one(assessment(resourceDetails={"source": "Aws", "nativeResourceId": "arn:aws:s3:::acme-assets"})).resource
    assert amazon is not None
    assert amazon.kind == "aws.s3.bucket"


def test_a_vulnerability_is_known_by_its_cve() -> None:
    """On a machine and in an image."""
    on_machine, in_image = one([machine()]), one(below())
    assert (on_machine.rule_id, on_machine.aliases) == ("CVE-2026-1", ("CVE-2026-1",))
    assert on_machine.package is not None
    assert on_machine.package.purl == "pkg:generic/acme/tools@1.2.3"
    assert (in_image.aliases, in_image.rule_id) == (("CVE-2026-9",), "a2")


def test_a_page_is_not_all() -> None:
    """It is told."""
    assert any(
        "further pages" in w for w in report({"value": [machine()], "@odata.nextLink": "https://x.test"}).warnings
    )
    assert report({"value": [machine()], "nextLink": None}).warnings == ()
