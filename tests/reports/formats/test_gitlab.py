"""GitLab's security reports, of each kind."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from tests.reports.making import KEY_ID, one, report

LEAKED: Final = "hunter" + "2" * 20


def found(rule: str = "weak-hash", /, **changes: Any) -> dict[str, Any]:
    """A vulnerability in the code."""
    made: dict[str, Any] = {
        "id": "1" * 64,
        "name": "Weak hash",
        "description": "MD5 is weak.",
        "severity": "High",
        "scanner": {"id": "semgrep", "name": "Semgrep"},
        "location": {"file": "src/a.py", "start_line": 7, "end_line": 8, "method": "hashed"},
        "identifiers": [{"type": "semgrep_id", "name": rule, "value": rule}, {"type": "cwe", "value": "328"}],
        "links": [{"url": "https://example.test/1"}],
    }
    return {**made, **changes}


def leak(value: str = LEAKED, /, **changes: Any) -> dict[str, Any]:
    """A secret."""
    made = found("acme-token", location={"file": "a.env", "start_line": 3, "commit": {"sha": "8c1f0d2"}})
    return {**made, "raw_source_code_extract": value, "scanner": {"id": "gitleaks"}, **changes}


def dependency(**changes: Any) -> dict[str, Any]:
    """A vulnerability of a package."""
    where = {"file": "yarn.lock", "dependency": {"package": {"name": "semver"}, "version": "7.5.1"}}
    names = [{"type": "gemnasium", "value": "g1"}, {"type": "cve", "value": "CVE-2026-1"}]
    return {**found(), "location": where, "identifiers": names, **changes}


def in_image(**changes: Any) -> dict[str, Any]:
    """A vulnerability of a package in an image."""
    package = {"package": {"name": "curl"}, "version": "8.0"}
    where = {"image": "registry.test/shop:1", "operating_system": "debian:12", "dependency": package}
    names = [{"type": "cve", "value": "CVE-2026-2"}]
    return {**found(), "location": where, "identifiers": names, **changes}


def scan(kind: str, *results: object, **changes: Any) -> dict[str, Any]:
    """A report."""
    own = {
        "type": kind,
        "status": "success",
        "scanner": {"id": "s1", "version": "1.2"},
        "end_time": "2026-01-02T03:04:05",
    }
    return {"version": "15.2.1", "vulnerabilities": list(results), "scan": own, **changes}


SAMPLE: Final = scan("sast", found(), found("sqli"), found(location={"file": "src/b.py", "start_line": 1}))


@pytest.mark.parametrize(
    "other",
    [
        {"version": 2, "vulnerabilities": []},
        {"version": "1", "vulnerabilities": [{"identifiers": [1], "location": "x", "category": "odd"}]},
        {"version": "1", "vulnerabilities": [], "remediations": [], "another": 1},
        {"version": "1", "vulnerabilities": [], "scan": {"type": "odd"}},
    ],
)
def test_other_lists_of_vulnerabilities_are_none(other: object) -> None:
    """The kind of the scan says that it is GitLab's."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


@pytest.mark.parametrize("broken", [found(identifiers=[]), found(identifiers=None), found(severity=3), 7])
def test_a_result_that_cannot_be_used_is_rejected_alone(broken: object) -> None:
    """The others become findings."""
    read = report(scan("sast", broken, found()))
    assert (len(read.findings), len(read.rejected)) == (1, 1)
    assert read.rejected[0].pointer == "/vulnerabilities/0"


@pytest.mark.parametrize(
    "kind", ["sast", "secret_detection", "dependency_scanning", "container_scanning", "cluster_image_scanning", "dast"]
)
def test_each_kind_is_known_and_may_be_clean(kind: str) -> None:
    """By its name."""
    read = report(scan(kind))
    assert (read.format, read.scan) == ("gitlab", Scan.CLEAN)


def test_an_older_report_is_known_by_a_category() -> None:
    """It says nothing of its scan."""
    read = report({"version": "2.3", "vulnerabilities": [found(category="sast")]})
    assert (read.format, len(read.findings)) == ("gitlab", 1)
    assert report({"version": "2.3", "vulnerabilities": [found()], "remediations": []}).format == "gitlab"
    assert report({"version": "2.3", "vulnerabilities": [], "remediations": []}).scan is Scan.CLEAN


def test_an_identifier_may_be_a_number() -> None:
    """Some analyzers write a CWE so."""
    names = [{"type": "semgrep_id", "value": "weak-hash"}, {"type": "cwe", "value": 328}]
    assert report(scan("sast", found(identifiers=names))).findings[0].draft.aliases == ("328",)


