"""The format for everybody else: what a mapping may say, and that a bad one is refused in so many words."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import ACCOUNT, KEY_ID, data, one, report

LEAKED: Final = "hunter" + "2" * 20
PAGE: Final = Path(__file__).parents[3] / "docs/formats/generic.md"
MAPPING: Final = {"rule": "check.id", "severity": "prio", "path": "/where/file", "line": "where.line", "id": "uid"}


def result(rule: str = "old-tls", /, **changes: Any) -> dict[str, Any]:
    """A result of a tool that nobody knows."""
    made = {"check": {"id": rule}, "prio": "high", "where": {"file": "etc/nginx.conf", "line": 12}}
    return {**made, **changes}


def head(**changes: Any) -> dict[str, Any]:
    """What stands above the results."""
    return {"fixgate": "generic/1", "tool": {"name": "house-scanner"}, "mapping": MAPPING, **changes}


def mapped(*results: object, **changes: Any) -> dict[str, Any]:
    """A report whose results have names of their own."""
    return head(results=list(results), **changes)


def plain(*results: object, **changes: Any) -> dict[str, Any]:
    """A report whose results have our names."""
    return {"fixgate": "generic/1", "tool": {"name": "house-scanner"}, "results": list(results), **changes}


SAMPLE: Final = mapped(
    result(uid="a-1"),
    result("weak-cipher"),
    result("bucket-public", prio="P1", target="arn:aws:s3:::acme-assets", where={}),
    result("muted", state="muted"),
    mapping={**MAPPING, "resource": "target", "status": "state", "secret": "found.0"},
    words={"severity": {"P1": "critical"}, "status": {"muted": "suppressed"}},
    constants={"account": ACCOUNT},
)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fixgate": "generic/2"}, "version of the generic format that is not known; known is generic/1"),
        ({"tool": {}}, "which tool made it"),
        ({"tool": "house-scanner"}, "which tool made it"),
        ({"results": None}, 'no array "results"'),
        ({"results": {"0": {}}}, 'no array "results"'),
        ({"complete": "yes"}, '"complete" that is neither'),
        ({"maping": {}}, 'a field "maping" beside its results; known are complete, constants'),
        ({"mapping": ["rule"]}, '"mapping" that is no object'),
        ({"mapping": {"rul": "check.id"}}, 'a "mapping" of "rul", which is none of our names: account, aliases'),
        ({"mapping": {"rule": 7}}, 'a mapping of "rule" that is no path'),
        ({"mapping": {"rule": ""}}, 'a mapping of "rule" that is no path'),
        ({"mapping": {"rule": "check..id"}}, 'a mapping of "rule" with nothing between two dots'),
        ({"mapping": {"rule": ".".join("a" * 21)}}, "more than 20 steps"),
        ({"words": {"severity": {"P1": 1}}}, '"words" of "severity" that are not texts'),
        ({"words": {"severity": "P1"}}, '"words" of "severity" that are not texts'),
        ({"words": {"level": {}}}, 'a "words" of "level"'),
        ({"constants": {"account": ["1"]}}, 'a constant "account" that is neither'),
        ({"constants": {"acct": "1"}}, 'a "constants" of "acct"'),
    ],
)
def test_a_bad_head_refuses_the_report(changes: Mapping[str, Any], why: str) -> None:
    """It says which name, and why; a mapping that is half right would lose findings in silence."""
    with pytest.raises(Poison, match=re.escape(why)):
        report(mapped(result()) | dict(changes))


def test_a_name_that_may_be_a_text_is_not_repeated() -> None:
    """A message holds nothing of a report but plain names."""
    with pytest.raises(Poison) as raised:
        report(mapped(result()) | {f"token {LEAKED}": 1})
    assert LEAKED not in str(raised.value)


@pytest.mark.parametrize("value", [{"fixgate": "other/1"}, {"fixgate": 1, "results": []}, [mapped(result())]])
def test_without_the_mark_it_is_another_format(value: object) -> None:
    """Nothing else makes a report generic."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(value)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (7, "wrong types"),
        ({"rule": {"id": "x"}}, "/rule"),
        ({"rule": True}, "/rule"),
        ({"rule": "x", "line": "twelve"}, "/line"),
        ({"rule": "x", "line": -1}, "/line"),
        ({"rule": "x", "aliases": [1]}, "/aliases"),
        ({"severity": "high"}, "neither a rule nor a title"),
        ({"rule": "x", "resource": "NOT A BUCKET", "resource_kind": "aws.s3.bucket"}, "none of its kind"),
        ({"rule": "x", "resource": "deploy", "resource_kind": "aws.iam.access_key"}, "none of its kind"),
    ],
)
def test_a_result_that_cannot_be_used_is_rejected_alone(broken: object, why: str) -> None:
    """The others become findings; our name of the field is told."""
    read = report(plain(broken, {"rule": "good"}))
    assert len(read.findings) == 1
    (rejected,) = read.rejected
    assert (rejected.pointer, why in rejected.why) == ("/results/0", True)


