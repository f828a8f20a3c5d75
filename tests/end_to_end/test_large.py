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
from fixgate.sealing import load_unseal
from fixgate.signing import digest
from tests.end_to_end.town import Town
from tests.reports.making import data, leak

FINDINGS = 3


def test_a_large_report_comes_through_and_its_original_is_kept(quiet_town: Town, tmp_path: Path) -> None:
    """Stored by whoever publishes it, fetched by ingest, kept for the deployment's key; and signed like any finding."""
    stack = quiet_town.stack
    secret = "large-" + "v4lue" * 5
    report = data([leak(f"{secret}{n}", File=f"large{n}") for n in range(FINDINGS)]) + b" " * (9 * MIB)
    path = tmp_path / "large.json"
    path.write_bytes(report)
    result = CliRunner().invoke(app, ["publish", str(path), "--json"], env=stack.environment("scanner"))
    assert result.exit_code == 0, (result.output, result.exception)
    assert json.loads(result.stdout)["segments"] == 3

    def found() -> list[Finding]:
        own = [f for _, f in quiet_town.feed.all(Finding) if f.original.digest == digest(report)]
        return own if len(own) == FINDINGS else []

    findings = quiet_town.feed.wait(found, "the findings of the large report")
    (stored,) = {f.original.stored for f in findings}
    assert stored is not None
    unseal = load_unseal(stack.home.keys / f"{REPORTS_KEY}.key")
    store = open_objects("", stack.home.path)
    assert b"".join(originals.original(digest(report), stored, store, unseal)) == report
