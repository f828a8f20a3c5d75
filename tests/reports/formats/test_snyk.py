"""Snyk: rows of the CLI by path, projects in images, infrastructure, and issues of the API."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import found, one, report

Fields = dict[str, Any]
IMAGE: Final = "registry.test/shop:1.4"
WAY: Final = ("org.acme:shop@1.0", "org.acme:desk@2.0", "org.acme:left@1.0.0")


def row(identifier: str = "SNYK-JAVA-ORGACME-1", /, **changes: Any) -> Fields:
    """A vulnerability by one path."""
    made: Fields = {
        "id": identifier,
        "title": "Something is wrong",
        "CVSSv3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
        "cvssScore": 7.5,
        "description": "With this.",
        "fixedIn": ["1.0.1"],
        "identifiers": {"CVE": ["CVE-2026-0001"], "CWE": ["CWE-200"], "GHSA": ["GHSA-aaaa-bbbb-cccc"]},
        "language": "java",
        "packageManager": "maven",
        "packageName": "org.acme:left",
        "references": [{"title": "x", "url": "https://advisories.test/1"}],
        "severity": "high",
        "severityWithCritical": "critical",
        "from": list(WAY),
        "isUpgradable": True,
        "name": "org.acme:left",
        "version": "1.0.0",
    }
    return {**made, **changes}


def project(*rows: object, **changes: Any) -> Fields:
    """A project of the CLI."""
    made: Fields = {
        "vulnerabilities": rows,
        "ok": not rows,
        "dependencyCount": 5,
        "org": "acme",
        "packageManager": "maven",
        "filtered": {"ignore": [], "patch": []},
        "projectName": "org.acme:shop",
        "displayTargetFile": "app/pom.xml",
        "path": "/builds/acme/shop",
    }
    return {**made, **changes}


def container(*rows: object, **changes: Any) -> Fields:
    """An image's project."""
    image: Fields = {"docker": {"baseImage": "debian:12"}, "projectName": "docker-image|shop", "packageManager": "deb"}
    return {**project(*rows), **image, "path": IMAGE, "displayTargetFile": "Dockerfile", **changes}


def infrastructure(*issues: object) -> Fields:
    """A file of infrastructure."""
    return {
        "infrastructureAsCodeIssues": issues,
        "ok": not issues,
        "targetFile": "main.tf",
        "projectType": "terraformconfig",
    }


def configured(identifier: str = "SNYK-CC-TF-1", **changes: Any) -> Fields:
    """An issue of infrastructure."""
    made: Fields = {
        "id": identifier,
        "title": "Bucket is public",
        "severity": "medium",
        "isIgnored": False,
        "lineNumber": 12,
        "path": ["resource", "aws_s3_bucket[assets]", "acl"],
        "issue": "It can be read by everybody.",
        "impact": "Everybody reads it.",
    }
    return {**made, **changes}


def rest(key: str = "k1", **changes: Any) -> Fields:
    """An issue of the API."""
    attributes: Fields = {
        "key": key,
        "title": "Something is wrong",
        "type": "package_vulnerability",
        "status": "open",
        "ignored": False,
        "effective_severity_level": "high",
        "created_at": "2026-01-02T03:04:05Z",
        "problems": [{"id": "CVE-2026-0001", "source": "NVD"}, {"id": "SNYK-JS-LEFT-1", "source": "SNYK"}],
        "classes": [{"id": "CWE-200"}],
        "coordinates": [
            {"representations": [{"dependency": {"package_name": "@acme/left", "package_version": "1.0.0"}}]}
        ],
    }
    related = {"scan_item": {"data": {"id": "p1", "type": "project"}}, "organization": {"data": {"id": "o1"}}}
    return {"id": "i1", "type": "issue", "attributes": {**attributes, **changes}, "relationships": related}


def of_package(identifier: str = "SNYK-JS-LEFT-1", url: str = "pkg:npm/left@1.0.0", **changes: Any) -> Fields:
    """An issue of the API about a package: it has no key, and no project."""
    attributes: Fields = {
        "title": "Something is wrong",
        "type": "package_vulnerability",
        "problems": [{"id": "CVE-2026-0001", "source": "CVE"}],
        "coordinates": [{"representations": [{"resource_path": "[,1.0.1)"}, {"package": {"url": url}}]}],
        "severities": [{"source": "NVD", "level": "critical"}, {"source": "Snyk", "level": "medium"}],
        "slots": {"references": [{"url": "https://advisories.test/1"}]},
    }
    return {"id": identifier, "type": "issue", "attributes": {**attributes, **changes}}


def page(*issues: object, **changes: Any) -> Fields:
    """A page of the API."""
    return {"jsonapi": {"version": "1.0"}, "data": issues, **changes}


SAMPLE: Final = [
    project(row(), row(**{"from": [WAY[0], WAY[2]]}), row("SNYK-JAVA-ORGACME-2", identifiers={})),
    project(row(), displayTargetFile="web/pom.xml", projectName="org.acme:web"),
]


@pytest.mark.parametrize("bad", [row(""), row(version=1), row(**{"from": "a"}), row(cvssScore="7"), {}, None, 7])
def test_a_row_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(project(row(), bad))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/vulnerabilities/1"])