def test_a_scan_that_failed_is_no_clean_one() -> None:
    """What it tells of trouble is a warning."""
    assert report(scan("sast", scan={"type": "sast", "status": "failure"})).scan is Scan.FAILED
    told = {"type": "sast", "status": "success", "messages": [{"level": "warn", "value": "x"}]}
    assert any("trouble" in warning for warning in report(scan("sast", scan=told)).warnings)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Critical", Severity.CRITICAL),
        ("Info", Severity.INFORMATIONAL),
        ("Unknown", Severity.UNKNOWN),
        ("Undefined", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_severity_is_the_word(word: str | None, severity: Severity) -> None:
    """Unknown is not low."""
    assert one(scan("sast", found(severity=word))).severity.normalised is severity


def test_what_was_tried_on_the_web_is_an_address() -> None:
    """Without what was sent there; the method is the request's."""
    where = {"hostname": "https://shop.test", "path": "/a?key=x", "method": "GET", "param": "key"}
    (place,) = one(scan("dast", found(location=where))).locations
    assert (place.path, place.logical) == (None, "https://shop.test/a")
    (place,) = one(scan("dast", found(location={**where, "path": None}))).locations
    assert place.logical == "https://shop.test"


def test_lines_and_ids_are_no_part_of_the_identity() -> None:
    """The file, what is in it, and GitLab's own scope are."""
    moved = found(id="2" * 64, severity="Low", location={"file": "src/a.py", "start_line": 99, "method": "hashed"})
    assert report(scan("sast", moved)).findings[0].fingerprint == report(scan("sast", found())).findings[0].fingerprint
    signature = {"algorithm": "scope_offset", "value": "src/a.py|hashed[0]:1"}
    followed = found(tracking={"type": "source", "items": [{"signatures": [signature]}]})
    for other in (followed, found("sqli"), found(location={"file": "src/b.py", "method": "hashed"})):
        assert (
            report(scan("sast", other)).findings[0].fingerprint != report(scan("sast", found())).findings[0].fingerprint
        )


def test_a_secret_leaves_a_mark_alone() -> None:
    """A key of AWS is named by its id."""
    finding = one(scan("secret_detection", leak(description=f"it is {LEAKED}")))
    assert finding.secret is not None
    assert LEAKED not in repr(finding)
    assert (finding.commit, finding.locations[0].path) == ("8c1f0d2", "a.env")
    key = one(scan("secret_detection", leak(KEY_ID)))
    assert key.resource is not None
    assert (key.resource.kind, key.resource.id) == ("aws.iam.access_key", KEY_ID)


def test_code_that_may_hold_a_secret_is_not_kept() -> None:
    """By the rule's name."""
    assert LEAKED not in repr(one(scan("sast", found("hardcoded-password", raw_source_code_extract=LEAKED))))
    plain = one(scan("sast", found(raw_source_code_extract="md5(x)")))
    assert plain.locations[0].snippet == "md5(x)"


def test_packages_are_named_by_the_manager_of_their_file() -> None:
    """Of an image by its system; the CVE is what all agree on."""
    files = [{"path": "yarn.lock", "package_manager": "yarn"}]
    finding = one(scan("dependency_scanning", dependency(), dependency_files=files))
    assert finding.package is not None
    assert finding.package.purl == "pkg:npm/semver@7.5.1"
    assert (finding.rule_id, finding.aliases) == ("gemnasium:g1", ("CVE-2026-1",))
    image = one(scan("container_scanning", in_image()))
    assert image.package is not None
    assert image.package.purl == "pkg:deb/debian/curl@8.0"
    assert image.resource is not None
    assert (image.resource.kind, image.resource.id) == ("container.image", "registry.test/shop:1")


def test_a_workload_of_a_cluster_is_the_resource() -> None:
    """Where the scan was of one."""
    workload = {"namespace": "shop", "kind": "Deployment", "name": "web", "cluster_id": "1"}
    where = {**in_image()["location"], "kubernetes_resource": workload}
    found_there = one(scan("cluster_image_scanning", in_image(location=where))).resource
    assert found_there is not None
    assert (found_there.kind, found_there.id) == ("kubernetes.deployment", "1/shop/Deployment/web")


def test_a_part_of_a_report_is_known_by_its_scan_or_a_category() -> None:
    """Somebody cut off the version; without either it could be anybody's."""
    with pytest.raises(Poison, match="no format that is known"):
        report({"vulnerabilities": [found()]})
    assert report({"vulnerabilities": [found(category="dast")]}).format == "gitlab"
    assert report({"vulnerabilities": [], "scan": {"type": "dast"}}).format == "gitlab"
