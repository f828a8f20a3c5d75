"""OpenVEX: statements about vulnerabilities in products."""

from typing import Any, Final

import pytest

from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]
SHOP: Final = "pkg:oci/shop@sha256%3A00"
LEFT: Final = "pkg:npm/%40acme/left@1.0.0"


def statement(name: str = "CVE-2026-0001", *products: object, **changes: Any) -> Fields:
    """A statement."""
    made: Fields = {
        "vulnerability": {"name": name, "aliases": ["GHSA-aaaa-bbbb-cccc"]},
        "products": products or [{"@id": SHOP, "subcomponents": [{"@id": LEFT}]}],
        "status": "affected",
        "action_statement": "Upgrade.",
    }
    return {**made, **changes}


def document(*statements: object, **changes: Any) -> Fields:
    """A document."""
    made: Fields = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://vex.test/1",
        "author": "Acme",
        "timestamp": "2026-01-02T03:04:05Z",
        "version": 1,
        "statements": statements,
    }
    return {**made, **changes}


SAMPLE: Final = document(
    statement(),
    statement("CVE-2026-0002", status="under_investigation"),
    statement("CVE-2026-0001", {"@id": "pkg:oci/desk", "identifiers": {"purl": "pkg:oci/desk@1"}}),
    statement("CVE-2026-0003", status="not_affected", justification="vulnerable_code_not_present"),
)


@pytest.mark.parametrize(
    "bad",
    [
        statement(status=None),
        statement(products={}),
        statement(vulnerability={}),
        statement(vulnerability=""),
        {},
        None,
        7,
    ],
)
def test_a_statement_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(document(statement(), bad))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/statements/1"])


def test_a_document_that_is_none_is_rejected() -> None:
    """It is counted, not skipped."""
    assert [r.pointer for r in report([document(statement()), {"a": 1}, 7]).rejected] == ["/1", "/2"]
    assert [r.pointer for r in report(document(statements={})).rejected] == ["/statements"]


@pytest.mark.parametrize("value", [document(), document(statements=None)])
def test_nothing_said_is_a_warning(value: object) -> None:
    """It is clean, of this format."""
    read = report(value)
    assert (read.format, read.scan, len(read.warnings)) == ("openvex", Scan.CLEAN, 1)


@pytest.mark.parametrize(
    ("value", "results"),
    [
        (SAMPLE, 4),
        ([SAMPLE, document(statement())], 5),
        (document(statement(), **{"@context": ["https://openvex.dev/ns"]}), 1),
    ],
)
def test_containers(value: object, results: int) -> None:
    """One document, several, a list of contexts."""
    assert (report(value).format, report(value).results) == ("openvex", results)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("affected", FindingStatus.OPEN),
        ("fixed", FindingStatus.RESOLVED),
        ("under_investigation", FindingStatus.UNKNOWN),
        ("something_new", FindingStatus.UNKNOWN),
    ],
)
def test_status(status: str, expected: FindingStatus) -> None:
    """What is not known is open; another status is no other finding."""
    finding = one(document(statement(status=status)))
    assert (finding.status, finding.severity.normalised) == (expected, Severity.UNKNOWN)
    assert finding.fingerprint == one(document(statement())).fingerprint


def test_what_is_not_affected_is_suppressed() -> None:
    """Somebody has said so."""
    assert report(document(statement(status="not_affected"))).suppressed == 1


def test_the_first_version_names_vulnerability_and_products() -> None:
    """It is the same finding as the later one's."""
    old = statement(vulnerability="CVE-2026-0001", products=[SHOP], subcomponents=[LEFT])
    assert one(document(old)).fingerprint == one(document(statement())).fingerprint


def test_products_are_told_apart_in_any_order() -> None:
    """Two products together are another statement than one."""
    both = [one(document(statement("CVE-2026-0001", *p))) for p in ((SHOP, LEFT), (LEFT, SHOP))]
    assert both[0].fingerprint == both[1].fingerprint
    assert (
        len(
            {
                f.fingerprint
                for f in found(document(statement("x", SHOP), statement("x", LEFT), statement("x", SHOP, LEFT)))
            }
        )
        == 3
    )


def test_the_part_of_a_product_is_the_package() -> None:
    """Else the product itself; what has no package URL is a place."""
    parts, whole, none = (
        one(document(statement("x", *p)))
        for p in (({"@id": SHOP, "subcomponents": [{"@id": LEFT}]},), (SHOP,), ("shop",))
    )
    assert [f.package.purl if f.package else None for f in (parts, whole, none)] == [LEFT, SHOP, None]
    assert [place.logical for place in parts.locations] == [SHOP, LEFT]
    assert [place.logical for place in none.locations] == ["shop"]