def test_an_issue_that_is_none_is_rejected_alone() -> None:
    """Of infrastructure as of the API."""
    assert len(report(infrastructure(configured(), configured(""), 7)).rejected) == 2
    assert len(report(page(rest(), rest(key=""), 7, {"type": "issue"})).rejected) == 3


def test_an_issue_without_a_key_and_an_id_is_rejected() -> None:
    """Nothing tells it from another."""
    assert len(report(page(of_package(""), {**of_package(), "id": None})).rejected) == 2


def test_an_issue_of_a_package_is_known_by_its_id_and_the_package() -> None:
    """Its severity is Snyk's own among several."""
    finding = one(page(of_package()))
    assert finding.package is not None
    assert (finding.rule_id, finding.rule_name) == ("SNYK-JS-LEFT-1", "CVE-2026-0001")
    assert (finding.package.purl, finding.links) == ("pkg:npm/left@1.0.0", ("https://advisories.test/1",))
    assert (finding.severity.normalised, finding.severity.reported) == (Severity.MEDIUM, "medium")
    others = page(of_package("SNYK-JS-LEFT-2"), of_package(url="pkg:npm/right@1.0.0"))
    assert finding.fingerprint not in {other.fingerprint for other in found(others)}
    assert one(page(of_package(severities=[]))).severity.normalised is Severity.UNKNOWN


def test_a_project_that_is_none_is_rejected() -> None:
    """It is counted, not skipped."""
    read = report([project(row()), 7, project(vulnerabilities={}), container(applications=[7])])
    assert [r.pointer for r in read.rejected] == ["/1", "/2/vulnerabilities", "/3/applications/0"]
    read = report([container(applications={}), project(infrastructureAsCodeIssues={"0": {}})])
    assert [r.pointer for r in read.rejected] == ["/0/applications", "/1/infrastructureAsCodeIssues"]


@pytest.mark.parametrize("value", [{"data": []}, {"jsonapi": {}, "data": [{"type": "project"}]}, {"ok": True}])
def test_what_could_be_anybodys_is_not_taken(value: object) -> None:
    """Other resources of the API are no issues."""
    with pytest.raises(Poison, match="no format that is known"):
        report(value)


def test_an_error_in_place_of_a_project_is_a_failed_scan() -> None:
    """Beside others it is a warning."""
    error = {"ok": False, "error": "Could not detect supported target files", "path": "/builds/acme/shop"}
    assert (report(error).format, report(error).scan) == ("snyk", Scan.FAILED)
    read = report([error, project()])
    assert (read.scan, read.warnings) == (Scan.CLEAN, ("1 projects could not be tested",))


@pytest.mark.parametrize(
    "short",
    [project(ok=False), project(uniqueCount=2), container(ok=False), container(applications=[project(ok=False)])],
)
def test_a_project_that_is_not_well_and_lists_nothing_is_told(short: Fields) -> None:
    """Where no other has results either, nothing is known of what was found."""
    assert (report(short).scan, len(report(short).warnings)) == (Scan.FAILED, 1)
    assert report([project(), short]).scan is Scan.FAILED
    read = report([short, project(row())])
    assert (read.scan, ["lists nothing" in warning for warning in read.warnings]) == (Scan.FINDINGS, [True])


@pytest.mark.parametrize(
    "value",
    [
        project(ok=False, filtered={"ignore": [row()]}),
        container(ok=False, applications=[project(row())]),
        project(row(), row(), uniqueCount=9),
        project(ok=None, uniqueCount="3"),
    ],
)
def test_what_is_left_out_or_stands_elsewhere_is_no_gap(value: Fields) -> None:
    """Nor is a number of vulnerabilities, which have several rows."""
    assert report(value).warnings == ()


@pytest.mark.parametrize("value", [project(), [project(), project()], container(), infrastructure(), page()])
def test_nothing_found_is_clean(value: object) -> None:
    """In every container."""
    read = report(value)
    assert (read.format, read.scan, read.results, read.warnings) == ("snyk", Scan.CLEAN, 0, ())


@pytest.mark.parametrize(
    ("value", "results"),
    [
        (SAMPLE, 4),
        (project(row()), 1),
        (container(row(), applications=[project(row(), row("b"))]), 3),
        ([infrastructure(configured()), infrastructure(configured("b"))], 2),
        (page(rest(), rest("k2")), 2),
    ],
)
def test_containers(value: object, results: int) -> None:
    """One project, several, an image's applications, infrastructure, a page."""
    assert (report(value).format, report(value).results) == ("snyk", results)


def test_a_page_of_several_is_a_warning() -> None:
    """The others have more."""
    assert len(report(page(rest(), links={"next": "/orgs/o1/issues?starting_after=x"})).warnings) == 1


