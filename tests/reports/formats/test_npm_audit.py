"""npm audit and its kin: packages, advisories, and errors in place of them."""

import json
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import found, one, report

Fields = dict[str, Any]
ADVISORIES: Final = "https://advisories.test/advisories/"


def via(identifier: str = "GHSA-aaaa-bbbb-cccc", **changes: Any) -> Fields:
    """An advisory of npm 7."""
    made: Fields = {
        "source": 1094219,
        "name": "left",
        "dependency": "left",
        "title": "Something is wrong",
        "url": ADVISORIES + identifier,
        "severity": "high",
        "cwe": ["CWE-400"],
        "cvss": {"score": 7.5, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
        "range": "<1.0.1",
    }
    return {**made, **changes}


def package(*vias: object, **changes: Any) -> Fields:
    """A package of npm 7."""
    made: Fields = {
        "name": "left",
        "severity": "moderate",
        "isDirect": False,
        "via": vias,
        "effects": [],
        "range": "<1.0.1",
        "nodes": ["node_modules/left"],
        "fixAvailable": {"name": "left", "version": "1.0.1", "isSemVerMajor": False},
    }
    return {**made, **changes}


def counts(number: int, **more: object) -> Fields:
    """What a report says of how many there are."""
    return {"vulnerabilities": {"info": 0, "low": number, **more}, "dependencies": {"total": 9}}


def scanned(**packages: object) -> Fields:
    """A report of npm 7."""
    number = len(packages)
    return {"auditReportVersion": 2, "vulnerabilities": packages, "metadata": counts(number, total=number)}


def advisory(number: int = 1094219, **changes: Any) -> Fields:
    """An advisory of npm 6."""
    made: Fields = {
        "findings": [{"version": "1.0.0", "paths": ["shop>left", "desk>left"], "dev": False}],
        "id": number,
        "title": "Something is wrong",
        "module_name": "left",
        "cves": ["CVE-2026-0001"],
        "vulnerable_versions": "<1.0.1",
        "patched_versions": ">=1.0.1",
        "overview": "With this.",
        "severity": "critical",
        "cwe": "CWE-400",
        "github_advisory_id": "GHSA-aaaa-bbbb-cccc",
        "url": ADVISORIES + "GHSA-aaaa-bbbb-cccc",
    }
    return {**made, **changes}


def old(*advisories: Fields, **changes: Any) -> Fields:
    """A report of npm 6."""
    return {
        "actions": [],
        "advisories": {str(a["id"]): a for a in advisories},
        "muted": [],
        "metadata": counts(2 * len(advisories)),
        **changes,
    }


def yarn(*lines: Fields) -> bytes:
    """Lines of Yarn 1."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def resolved(path: str, **changes: Any) -> Fields:
    """An advisory of Yarn 1."""
    return {"type": "auditAdvisory", "data": {"resolution": {"id": 1, "path": path}, "advisory": advisory(**changes)}}


def tree(name: str = "left", **changes: Any) -> Fields:
    """An advisory of Yarn 4."""
    made: Fields = {
        "ID": 1094219,
        "Issue": "Something is wrong",
        "URL": ADVISORIES + "GHSA-aaaa-bbbb-cccc",
        "Severity": "moderate",
        "Vulnerable Versions": "<1.0.1",
        "Tree Versions": ["1.0.0"],
        "Dependents": ["shop@virtual:00ff#npm:0.1.0", "desk@workspace:."],
    }
    return {"value": name, "children": {**made, **changes}}


SAMPLE: Final = scanned(
    **{
        "left": package(via(), via("GHSA-dddd-eeee-ffff")),
        "@acme/shop": package("left", name="@acme/shop", severity="low", fixAvailable=False),
        "right": package(via(url=None), "left", name="right", nodes=["node_modules/right", "node_modules/a/right"]),
    }
)
SUMMARY: Final[Fields] = {"type": "auditSummary", "data": {"totalDependencies": 9}}


@pytest.mark.parametrize("bad", [package(via=None), package(7), package(via(url=7)), package(severity=1), {}, None, 7])
def test_a_package_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer, in which a slash is no step; its neighbours are findings."""
    read = report(scanned(**{"left": package(via()), "@acme/shop": bad}))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/vulnerabilities/@acme~1shop"])


@pytest.mark.parametrize("bad", [advisory(module_name=None), advisory(findings={}), advisory(cves="CVE-2026-0001")])
def test_an_advisory_that_is_none_is_rejected_alone(bad: Fields) -> None:
    """In the report of npm 6 and in a line of Yarn."""
    assert len(report(old(advisory(1), {**bad, "id": 2})).rejected) == 1
    line = {"type": "auditAdvisory", "data": {"resolution": {"path": "a"}, "advisory": bad}}
    assert len(read_bytes(yarn(SUMMARY, line, {**line, "data": 7})).rejected) == 2


@pytest.mark.parametrize(
    "value",
    [{"vulnerabilities": {}}, {"advisories": {}}, {"error": "x"}, {"error": {"code": "E"}}, {"type": [], "data": {}}],
)
def test_what_could_be_anybodys_is_not_taken(value: object) -> None:
    """An object of vulnerabilities alone is no report of npm."""
    with pytest.raises(Poison, match="no format that is known"):
        report(value)


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"code": "ENOLOCK", "summary": "This command requires a lockfile", "detail": "Make one"}},
        {"message": "request failed", "error": {"summary": "", "detail": ""}},
        {"error": {"code": "ERR_PNPM_AUDIT_NO_LOCKFILE", "message": "none"}},
    ],
)
def test_an_error_in_place_of_a_report_is_a_failed_scan(error: Fields) -> None:
    """Nothing was found because nothing was looked for."""
    read = report(error)
    assert (read.format, read.scan) == ("npm-audit", Scan.FAILED)