def test_the_pages_example_is_read() -> None:
    """As the page says; and its line of jq makes a head that is one."""
    text = PAGE.read_text()
    example = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert example is not None
    read = read_bytes(example[1].encode())
    assert (read.format, read.suppressed, read.rejected) == ("generic", 1, ())
    first, second = (told.draft for told in read.findings)
    assert first.resource is not None
    assert (first.resource.kind, first.resource.region) == ("aws.s3.bucket", "eu-west-1")
    assert (first.severity.normalised, first.severity.reported) == (Severity.CRITICAL, "P1")
    assert (second.locations[0].path, second.locations[0].start_line) == ("etc/nginx.conf", 12)
    program = re.search(r"jq '(.*?), results: \.\}'", text)
    assert program is not None
    wrapped = json.loads(re.sub(r"(\w+):", r'"\1":', program[1]) + ', "results": []}')
    assert report(wrapped).scan is Scan.CLEAN


def test_every_name_is_on_the_page() -> None:
    """And no other is in its table."""
    from fixgate.reports.formats.generic_shapes import NAMES  # noqa: PLC0415 - what this test alone looks into

    table = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} == NAMES


def test_lines_have_their_head_first() -> None:
    """Each other line is a result; one that is broken costs itself alone."""
    text = b"\n".join([data(head()), data(result()), b'{"check": ', data(result("weak-cipher"))])
    read = read_bytes(text)
    assert (read.format, len(read.findings), len(read.rejected)) == ("generic", 2, 1)
    assert read.findings[0].draft.pointer == "line 2"


def test_values_may_go_over_many_lines() -> None:
    """As jq prints them; a head alone says nothing of results."""
    text = "\n".join(json.dumps(value, indent=2) for value in (head(), result(), result("weak-cipher")))
    assert len(read_bytes(text.encode()).findings) == 2
    with pytest.raises(Poison, match='no array "results"'):
        report(head())


def test_results_may_have_our_names() -> None:
    """Then there is no mapping; with one, nothing else is read."""
    own = {"rule": "old-tls", "severity": "high", "path": "etc/nginx.conf", "line": "12"}
    finding = one(plain(own))
    assert (finding.rule_id, finding.locations[0].start_line) == ("old-tls", 12)
    assert one(mapped(own | result("weak-cipher"))).rule_id == "weak-cipher"


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"severity": "HIGH"}, Severity.HIGH),
        ({"severity": 1}, Severity.CRITICAL),
        ({"severity": "loud"}, Severity.UNKNOWN),
        ({"severity": None}, Severity.UNKNOWN),
        ({}, Severity.UNKNOWN),
        ({"score": 7.5}, Severity.HIGH),
        ({"score": 75.0}, Severity.UNKNOWN),
        ({"severity": "low", "score": 9.9}, Severity.LOW),
    ],
)
def test_the_severity_is_the_reports_own_table_then_the_word(fields: Mapping[str, Any], severity: Severity) -> None:
    """What is in neither is unknown."""
    made = plain({"rule": "x", **fields}, words={"severity": {"1": "critical"}})
    assert one(made).severity.normalised is severity


@pytest.mark.parametrize(
    ("status", "counted"),
    [("passed", (1, 0, 0)), ("OK", (1, 0, 0)), ("ignored", (0, 1, 0)), ("fixed", (0, 0, 1)), ("odd", (0, 0, 1))],
)
def test_a_status_counts_a_result_apart(status: str, counted: tuple[int, int, int]) -> None:
    """A word that is not known is a finding."""
    read = report(plain({"rule": "x", "status": status}))
    assert (read.passed, read.suppressed, len(read.findings)) == counted


