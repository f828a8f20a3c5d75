"""OSV-Scanner: vulnerabilities and licences of packages, by source."""

from typing import Any, Final

import pytest

from fixgate.events import Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]


def vulnerability(identifier: str = "GHSA-aaaa-bbbb-cccc", **changes: Any) -> Fields:
    """A vulnerability in the OSV schema."""
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}, {"introduced": "2.0.0"}]}]
    made: Fields = {
        "id": identifier,
        "modified": "2026-01-02T03:04:05Z",
        "aliases": ["CVE-2026-0001"],
        "summary": "Something is wrong",
        "details": "With this.",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        "affected": [
            {"package": {"ecosystem": "npm", "name": "@acme/shop"}, "ranges": ranges},
            {"package": {"ecosystem": "npm", "name": "other"}, "ranges": [{"events": [{"fixed": "9"}]}]},
        ],
        "references": [{"type": "ADVISORY", "url": "https://advisories.test/1"}],
        "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-79"]},
    }
    return {**made, **changes}


def group(*ids: str, **changes: Any) -> Fields:
    """Ids that are one vulnerability."""
    return {"ids": ids, "aliases": ids, "max_severity": "7.5", **changes}


def package(*vulnerabilities: object, **changes: Any) -> Fields:
    """A package."""
    made: Fields = {
        "package": {"name": "@acme/shop", "version": "1.0.0", "ecosystem": "npm"},
        "vulnerabilities": vulnerabilities,
        "groups": [],
    }
    return {**made, **changes}


def source(*packages: object, path: str = "app/package-lock.json") -> Fields:
    """A source."""
    return {"source": {"path": path, "type": "lockfile"}, "packages": packages}


def scanned(*sources: object, **changes: Any) -> Fields:
    """A report."""
    return {"results": sources, "experimental_config": {"licenses": {"summary": False}}, **changes}


SAMPLE: Final = scanned(
    source(
        package(vulnerability(), vulnerability("PYSEC-2026-1"), groups=[group("GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1")]),
        package(
            vulnerability(),
            package={"name": "left", "version": "1.0.0", "ecosystem": "PyPI"},
            license_violations=["GPL-2.0"],
        ),
    ),
    source(package(vulnerability()), path="web/yarn.lock"),
)


FIRST: Final[Fields] = {"results": [{"packageSource": {"path": "a"}, "packages": []}]}


@pytest.mark.parametrize("bad", [vulnerability(""), vulnerability(aliases="CVE"), {"summary": "x"}, None, 7])
def test_a_vulnerability_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(scanned(source(package(vulnerability(), bad))))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (
        1,
        ["/results/0/packages/0/vulnerabilities/1"],
    )


def test_a_package_that_is_none_rejects_what_it_has() -> None:
    """Each by itself, so that they are counted."""
    bad = package(vulnerability(), vulnerability("b"), package={"name": 7})
    read = report(scanned(source(bad, 7, package(vulnerabilities={})), source(package(vulnerability())), 7))
    assert [r.pointer for r in read.rejected] == [
        "/results/0/packages/0/vulnerabilities/0",
        "/results/0/packages/0/vulnerabilities/1",
        "/results/0/packages/1",
        "/results/0/packages/2/vulnerabilities",
        "/results/2",
    ]
    assert len(read.findings) == 1


@pytest.mark.parametrize("violation", ["", 7, None])
def test_a_licence_that_is_none_is_rejected(violation: object) -> None:
    """It is counted, not skipped."""
    assert len(report(scanned(source(package(license_violations=[violation])))).rejected) == 1


def test_packages_by_another_name_are_told() -> None:
    """A source in which nothing was found has none at all."""
    other = {"source": {"path": "a", "type": "lockfile"}, "modules": [package(vulnerability())]}
    read = report(scanned(source(package(vulnerability())), other))
    assert (read.results, ["not read" in warning for warning in read.warnings]) == (1, [True])
    assert [r.pointer for r in report(scanned({**other, "packages": ""}, source())).rejected] == ["/results/0"]


def test_nothing_found_is_clean() -> None:
    """By the configuration that is printed with it."""
    read = report(scanned())
    assert (read.format, read.scan, read.results) == ("osv", Scan.CLEAN, 0)
    assert report(scanned({"source": {"path": "a", "type": "lockfile"}}, source())).scan is Scan.CLEAN


