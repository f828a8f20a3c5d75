"""Reports by each way in, from the sender to the finding: it names who sent it, as that was proved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from fixgate.events import Finding
from fixgate.identity import WorkloadIdentity
from fixgate.receiving import editing
from fixgate.receiving.svids import AUDIENCE
from tests.end_to_end.town import Town
from tests.receiving.reception import github

SCANNER = "spiffe://fixgate.internal/fixgate/scanner"


def sarif(rule: str) -> bytes:
    """A report with one result."""
    where = {"physicalLocation": {"artifactLocation": {"uri": f"{rule}.py"}, "region": {"startLine": 1}}}
    result = {"ruleId": rule, "message": {"text": "something odd"}, "locations": [where]}
    return json.dumps(
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": [result]}]}
    ).encode()


@dataclass(frozen=True)
class Ways:
    """The sources of these tests in a town, and what they show."""

    town: Town
    shown: Mapping[str, Any]

    def headers(self, name: str, report: bytes) -> dict[str, str]:
        """What the source of that name shows with this report."""
        match name:
            case "e2e-github":
                return github(report, self.shown[name].encode(), "code_scanning_alert")
            case "e2e-header":
                return {"X-Api-Key": self.shown[name]}
            case _:
                return {"Authorization": f"Bearer {self.shown[name]}"}

    def finding(self, rule: str) -> Finding:
        """The finding by this rule, once it is there."""
        feed = self.town.feed
        return feed.wait(lambda: next((f for _, f in feed.all(Finding) if f.rule_id == rule), None), rule)


@pytest.fixture(scope="module")
def ways(town: Town) -> Ways:
    """One source of each kind."""
    sources = town.stack.home.path / "sources.yaml"
    identity = WorkloadIdentity(town.stack.socket("scanner"))
    try:
        svid = identity.jwt(AUDIENCE)[0]
    finally:
        identity.close()
    editing.add(sources, "e2e-svid", {"kind": "svid", "spiffe_id": SCANNER})
    shown = {
        "e2e-token": editing.add(sources, "e2e-token", {"kind": "token"}),
        "e2e-header": editing.add(sources, "e2e-header", {"kind": "token", "header": "X-Api-Key"}),
        "e2e-github": editing.add(sources, "e2e-github", {"kind": "github"}),
        "e2e-svid": svid,
    }
    return Ways(town, shown)


def test_what_is_refused_becomes_no_finding(ways: Ways) -> None:
    """A body that was changed under its signature, and one that came after it and was not."""
    changed, good = sarif("e2e-changed"), sarif("e2e-good")
    headers = ways.headers("e2e-github", good)
    assert ways.town.hand_in(changed, headers, "e2e-github")[0] == 401
    assert ways.town.hand_in(good, headers, "e2e-github")[0] == 202
    assert ways.finding("e2e-good").source.name == "e2e-github"
    assert "e2e-changed" not in {f.rule_id for _, f in ways.town.feed.all(Finding)}


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        ("e2e-token", "token:e2e-token"),
        ("e2e-header", "token:e2e-header"),
        ("e2e-github", "github:e2e-github"),
        ("e2e-svid", SCANNER),
    ],
)
def test_a_finding_names_who_sent_its_report(ways: Ways, name: str, principal: str) -> None:
    """Under the source's name, and with the digest that the sender was told."""
    report = sarif(f"by-{name}")
    status, told = ways.town.hand_in(report, ways.headers(name, report), name)
    finding = ways.finding(f"by-{name}")
    assert status == 202
    assert (finding.source.name, finding.source.principal) == (name, principal)
    assert finding.original.digest == told["digest"]


def test_a_scanner_that_publishes_itself_is_named_too(ways: Ways) -> None:
    """By its own SVID; the name stays what it calls itself."""
    ways.town.sender.send(sarif("by-publish"), b"e2e-token", [("fixgate-source", b"e2e-token")])
    source = ways.finding("by-publish").source
    assert (source.name, source.principal) == ("e2e-token", SCANNER)
