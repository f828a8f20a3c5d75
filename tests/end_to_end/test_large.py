"""A report that no message holds, by the command line and every process of the pipeline."""

import json
from pathlib import Path

from typer.testing import CliRunner

from fixgate import originals
from fixgate.cli import app
from fixgate.events import Finding
from fixgate.graph import MIB
from fixgate.local.pipeline import REPORTS_KEY
from fixgate.objects import open_objects
from fixgate.receiving import editing
from fixgate.sealing import load_unseal
from fixgate.signing import digest
from tests.end_to_end.town import Town
from tests.reports.making import data, leak

FINDINGS = 3


def large(name: str) -> bytes:
    """A report that no message holds, with a few results of its own."""
    secret = f"{name}-" + "v4lue" * 5
    return data([leak(f"{secret}{n}", File=f"{name}{n}") for n in range(FINDINGS)]) + b" " * (9 * MIB)


def findings_of(town: Town, report: bytes) -> list[Finding]:
    """All of its findings, once they are there."""

    def found() -> list[Finding]:
        own = [f for _, f in town.feed.all(Finding) if f.original.digest == digest(report)]
        return own if len(own) == FINDINGS else []

    return town.feed.wait(found, "the findings of a large report")


def test_a_large_report_over_http_is_findings_too(quiet_town: Town) -> None:
    """Of the source that sent it, as it was proved; as every stack is set up, with nothing to add but a limit."""
    sources = quiet_town.stack.home.path / "sources.yaml"
    shown = {"Authorization": f"Bearer {editing.add(sources, 'e2e-large', {'kind': 'token'})}"}
    report = large("handed-in")
    assert quiet_town.hand_in(report, shown)[0] == 413
    editing.limit(sources, "e2e-large", {"max_bytes": 16 * MIB})
    status, told = quiet_town.hand_in(report, shown)
    assert (status, told["digest"], told["segments"]) == (202, digest(report), 3)
    proved = {(f.source.name, f.source.principal) for f in findings_of(quiet_town, report)}
    assert proved == {("e2e-large", "token:e2e-large")}


def test_a_large_report_comes_through_and_its_original_is_kept(quiet_town: Town, tmp_path: Path) -> None:
    """Stored by whoever publishes it, fetched by ingest, kept for the deployment's key; and signed like any finding."""
    stack = quiet_town.stack
    report = large("large")
    path = tmp_path / "large.json"
    path.write_bytes(report)
    result = CliRunner().invoke(app, ["publish", str(path), "--json"], env=stack.environment("scanner"))
    assert result.exit_code == 0, (result.output, result.exception)
    assert json.loads(result.stdout)["segments"] == 3
    (stored,) = {f.original.stored for f in findings_of(quiet_town, report)}
    assert stored is not None
    unseal = load_unseal(stack.home.keys / f"{REPORTS_KEY}.key")
    store = open_objects("", stack.home.path)
    assert b"".join(originals.original(digest(report), stored, store, unseal)) == report
