"""What the operations guide tells administrators to run is run."""

import re
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixgate.cli import app
from fixgate.people.roster import Roster
from fixgate.policy.cases import UNREMARKABLE
from fixgate.policy.ceiling import Ceiling

OPERATIONS = Path(__file__).resolve().parents[2] / "docs/operations.md"
NAMES = ("alice", "bob")


def test_a_roster_and_a_ceiling_made_by_the_book_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun, written, signed and put together in the guide's own words; without one signature it counts for nothing."""
    text = OPERATIONS.read_text(encoding="utf-8")
    [begin] = re.findall(r"^    fixgate (roster init (?:.+\n)+?)\n", text, re.MULTILINE)
    [sign] = re.findall(r"`(ssh-keygen -Y sign [^`]+)`", text)
    write, join = re.findall(r"^```python\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIXGATE_HOME", str(tmp_path))
    for name in NAMES:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{name}.key"], check=True)

    # The guide has the agent sign; here the private key's file does.
    begun = CliRunner().invoke(app, shlex.split(begin.replace("\\\n", " ").replace(".pub", ".key")))
    assert begun.exit_code == 0, begun.output
    roster = Roster.model_validate_json((tmp_path / "roster/1.json").read_bytes())
    exec(write, {})  # noqa: S102 - the guide's own words
    for name in NAMES:
        subprocess.run(["sh", "-c", sign.replace("alice", name)], check=True)
    exec(join, {})  # noqa: S102 - the guide's own words

    subject = replace(UNREMARKABLE, template="aws-s3-block-public-access", environment="staging")
    now = datetime.now(UTC)
    assert Ceiling.load(tmp_path / "ceiling.json").allows(subject, roster, now)
    exec(join.replace(', signature("bob")', ""), {})  # noqa: S102 - the guide's own words, but for one signature
    assert not Ceiling.load(tmp_path / "ceiling.json").allows(subject, roster, now)
