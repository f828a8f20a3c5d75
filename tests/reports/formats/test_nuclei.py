"""nuclei: both spellings, what was matched where, and that what was extracted may be a secret."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import data, found, one, report

LEAKED: Final = "hunter" + "2" * 20


def match(template: str = "cve-2026-1", /, **changes: Any) -> dict[str, Any]:
    """A match of version 3."""
    made: dict[str, Any] = {
        "template": f"http/{template}.yaml",
        "template-id": template,
        "info": {
            "name": "Admin panel",
            "author": ["ada"],
            "tags": ["panel", "http"],
            "description": "It is open.",
            "reference": ["https://example.test/1"],
            "severity": "high",
            "classification": {"cve-id": ["cve-2026-1"], "cwe-id": ["cwe-200"]},
        },
        "type": "http",
        "host": "shop.test",
        "matched-at": "https://shop.test:8443/admin?session=1#top",
        "ip": "192.0.2.1",
        "timestamp": "2026-01-02T03:04:05.559886+01:00",
        "matcher-status": True,
    }
    return {**made, **changes}


def old(**changes: Any) -> dict[str, Any]:
    """A match of version 2."""
    info = {
        "name": "Panel",
        "author": "ada",
        "severity": "medium",
        "tags": "panel,http",
        "reference": "- https://a.test\n",
    }
    made = {
        "templateID": "panel",
        "info": info,
        "type": "http",
        "host": "https://shop.test",
        "matched": "https://shop.test/x",
    }
    return {**made, **changes}


def lines(*values: object) -> bytes:
    """One a line."""
    return b"\n".join(data(value) for value in values)


SAMPLE: Final = lines(match(), match("weak-tls", type="ssl", **{"matched-at": "shop.test:443"}), old())


@pytest.mark.parametrize(
    "other",
    [{"template-id": "x", "host": "y"}, {"info": {}, "host": "y"}, {"template-id": "x", "info": {"name": "y"}}],
)
def test_a_template_alone_is_no_match(other: object) -> None:
    """It has to say what it is about and where it was tried."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


@pytest.mark.parametrize("broken", [match(**{"template-id": 7}), match(info="x"), match(**{"matcher-status": "no"})])
def test_a_field_of_another_type_rejects_that_match_alone(broken: object) -> None:
    """The others become findings."""
    read = read_bytes(lines(broken, match("other")))
    assert (len(read.findings), len(read.rejected)) == (1, 1)


@pytest.mark.parametrize("value", [match(), [match()], old(), [old()]])
def test_matches_come_alone_or_in_an_array(value: object) -> None:
    """Of both versions."""
    read = report(value)
    assert (read.format, len(read.findings)) == ("nuclei", 1)


def test_what_did_not_match_has_passed() -> None:
    """With `-matcher-status` nuclei writes these, too."""
    read = report([match(**{"matcher-status": False}), match()])
    assert (read.passed, len(read.findings), read.scan, read.warnings) == (1, 1, Scan.FINDINGS, ())
    untried = report([match(error="no route", **{"matcher-status": False})])
    assert any("could not try" in warning for warning in untried.warnings)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("info", Severity.INFORMATIONAL),
        ("critical", Severity.CRITICAL),
        ("unknown", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_severity_is_the_templates_word(word: str | None, severity: Severity) -> None:
    """Unknown is not low."""
    assert one(match(info={"name": "x", "severity": word})).severity.normalised is severity


def test_queries_and_times_are_no_part_of_the_identity() -> None:
    """A session in an address is another one each time."""
    later = match(timestamp="2026-05-05T00:00:00Z", **{"matched-at": "https://shop.test:8443/admin?session=2"})
    assert report(later).findings[0].fingerprint == report(match()).findings[0].fingerprint
    for other in (
        match("other"),
        match(**{"matcher-name": "nginx"}),
        match(**{"matched-at": "https://shop.test:8443/other"}),
    ):
        assert report(other).findings[0].fingerprint != report(match()).findings[0].fingerprint


@pytest.mark.parametrize(
    ("at", "resource"),
    [
        ("https://ada:pw@shop.test:8443/admin", "shop.test:8443"),
        ("shop.test:22", "shop.test:22"),
        ("shop.test", "shop.test"),
        ("Shop.Test", "shop.test"),
        ("http://[", "shop.test"),
    ],
)
def test_the_server_is_the_resource(at: str, resource: str) -> None:
    """By name and port, without who asked."""
    finding = one(match(**{"matched-at": at}))
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("network.host", resource)
    assert "pw@" not in repr(finding)


def test_a_match_in_a_file_has_a_place() -> None:
    """Relative to what was scanned."""
    finding = one(match(type="file", **{"matched-at": "/builds/acme/shop/a.env", "matched-line": [3]}))
    assert (finding.locations[0].path, finding.locations[0].start_line, finding.resource) == ("a.env", 3, None)


def test_what_a_template_of_tokens_extracted_is_a_secret() -> None:
    """Another template's extract is none, and is not kept."""
    info = {"name": "token", "severity": "high", "tags": ["exposure", "token"]}
    finding = one(match(info=info, **{"extracted-results": [LEAKED], "matched-at": f"https://shop.test/{LEAKED}"}))
    assert finding.secret is not None
    assert LEAKED not in repr(finding)
    plain = one(match(**{"extracted-results": [LEAKED]}))
    assert plain.secret is None
    assert LEAKED not in repr(plain)


def test_references_and_names_are_extracted() -> None:
    """Older templates wrote their references as one text."""
    new, before = found([match(), old()])
    assert (new.aliases, new.links) == (("CVE-2026-1",), ("https://example.test/1",))
    assert before.links == ("https://a.test",)
    assert before.labels["tags"] == "panel,http"
