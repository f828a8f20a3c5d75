"""`fixgate topology apply` on a real broker: provisions any cluster, and says what it did."""

import json

import pytest
from typer.testing import CliRunner, Result

from fixgate.cli.topology import app
from fixgate.errors import Refused
from fixgate.local.stack import Stack
from fixgate.topology import DOCTOR, PROVISIONER

pytestmark = pytest.mark.broker


def apply(stack: Stack, party: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """Run it as somebody, under a prefix of its own."""
    for name, value in stack.environment(party).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FIXGATE_PREFIX", "applied.")
    monkeypatch.delenv("FIXGATE_BOOTSTRAP_SERVERS")
    command = ["apply", "--bootstrap", stack.bootstrap, "--replication", "1", *arguments]
    return CliRunner().invoke(app, command)


def test_who_may_not_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another identity than the provisioner's changes nothing."""
    assert isinstance(apply(stack, DOCTOR, monkeypatch).exception, Refused)


def test_it_provisions_and_then_changes_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run creates and grants, the second says that nothing had to be done."""
    first = json.loads(apply(stack, PROVISIONER, monkeypatch, "--json").stdout)
    assert "applied.decisions" in first["topics_created"]
    assert any("applied.gate." in line for line in first["granted"])
    assert apply(stack, PROVISIONER, monkeypatch).stdout == "nothing had to be changed\n"