def test_an_error_of_yarn_is_a_failed_scan() -> None:
    """Also after advisories."""
    assert read_bytes(yarn(SUMMARY, {"type": "error", "data": "An unexpected error occurred"})).scan is Scan.FAILED


def test_a_registry_that_did_not_answer_yarn_is_a_failed_scan() -> None:
    """An error of anything else is anybody's."""
    error = {"type": "error", "data": 'An error: "https://registry.test/-/npm/v1/security/audits: refused"'}
    read = read_bytes(yarn({"type": "warning", "data": "No license field"}, error))
    assert (read.format, read.scan) == ("npm-audit", Scan.FAILED)
    with pytest.raises(Poison, match="no format that is known"):
        report({"type": "error", "data": "no space left"})


@pytest.mark.parametrize("bad", [{"ID": None}, {"Tree Versions": "1.0.0"}, {"Severity": 7}])
def test_an_advisory_of_yarn_4_that_is_none_is_rejected_alone(bad: Fields) -> None:
    """Its neighbours are findings."""
    read = read_bytes(yarn(tree(), tree("right", **bad)))
    assert (read.format, len(read.findings), len(read.rejected)) == ("npm-audit", 1, 1)


def test_an_advisory_of_yarn_4_names_the_package_and_what_needs_it() -> None:
    """Without the hash of its peers; a deprecation is listed among them."""
    read = read_bytes(yarn(tree(), tree(ID="left (deprecation)", URL=None)))
    assert [told.draft.rule_id for told in read.findings] == ["GHSA-aaaa-bbbb-cccc", "left (deprecation)"]
    finding = one(tree())
    assert finding.package is not None
    assert (finding.package.purl, finding.severity.normalised) == ("pkg:npm/left@1.0.0", Severity.MEDIUM)
    assert [place.logical for place in finding.locations] == ["shop@npm:0.1.0", "desk@workspace:."]


@pytest.mark.parametrize("value", [scanned(), old()])
def test_nothing_found_is_clean(value: object) -> None:
    """Of all versions."""
    read = report(value)
    assert (read.format, read.scan, read.results, read.warnings) == ("npm-audit", Scan.CLEAN, 0, ())


@pytest.mark.parametrize("stated", [counts(2), counts(0, total=2), counts(1, total=2, critical="3", high=-4)])
def test_more_packages_than_are_listed_are_told(stated: Fields) -> None:
    """Where none is, nothing is known of what was found."""
    read = report({**scanned(left=package(via())), "metadata": stated})
    assert (read.scan, read.warnings) == (Scan.FINDINGS, ("the report says that npm found more than it lists",))
    read = report({**scanned(), "metadata": stated})
    assert (read.scan, len(read.warnings)) == (Scan.FAILED, 1)


