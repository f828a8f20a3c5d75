"""Signing with key files and with a real agent: who is refused, and what comes out."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.people import signing
from fixgate.people.keys import parse_key
from fixgate.people.roster import Person, Role, Roster
from fixgate.people.sshsig import verify
from tests.people.persons import keygen, roster

MESSAGE = b"what is signed"


@pytest.fixture
def agent(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh-agent of its own, ended afterwards."""
    socket = short_tmp / "agent"
    told = subprocess.run(["ssh-agent", "-a", str(socket)], capture_output=True, check=True, text=True).stdout
    found = re.search(r"SSH_AGENT_PID=(\d+)", told)
    assert found
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield
    os.kill(int(found[1]), 15)
    socket.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own agent is asked."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def add(path: Path) -> None:
    """Put a key into the agent, and its file away."""
    subprocess.run(["ssh-add", "-q", str(path)], check=True, capture_output=True)
    path.unlink()


def people(folder: Path, *names: str) -> Roster:
    """A roster of people with new keys in files of their names."""
    lines = {name: keygen(folder, name).with_suffix(".pub").read_text() for name in names}
    return roster(*(Person(name=n, keys=(line,), roles=(Role.ADMINISTRATOR,)) for n, line in lines.items()))


def test_without_a_key_there_is_no_signing(tmp_path: Path) -> None:
    """No agent and no file; a file that is not there; a key that is nobody's; a name that is not in the roster."""
    known = people(tmp_path, "ann", "bob")
    with pytest.raises(Misconfigured, match="in the ssh-agent"):
        signing.signer(known, "ann", None)
    with pytest.raises(Misconfigured, match="cannot be read"):
        signing.signer(known, "ann", tmp_path / "none")
    with pytest.raises(Refused, match="nobody's"):
        signing.signer(known, "", keygen(tmp_path, "eve"))
    with pytest.raises(Refused, match="eve is not in"):
        signing.signer(known, "eve", tmp_path / "ann")
    with pytest.raises(Refused, match="is ann's"):
        signing.signer(known, "bob", tmp_path / "ann")


def test_what_openssh_refuses_is_told(tmp_path: Path) -> None:
    """Only the public half is there; the program is not there."""
    known = people(tmp_path, "ann")
    person, key = signing.signer(known, "", tmp_path / "ann")
    (tmp_path / "ann").unlink()
    with pytest.raises(Refused, match="did not sign"):
        signing.sign(person.name, key, tmp_path / "ann.pub", MESSAGE)


def test_another_key_in_the_file_is_noticed(tmp_path: Path) -> None:
    """When the private half does not belong to the public one that names the signer."""
    known = people(tmp_path, "ann")
    person, key = signing.signer(known, "", tmp_path / "ann")
    with pytest.raises(Refused, match="ssh-keygen signed with"):
        signing.sign(person.name, key, keygen(tmp_path, "eve"), MESSAGE)


def test_a_missing_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    path = keygen(tmp_path, "ann")
    key = parse_key(path.with_suffix(".pub").read_text())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="not installed"):
        signing.sign("ann", key, path, MESSAGE)


def test_a_file_signs(tmp_path: Path) -> None:
    """The key says who it is."""
    known = people(tmp_path, "ann", "bob")
    person, key = signing.signer(known, "", tmp_path / "bob")
    made = signing.sign(person.name, key, tmp_path / "bob", MESSAGE)
    assert (made.person, made.key) == ("bob", key.fingerprint)
    verify(made.signature, key.line, MESSAGE)


@pytest.mark.usefixtures("agent")
def test_the_agent_signs(tmp_path: Path) -> None:
    """With the keys of several people in it, the name is asked for; keys that do not count are passed over."""
    known = people(tmp_path, "ann", "bob")
    add(tmp_path / "bob")
    add(keygen(tmp_path, "small", "-t", "rsa", "-b", "2048"))
    person, key = signing.signer(known, "", None)
    made = signing.sign(person.name, key, None, MESSAGE)
    assert made.person == "bob"
    verify(made.signature, key.line, MESSAGE)
    add(tmp_path / "ann")
    with pytest.raises(Misconfigured, match="several people"):
        signing.signer(known, "", None)
    assert signing.signer(known, "ann", None)[0].name == "ann"
