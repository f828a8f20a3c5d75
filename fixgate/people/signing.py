"""How a person signs: with OpenSSH's own `ssh-keygen`, which speaks to the agent, to security keys and to key files.

No private key ever passes through this program: it hands over the bytes to be signed and takes the signature.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.events import PersonSignature
from fixgate.people.keys import PublicKey, parse_key
from fixgate.people.roster import Person, Roster
from fixgate.people.sshsig import NAMESPACE, dearmored, signing_key, verify_with

WAIT_S: Final = 120.0
"""How long a person may take to type a passphrase or to touch a key."""
_AGENT_WAIT_S: Final = 10.0
_AGENT = "SSH_AUTH_SOCK"


def public_key(path: Path) -> PublicKey:
    """The public key at `path`, or beside the private key at `path` as `path.pub`.

    Raises Misconfigured when there is none, Refused when it is of a kind that does not count.
    """
    beside = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    try:
        return parse_key(beside.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"the public key {beside} cannot be read: {error}", remedy=f"Write it: ssh-keygen -y -f {path} > {beside}"
        ) from None


def agent_keys() -> tuple[PublicKey, ...]:
    """The keys that the ssh-agent holds and that may count; empty without an agent. Blocks for it."""
    if not os.environ.get(_AGENT):
        return ()
    listed = _run(["ssh-add", "-L"], b"", _AGENT_WAIT_S)
    found: list[PublicKey] = []
    for line in listed.stdout.decode(errors="replace").splitlines():
        try:
            found.append(parse_key(line))
        except Refused:
            continue  # a certificate, a small key: it could not sign for us anyway
    return tuple(found)


def signer(roster: Roster, name: str, file: Path | None) -> tuple[Person, PublicKey]:
    """Who signs with what: the person `name`, or, when it is empty, the one whose key is given or in the agent.

    Raises Refused when they are not in the roster, Misconfigured when no key of theirs can be found or several people's
    keys are there.
    """
    keys = (public_key(file),) if file else agent_keys()
    if name and roster.person(name) is None:
        raise Refused(f"{name} is not in roster {roster.version}", remedy="See `fixgate roster show`.")
    owned = [(person, key) for key in keys if (person := roster.owner_of(key.fingerprint)) is not None]
    mine = [(person, key) for person, key in owned if not name or person.name == name]
    if mine and len({person.name for person, _ in mine}) == 1:
        return mine[0]
    if mine:
        people = ", ".join(sorted({person.name for person, _ in mine}))
        raise Misconfigured(f"the agent holds keys of several people: {people}", remedy="Say who signs with --as NAME.")
    if file:
        whose = f"is {owned[0][0].name}'s" if owned else f"is nobody's in roster {roster.version}"
        raise Refused(f"the key {keys[0].fingerprint} {whose}", remedy="See `fixgate roster show` for the keys.")
    raise Misconfigured(
        f"no key of {name or 'anybody in the roster'} is in the ssh-agent",
        remedy="Give the key's file with --key, or add it: ssh-add FILE",
    )


def sign(person: str, key: PublicKey, file: Path | None, message: bytes) -> PersonSignature:
    """The person's signature over `message`; with the key's file, else by the agent. May ask on the terminal.

    Raises Refused when OpenSSH does not sign, or signs with another key; Unavailable when it takes too long.
    """
    if file is not None:
        made = _signed(file, message)
    else:
        with tempfile.TemporaryDirectory(prefix="fixgate-") as folder:
            aside = Path(folder) / "key.pub"
            aside.write_text(key.line + "\n", encoding="ascii")
            made = _signed(aside, message)
    if signing_key(made) != key:
        raise Refused(f"ssh-keygen signed with {signing_key(made).fingerprint}, not with {key.fingerprint}")
    verify_with(key, made, message)
    return PersonSignature(person=person, key=key.fingerprint, signature=made)


def _signed(file: Path, message: bytes) -> bytes:
    done = _run(["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", str(file)], message, WAIT_S)
    if done.returncode:
        said = (done.stderr or b"").decode(errors="replace").strip().splitlines()
        raise Refused(
            f"ssh-keygen did not sign: {said[-1] if said else f'exit code {done.returncode}'}",
            remedy="Is the key in the agent (ssh-add -l), or its private half at the given path?",
        )
    return dearmored(done.stdout.decode("ascii", "replace"))


def _run(command: list[str], data: bytes, wait_s: float) -> "subprocess.CompletedProcess[bytes]":
    # A person at a terminal is asked to touch the key there; otherwise what is said goes into the error.
    told = None if sys.stderr.isatty() else subprocess.PIPE
    try:
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=told, timeout=wait_s, check=False)
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed", remedy="Install OpenSSH's client (8.2 or later).") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} gave no answer in {wait_s:.0f} s") from None
