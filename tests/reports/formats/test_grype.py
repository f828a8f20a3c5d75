"""Grype: what it says of packages in images and folders."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]
IMAGE: Final = "registry.test/shop:1.4"


def vulnerability(identifier: str = "CVE-2026-0001", **changes: Any) -> Fields:
    """What is wrong."""
    made: Fields = {
        "id": identifier,
        "dataSource": "https://tracker.test/CVE-2026-0001",
        "namespace": "debian:distro:debian:12",
        "severity": "High",
        "urls": ["https://tracker.test/a"],
        "description": "Something is wrong.",
        "cvss": [],
        "fix": {"versions": ["3.0.2-1"], "state": "fixed"},
        "advisories": [],
    }
    return {**made, **changes}


def artifact(name: str = "libssl3", **changes: Any) -> Fields:
    """The package."""
    made: Fields = {
        "id": "0f0f",
        "name": name,
        "version": "3.0.2-0",
        "type": "deb",
        "locations": [{"path": "/var/lib/dpkg/status", "layerID": "sha256:00"}],
        "purl": f"pkg:deb/debian/{name}@3.0.2-0?arch=amd64",
    }
    return {**made, **changes}


def match(wrong: Fields | None = None, package: Fields | None = None, **changes: Any) -> Fields:
    """A match."""
    made: Fields = {
        "vulnerability": vulnerability() if wrong is None else wrong,
        "relatedVulnerabilities": [],
        "matchDetails": [{"matcher": "dpkg-matcher"}],
        "artifact": artifact() if package is None else package,
    }
    return {**made, **changes}


def scanned(*matches: object, **changes: Any) -> Fields:
    """A report of an image."""
    made: Fields = {
        "matches": matches,
        "source": {"type": "image", "target": {"userInput": IMAGE, "imageID": "sha256:00"}},
        "distro": {"name": "debian", "version": "12", "idLike": []},
        "descriptor": {"name": "grype", "version": "0.90.0"},
    }
    return {**made, **changes}


def folder(*matches: object, name: str = ".", **changes: Any) -> Fields:
    """A report of a folder."""
    return scanned(
        *matches, source={"type": "directory", "target": name}, distro={"name": "", "version": ""}, **changes
    )


def node(**changes: Any) -> Fields:
    """A package of npm."""
    return artifact(
        "@acme/shop",
        **{"type": "npm", "version": "1.0.0", "purl": "", "locations": [{"path": "app/package-lock.json"}], **changes},
    )


SAMPLE: Final = folder(
    match(package=node()),
    match(vulnerability("GHSA-aaaa-bbbb-cccc"), node(), relatedVulnerabilities=[{"id": "CVE-2026-0002"}]),
    match(package=node(locations=[{"path": "web/yarn.lock"}])),
    ignoredMatches=[{**match(), "appliedIgnoreRules": [{"vulnerability": "CVE-2026-0001"}]}],
)


@pytest.mark.parametrize(
    "bad",
    [
        match(vulnerability("")),
        match({}),
        match(vulnerability(severity=7)),
        match(package=artifact(locations=["/etc"])),
        match(package={**artifact(), "name": None}),
        match(artifact=None),
        7,
    ],
)
def test_a_match_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(scanned(match(), bad))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/matches/1"])


def test_what_is_ignored_is_suppressed() -> None:
    """What is no match at all is rejected."""
    read = report(scanned(ignoredMatches=[match(), 7]))
    assert (read.suppressed, [r.pointer for r in read.rejected]) == (1, ["/ignoredMatches/1"])


def test_no_array_of_matches_is_a_failed_scan() -> None:
    """An empty one is a clean one."""
    assert report(scanned(matches=None)).scan is Scan.FAILED
    read = report(scanned())
    assert (read.format, read.scan, read.warnings) == ("grype", Scan.CLEAN, ())


def test_a_package_that_grype_knows_too_little_of_is_a_warning() -> None:
    """Nothing found there says little."""
    assert len(
        report(scanned(alertsByPackage=[{"package": {"name": "x"}, "alerts": [{"type": "distro-eol"}]}])).warnings
    )


@pytest.mark.parametrize(("value", "results"), [(scanned(match()), 1), ([scanned(match()), SAMPLE], 5)])
def test_containers(value: object, results: int) -> None:
    """One report, or several."""
    assert (report(value).format, report(value).results) == ("grype", results)


def test_one_of_several_that_is_no_report_is_rejected() -> None:
    """It is counted, not skipped."""
    assert [r.pointer for r in report([scanned(match()), {"a": 1}]).rejected] == ["/1"]


@pytest.mark.parametrize(
    ("wrong", "related", "expected"),
    [
        ({"severity": "Critical"}, {}, Severity.CRITICAL),
        ({"severity": "Negligible"}, {}, Severity.INFORMATIONAL),
        (
            {"severity": "Unknown", "cvss": [{"metrics": {"baseScore": 5.5}}, {"metrics": {"baseScore": 9}}]},
            {},
            Severity.CRITICAL,
        ),
        ({"severity": "Unknown"}, {"severity": "Medium"}, Severity.MEDIUM),
        ({"severity": "Unknown"}, {"severity": "Unknown"}, Severity.UNKNOWN),
        ({"severity": None, "cvss": 7}, {}, Severity.UNKNOWN),
    ],
)
def test_severity(wrong: Fields, related: Fields, expected: Severity) -> None:
    """The word, else the score, else the word of a related vulnerability; unknown is not low."""
    value = match(vulnerability(**wrong), relatedVulnerabilities=[{"id": "CVE-2026-0001", **related}])
    finding = one(scanned(value))
    assert (finding.severity.normalised, finding.severity.derivation.startswith("grype")) == (expected, True)


def test_the_same_vulnerability_is_told_apart_by_package_version_and_place() -> None:
    """Grype's own id of a package is not looked at."""
    every = [
        match(),
        match(package=artifact("openssl")),
        match(package=artifact(version="3.0.3")),
        match(package=artifact(locations=[{"path": "/opt/lib"}])),
        match(package=artifact(type="binary")),
    ]
    assert len({f.fingerprint for f in found(scanned(*every))}) == 5
    assert one(scanned(match(package=artifact(id="ffff")))).fingerprint == one(scanned(match())).fingerprint