def test_advisories_that_are_counted_and_not_listed_are_told() -> None:
    """They are counted by path, and some are left out on somebody's word: it is not said that the scan failed."""
    told = ("the report says that the package manager found more than it lists",)
    assert (report(old(metadata=counts(1))).scan, report(old(metadata=counts(1))).warnings) == (Scan.CLEAN, told)
    assert report(old(advisory(), metadata=counts(9))).warnings == ()
    assert report(old(metadata=counts(1), muted=[3])).warnings == ()


def test_more_paths_than_yarn_has_lines_for_are_told() -> None:
    """A level that it was asked for leaves lines out."""
    summary = {"type": "auditSummary", "data": counts(2)}
    read = read_bytes(yarn(resolved("shop>left"), summary))
    assert read.warnings == ("the report says that Yarn found more than it lists",)
    assert read_bytes(yarn(resolved("shop>left"), resolved("desk>left"), summary)).warnings == ()


def test_containers() -> None:
    """By package, by advisory, and by line."""
    assert report(SAMPLE).results == 3
    assert report(old(advisory(1), advisory(2), muted=[3])).results == 3
    assert report(old(muted=[3])).suppressed == 1
    lines = read_bytes(yarn({"type": "info", "data": "x"}, resolved("shop>left"), resolved("desk>left"), SUMMARY))
    assert (lines.format, lines.results, len({t.fingerprint for t in lines.findings})) == ("npm-audit", 2, 2)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ("info", Severity.INFORMATIONAL),
        ("moderate", Severity.MEDIUM),
        ("critical", Severity.CRITICAL),
        (None, Severity.UNKNOWN),
    ],
)
def test_severity_is_the_word(reported: str | None, expected: Severity) -> None:
    """In npm's spelling."""
    assert one(scanned(left=package(via(), severity=reported))).severity.normalised is expected
    assert one(old(advisory(severity=reported))).severity.normalised is expected


def test_a_package_is_known_by_its_advisories_in_any_order() -> None:
    """A new one is another finding: somebody has to look."""
    first, second = via(), via("GHSA-dddd-eeee-ffff")
    both = one(scanned(left=package(first, second))).fingerprint
    assert one(scanned(left=package(second, first))).fingerprint == both
    assert one(scanned(left=package(first))).fingerprint != both
    assert one(scanned(left=package(first, "right"))).fingerprint != one(scanned(left=package(first))).fingerprint


def test_a_package_that_is_vulnerable_through_another_says_so() -> None:
    """It has no advisory of its own."""
    of_left, of_shop, of_right = found(SAMPLE)
    assert of_left.aliases == ("GHSA-aaaa-bbbb-cccc", "GHSA-dddd-eeee-ffff", "CWE-400")
    assert (of_shop.title, of_shop.aliases) == ("@acme/shop depends on left", ())
    assert (of_right.rule_id, of_right.labels["through"]) == ("1094219", "left")


def test_a_package_has_its_url_and_places() -> None:
    """The version that is installed is not told by npm 7; what fixes another package fixes not this one."""
    finding = one(scanned(left=package(via())))
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:npm/left", ("1.0.1",))
    assert [place.logical for place in finding.locations] == ["node_modules/left"]
    other = one(scanned(left=package(via(), fixAvailable={"name": "shop", "version": "2.0.0"})))
    assert other.package is not None
    assert (other.package.fixed_versions, other.labels["fix"]) == ((), "shop 2.0.0")


def test_an_advisory_names_version_paths_and_cve() -> None:
    """All of them."""
    finding = one(old(advisory()))
    assert finding.package is not None
    assert (finding.package.purl, finding.rule_id, finding.rule_name) == (
        "pkg:npm/left@1.0.0",
        "GHSA-aaaa-bbbb-cccc",
        "CVE-2026-0001",
    )
    assert [place.logical for place in finding.locations] == ["shop>left", "desk>left"]