def test_what_is_resolved_is_a_finding_that_is() -> None:
    """A word that is not known is unknown."""
    assert one(plain({"rule": "x", "status": "fixed"})).status is FindingStatus.RESOLVED
    assert one(plain({"rule": "x", "status": "odd"})).status is FindingStatus.UNKNOWN
    assert one(plain({"rule": "x"})).status is FindingStatus.OPEN


def test_an_id_is_the_identity_and_else_what_it_is_about() -> None:
    """Lines, titles and severities never are."""
    same = report(mapped(result(uid=7, prio="low", where={"file": "b", "line": 9}))).findings[0].fingerprint
    assert report(mapped(result(uid=7))).findings[0].fingerprint == same
    moved = result(where={"file": "/builds/acme/shop/etc/nginx.conf", "line": 99}, prio="low")
    assert report(mapped(moved)).findings[0].fingerprint == report(mapped(result())).findings[0].fingerprint
    other = result(where={"file": "etc/other.conf"})
    assert report(mapped(other)).findings[0].fingerprint != report(mapped(result())).findings[0].fingerprint


@pytest.mark.parametrize(
    ("fields", "kind", "name"),
    [
        ({"resource": "arn:aws:s3:::acme-assets"}, "aws.s3.bucket", "arn:aws:s3:::acme-assets"),
        ({"resource": "acme-assets", "resource_kind": "aws.s3.bucket"}, "aws.s3.bucket", "arn:aws:s3:::acme-assets"),
        ({"resource": KEY_ID}, "aws.iam.access_key", KEY_ID),
        ({"secret": KEY_ID}, "aws.iam.access_key", KEY_ID),
        ({"resource": "shop/web", "resource_kind": "kubernetes.pod"}, "kubernetes.pod", "shop/web"),
        ({"resource": "printer 3"}, "resource", "printer 3"),
    ],
)
def test_a_resource_has_the_name_that_it_has_everywhere(fields: Mapping[str, Any], kind: str, name: str) -> None:
    """So that the same problem is one."""
    found = one(plain({"rule": "x", **fields})).resource
    assert found is not None
    assert (found.kind, found.id) == (kind, name)


def test_a_secret_leaves_a_mark_alone() -> None:
    """Masked in every text, and the rule says what it is."""
    finding = one(
        plain({"rule": "api-key", "secret": LEAKED, "snippet": f"key={LEAKED}", "title": LEAKED, "path": "a"})
    )
    assert finding.secret is not None
    assert finding.secret.kind == "api_key"
    assert LEAKED not in repr(finding)


def test_code_that_may_hold_a_secret_is_not_kept() -> None:
    """By the rule's name, where the report does not say what the secret is."""
    own = {"path": "a.py", "snippet": LEAKED}
    assert LEAKED not in repr(one(plain({"rule": "hardcoded-password", **own})))
    assert one(plain({"rule": "old-tls", **own})).locations[0].snippet == LEAKED


def test_packages_identities_and_places_are_extracted() -> None:
    """Where the report has them."""
    finding = one(
        plain(
            {"rule": "GHSA-1", "aliases": "CVE-2026-1", "package": "semver", "package_manager": "npm"},
            constants={"package_version": "7.5.1", "repository": "https://git.test/acme/shop", "identity": "ada"},
        )
    )
    assert finding.package is not None
    assert finding.package.purl == "pkg:npm/semver@7.5.1"
    assert (finding.aliases, finding.repository) == (("CVE-2026-1",), "https://git.test/acme/shop")
    assert finding.identity is not None
    assert (finding.identity.kind, finding.identity.id) == ("identity", "ada")


def test_a_scan_that_did_not_end_is_failed_and_an_empty_one_is_clean() -> None:
    """The sender says which."""
    assert report(plain(complete=False)).scan is Scan.FAILED
    assert report(plain()).scan is Scan.CLEAN
    assert report(plain(**{"x-run": 7})).scan is Scan.CLEAN