@pytest.mark.parametrize(
    ("value", "results"),
    [(SAMPLE, 5), ([SAMPLE, scanned()], 5), (FIRST, 0)],
)
def test_containers(value: object, results: int) -> None:
    """One report, several, and the first versions'."""
    assert (report(value).format, report(value).results) == ("osv", results)


def test_what_was_withdrawn_is_suppressed() -> None:
    """Its author says that it is none."""
    assert report(scanned(source(package(vulnerability(withdrawn="2026-01-02T03:04:05Z"))))).suppressed == 1


@pytest.mark.parametrize(
    ("changes", "maximum", "expected"),
    [
        ({}, "9.8", Severity.MEDIUM),
        ({"database_specific": {}, "severity": [{"type": "Ubuntu", "score": "low"}]}, "9.8", Severity.LOW),
        ({"database_specific": {}}, "9.8", Severity.HIGH),
        ({"database_specific": {}, "severity": []}, "9.8", Severity.CRITICAL),
        ({"database_specific": {}, "severity": []}, "", Severity.UNKNOWN),
        ({"database_specific": {}, "severity": None}, 7, Severity.UNKNOWN),
    ],
)
def test_severity(changes: Fields, maximum: object, expected: Severity) -> None:
    """The database's word, else its vector's score, else the highest of the group."""
    groups = [group("GHSA-aaaa-bbbb-cccc", max_severity=maximum)]
    assert one(scanned(source(package(vulnerability(**changes), groups=groups)))).severity.normalised is expected


@pytest.mark.parametrize("vector", ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "CVSS:4.0/AV:N/AC:L"])
def test_a_vector_is_kept_as_it_was_reported(vector: str) -> None:
    """Also one that is not computed."""
    value = vulnerability(database_specific={}, severity=[{"type": "CVSS", "score": vector}])
    assert one(scanned(source(package(value)))).severity.reported == vector


def test_ids_of_one_group_are_one_problem() -> None:
    """And findings of their own: the file has as many."""
    groups = [group("GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1")]
    value = scanned(source(package(vulnerability(), vulnerability("PYSEC-2026-1", aliases=None), groups=groups)))
    first, second = found(value, repository="https://git.test/acme/shop")
    assert first.fingerprint != second.fingerprint
    assert second.aliases[:2] == ("PYSEC-2026-1", "GHSA-aaaa-bbbb-cccc")
    assert first.problem_key == "resource:git.file:https://git.test/acme/shop#app/package-lock.json:CVE-2026-0001"


def test_version_source_and_ecosystem_are_told_apart() -> None:
    """The same id in two of them is two findings."""
    others = [
        {"name": "@acme/shop", "version": "1.0.1", "ecosystem": "npm"},
        {"name": "@acme/shop", "version": "1.0.0"},
    ]
    every = [package(vulnerability()), *(package(vulnerability(), package=p) for p in others)]
    assert len({f.fingerprint for f in found(scanned(source(*every), source(*every, path="b.lock")))}) == 6


def test_a_package_has_its_url_and_its_own_fixed_versions() -> None:
    """Not those of others that have the vulnerability too."""
    made = one(scanned(source(package(vulnerability())))).package
    assert made is not None
    assert (made.purl, made.fixed_versions) == ("pkg:npm/%40acme/shop@1.0.0", ("1.0.1",))


def test_a_commit_has_no_package() -> None:
    """It is known by itself."""
    bare = [package(vulnerability(), package={"name": "", "version": "", "commit": c}) for c in ("8c1f0d2", "9d20e13")]
    first, second = found(scanned(source(*bare)))
    assert (first.package, first.labels["commit"], first.fingerprint == second.fingerprint) == (None, "8c1f0d2", False)


def test_what_is_not_called_is_a_finding_that_says_so() -> None:
    """The analysis is an experiment."""
    groups = [group("GHSA-aaaa-bbbb-cccc", experimental_analysis={"GHSA-aaaa-bbbb-cccc": {"called": False}})]
    assert one(scanned(source(package(vulnerability(), groups=groups)))).labels["called"] == "false"