def test_what_is_ignored_is_suppressed() -> None:
    """In each of its ways."""
    assert report(project(filtered={"ignore": [row()], "patch": [row()]})).suppressed == 2
    assert report(infrastructure(configured(isIgnored=True))).suppressed == 1
    assert report(page(rest(ignored=True))).suppressed == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Severity.CRITICAL),
        ({"severityWithCritical": None}, Severity.HIGH),
        ({"severityWithCritical": None, "severity": None}, Severity.HIGH),
        ({"severityWithCritical": None, "severity": None, "cvssScore": None}, Severity.HIGH),
        ({"severityWithCritical": None, "severity": None, "cvssScore": None, "CVSSv3": ""}, Severity.UNKNOWN),
    ],
)
def test_severity(changes: Fields, expected: Severity) -> None:
    """The word, the older word, the score, the vector, nothing."""
    assert one(project(row(**changes))).severity.normalised is expected


def test_severity_of_issues() -> None:
    """One that is missing is unknown."""
    assert one(infrastructure(configured())).severity.normalised is Severity.MEDIUM
    assert one(infrastructure(configured(severity=None))).severity.normalised is Severity.UNKNOWN
    assert one(page(rest())).severity.normalised is Severity.HIGH
    assert one(page(rest(effective_severity_level=None))).severity.normalised is Severity.UNKNOWN


def test_versions_on_the_way_do_not_matter_and_the_way_does() -> None:
    """Neither the project's version nor a parent's makes it another finding; the package's own does."""
    here = one(project(row())).fingerprint
    moved = ["org.acme:shop@9", "org.acme:desk@9", "org.acme:left@1.0.0"]
    assert one(project(row(**{"from": moved}))).fingerprint == here
    assert one(project(row(**{"from": [WAY[0], WAY[2]]}))).fingerprint != here
    assert one(project(row(version="1.0.1"))).fingerprint != here
    assert one(project(row(), path="C:\\work")).fingerprint == here


def test_a_system_package_is_named_without_its_source() -> None:
    """The distribution is the namespace."""
    system = row(
        "SNYK-DEBIAN12-OPENSSL-1", packageName="openssl/libssl3", packageManager="debian:12", version="3.0.2-0"
    )
    finding = one(container(system))
    assert finding.package is not None
    assert finding.package.purl == "pkg:deb/debian/libssl3@3.0.2-0"
    assert finding.resource == Resource(kind="container.image", id=IMAGE)


def test_a_package_has_its_url() -> None:
    """By the row's manager, the project's, or the id's ecosystem."""
    bare = project(row(packageManager=None), packageManager="")
    for value in (project(row()), project(row(packageManager=None)), bare):
        made = one(value).package
        assert made is not None
        assert (made.purl, made.fixed_versions) == ("pkg:maven/org.acme/left@1.0.0", ("1.0.1",))


def test_an_application_in_an_image_is_of_that_image() -> None:
    """And another one than the same project elsewhere."""
    inner = one(container(applications=[project(row())]))
    assert inner.resource == Resource(kind="container.image", id=IMAGE)
    assert inner.fingerprint != one(project(row())).fingerprint


def test_a_row_names_manifest_way_and_cve() -> None:
    """And is about the manifest when the repository is known."""
    finding = one(project(row()), repository="https://git.test/acme/shop")
    assert finding.resource == Resource(kind="git.file", id="https://git.test/acme/shop#app/pom.xml")
    assert (finding.locations[0].path, finding.locations[0].logical) == ("app/pom.xml", " > ".join(WAY))
    assert finding.aliases == ("SNYK-JAVA-ORGACME-1", "CVE-2026-0001", "GHSA-aaaa-bbbb-cccc", "CWE-200")
    assert finding.problem_key.endswith(":CVE-2026-0001")


def test_an_issue_of_infrastructure_has_file_line_and_path() -> None:
    """Another line is the same finding."""
    first = one(infrastructure(configured()))
    assert (first.locations[0].path, first.locations[0].start_line) == ("main.tf", 12)
    assert one(infrastructure(configured(lineNumber=-1))).fingerprint == first.fingerprint
    assert one(infrastructure(configured(path=["resource", "aws_s3_bucket[other]"]))).fingerprint != first.fingerprint


def test_an_issue_of_the_api() -> None:
    """Known by its key in its project, with package, times and status."""
    finding = one(page(rest(status="resolved")))
    assert finding.package is not None
    assert (finding.package.purl, finding.rule_id, finding.rule_name) == (
        "pkg:npm/%40acme/left@1.0.0",
        "SNYK-JS-LEFT-1",
        "CVE-2026-0001",
    )
    assert (finding.status, finding.first_seen_at is None) == (FindingStatus.RESOLVED, False)
    assert one(page(rest(title="Another"))).fingerprint == finding.fingerprint
    place = {"sourceLocation": {"file": "app/main.py", "region": {"start": {"line": 3}, "end": {"line": 4}}}}
    code = one(page(rest("k2", type="code", coordinates=[{"representations": [place, {"resourcePath": "a.b"}]}])))
    assert [(p.path, p.start_line, p.logical) for p in code.locations] == [
        ("app/main.py", 3, None),
        (None, None, "a.b"),
    ]


def test_issues_of_two_projects_are_told_apart() -> None:
    """A key is one of its project alone."""
    other = {**rest(), "relationships": {"scan_item": {"data": {"id": "p2"}}}}
    assert len({f.fingerprint for f in found(page(rest(), other))}) == 2