@pytest.mark.parametrize("name", [".", "/builds/acme/shop", "/home/ada/shop"])
def test_a_folder_on_another_machine_is_the_same(name: str) -> None:
    """Paths begin at the folder, or are below it."""
    path = f"{name}/app/package-lock.json".removeprefix("./")
    here = one(folder(match(package=node(locations=[{"path": "/app/package-lock.json"}]))))
    there = one(folder(match(package=node(locations=[{"path": path}])), name=name))
    assert (here.fingerprint, here.locations) == (there.fingerprint, there.locations)
    assert here.locations[0].path == "app/package-lock.json"


def test_an_image_is_the_resource_and_its_files_are_known_by_their_whole_path() -> None:
    """`/app` and `/src` are two places in an image."""
    first, second = found(scanned(*(match(package=node(locations=[{"path": p}])) for p in ("/app/a", "/src/a"))))
    assert first.resource == Resource(kind="container.image", id=IMAGE)
    assert (first.locations[0].path, second.locations[0].path) == ("app/a", "src/a")


def test_a_package_has_its_url() -> None:
    """Grype's own where it gives one, else with the distribution or the type."""
    given, system, other = found(scanned(match(), match(package=artifact(purl="")), match(package=node())))
    assert [f.package.purl for f in (given, system, other) if f.package] == [
        "pkg:deb/debian/libssl3@3.0.2-0?arch=amd64",
        "pkg:deb/debian/libssl3@3.0.2-0",
        "pkg:npm/%40acme/shop@1.0.0",
    ]


def test_the_first_versions_said_one_fixed_version() -> None:
    """As a text beside the severity."""
    wrong = {
        "id": "CVE-2026-0001",
        "severity": "High",
        "links": ["https://tracker.test/a"],
        "fixedInVersion": "3.0.2-1",
    }
    finding = one(scanned(match(wrong), descriptor={"name": "grype", "version": "0.1.0"}))
    assert finding.package is not None
    assert (finding.package.fixed_versions, finding.links) == (("3.0.2-1",), ("https://tracker.test/a",))


def test_an_advisory_is_the_problem_that_its_cve_is() -> None:
    """Other scanners know it by that."""
    related = [{"id": "CVE-2026-0002", "severity": "Low", "description": "What the database says."}]
    finding = one(scanned(match(vulnerability("GHSA-aaaa-bbbb-cccc", description=""), relatedVulnerabilities=related)))
    assert finding.problem_key == f"resource:container.image:{IMAGE}:CVE-2026-0002"
    assert (finding.aliases, finding.description) == (
        ("GHSA-aaaa-bbbb-cccc", "CVE-2026-0002"),
        "What the database says.",
    )


def test_what_has_another_name_is_not_taken_for_it() -> None:
    """Xeol writes the same of something else; matches that are Grype's are known without a name."""
    with pytest.raises(Poison, match="no format that is known"):
        report(scanned({"Cycle": {}, "artifact": {}}, descriptor={"name": "xeol", "version": "0.9.1"}))
    assert report({"matches": [{**match(), "matchDetails": [{"type": "exact"}]}]}).format == "grype"
