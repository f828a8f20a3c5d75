"""`fixgate topology show`: the same facts for people and for programs."""

import json

import pytest
from typer.testing import CliRunner, Result

from fixgate.cli.topology import app
from fixgate.derived.acls import grants
from fixgate.derived.diagram import mermaid
from fixgate.errors import Misconfigured
from fixgate.naming import Naming
from fixgate.topology import PIPELINE


def run(*arguments: str) -> Result:
    """Run `fixgate topology …` on a wide terminal."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "250"})


def test_two_outputs_at_once_are_refused() -> None:
    """`--json` and `--mermaid` together is a mistake."""
    assert isinstance(run("show", "--json", "--mermaid").exception, Misconfigured)


def test_the_json_has_every_topic_party_and_grant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs get the deployment's own names: prefix and trust domain from settings."""
    monkeypatch.setenv("FIXGATE_PREFIX", "x.")
    monkeypatch.setenv("FIXGATE_TRUST_DOMAIN", "example.org")
    told = json.loads(run("show", "--json").stdout)
    assert [t["name"] for t in told["topics"]] == [f"x.{name}" for name in PIPELINE.topics]
    assert [p["spiffe_id"] for p in told["parties"]] == [f"spiffe://example.org/fixgate/{n}" for n in PIPELINE.parties]
    assert len(told["grants"]) == len(grants(PIPELINE, Naming()))
    raw = next(t for t in told["topics"] if t["name"] == "x.findings.raw")
    assert (raw["retention_seconds"], raw["record"], raw["readers"]) == (86400, None, ["ingest"])


def test_the_flowchart_is_the_readmes() -> None:
    """`--mermaid` prints what the README shows."""
    assert run("show", "--mermaid").stdout == mermaid(PIPELINE) + "\n"


def test_people_see_topics_and_parties() -> None:
    """Without options there are two tables."""
    shown = run("show").stdout
    assert "findings.raw" in shown
    assert "is refused everything, as a proof" in shown


@pytest.mark.parametrize("bootstrap", ["nowhere", "host:", ":9092", "host:port"])
def test_an_address_that_is_none_is_refused(bootstrap: str) -> None:
    """A cluster is HOST:PORT."""
    from fixgate.cli.cluster import addresses  # noqa: PLC0415  # only this test looks at it

    with pytest.raises(Misconfigured, match="is not HOST:PORT"):
        addresses(bootstrap)


def test_addresses_are_taken_apart() -> None:
    """Several by commas, IPv6 in brackets."""
    from fixgate.cli.cluster import addresses  # noqa: PLC0415  # only this test looks at it

    assert addresses("a:1, [::1]:2") == [("a", 1), ("::1", 2)]
