"""pip-audit: vulnerabilities of Python's packages."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]


def vulnerability(identifier: str = "PYSEC-2026-1", **changes: Any) -> Fields:
    """A vulnerability."""
    made: Fields = {"id": identifier, "fix_versions": ["1.0.1"], "aliases": ["CVE-2026-0001"], "description": "Wrong."}
    return {**made, **changes}


def dependency(*vulns: object, **changes: Any) -> Fields:
    """A dependency."""
    return {"name": "acme-shop", "version": "1.0.0", "vulns": vulns, **changes}


def scanned(*dependencies: object) -> Fields:
    """A report."""
    return {"dependencies": dependencies, "fixes": []}


SKIPPED: Final[Fields] = {"name": "own", "skip_reason": "Dependency not found on PyPI"}
SAMPLE: Final = scanned(
    dependency(vulnerability(), vulnerability("GHSA-aaaa-bbbb-cccc", aliases=[])),
    dependency(vulnerability(), name="acme-desk"),
    dependency(name="good"),
    SKIPPED,
)


@pytest.mark.parametrize(
    "bad", [vulnerability(""), vulnerability(aliases="x"), vulnerability(fix_versions=[1]), {}, None, 7]
)
def test_a_vulnerability_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(scanned(dependency(vulnerability(), bad)))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/dependencies/0/vulns/1"])


def test_a_dependency_that_is_none_is_rejected() -> None:
    """What it has is counted; others are read."""
    read = report(
        scanned(dependency(vulnerability(), vulnerability("b"), version=7), 7, dependency(vulns={}), dependency())
    )
    assert [r.pointer for r in read.rejected] == [
        "/dependencies/0/vulns/0",
        "/dependencies/0/vulns/1",
        "/dependencies/1",
        "/dependencies/2/vulns",
    ]


@pytest.mark.parametrize(("value", "warnings"), [({"dependencies": []}, 1), (scanned(), 1), (scanned(dependency()), 0)])
def test_nothing_found_is_clean(value: object, warnings: int) -> None:
    """With a warning when nothing was looked at."""
    read = report(value)
    assert (read.format, read.scan, read.results, len(read.warnings)) == ("pip-audit", Scan.CLEAN, 0, warnings)


@pytest.mark.parametrize(
    "value",
    [
        {"dependencies": [], "reportSchema": "1.1"},
        {"dependencies": {"left": "^1.0.0"}},
        {"dependencies": {}},
        {"dependencies": None},
    ],
)
def test_a_report_that_has_more_than_no_dependencies_is_anothers(value: object) -> None:
    """An empty list of them says too little, and an object of them is a manifest of npm."""
    with pytest.raises(Poison, match="no format that is known"):
        report(value)


def test_what_was_skipped_is_a_warning() -> None:
    """Of everything as of some."""
    assert report(scanned(SKIPPED)).warnings == ("no dependency was looked at, 1 were skipped",)
    assert report(SAMPLE).warnings == ("1 dependencies were skipped",)


@pytest.mark.parametrize("value", [SAMPLE, SAMPLE["dependencies"]])
def test_containers(value: object) -> None:
    """With and without the object around."""
    assert (report(value).format, report(value).results) == ("pip-audit", 3)


def test_a_severity_that_is_not_there_is_unknown() -> None:
    """It is not low."""
    assert one(scanned(dependency(vulnerability()))).severity.normalised is Severity.UNKNOWN


def test_another_package_or_version_is_another_finding() -> None:
    """The same id is in many."""
    every = [dependency(vulnerability(), **changes) for changes in ({}, {"name": "b"}, {"version": "1.0.1"})]
    assert len({f.fingerprint for f in found(scanned(*every))}) == 3


def test_a_finding_names_the_package_and_the_cve() -> None:
    """With the versions that are not affected."""
    finding = one(scanned(dependency(vulnerability(), name="Acme_Shop")))
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:pypi/acme-shop@1.0.0", ("1.0.1",))
    assert (finding.rule_id, finding.rule_name, finding.problem_key.rpartition(":")[2]) == (
        "PYSEC-2026-1",
        "CVE-2026-0001",
        "CVE-2026-0001",
    )
