"""The keys of the log and of the witness: Ed25519, in files of their own, apart from every SVID.

A private key's file holds one line, `PRIVATE+KEY+<name>+<key id>+<base64>`, as Go's `golang.org/x/mod/sumdb/note` and
the tools built on it write it; mode 0600. Beside it, `<file>.pub` holds the verifier key, which is what others are
given.
"""

import base64
import stat
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgate.errors import Misconfigured, Unavailable
from fixgate.files import write_private
from fixgate.log.note import Kind, NoteSigner, VerifierKey

_PREFIX: Final = "PRIVATE+KEY+"


def load_or_generate(path: Path, name: str, kind: Kind) -> NoteSigner:
    """The key in `path`, made if there is none; raises Misconfigured when what is there cannot be used.

    The caller must be alone: two processes that both find no key would each make one, and one would be lost.
    """
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        signer = NoteSigner(name, kind, key)
        material = base64.b64encode(bytes([kind]) + key.private_bytes_raw()).decode()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, f"{_PREFIX}{name}+{signer.verifier.key_id.hex()}+{material}\n".encode())
            write_private(public_path(path), f"{signer.verifier.dump()}\n".encode())
        except OSError as error:
            raise Unavailable(f"the key {path} cannot be written: {error.strerror}") from None
    return load(path, name, kind)


def load(path: Path, name: str, kind: Kind) -> NoteSigner:
    """The key in `path`; raises Misconfigured when it is another's, readable by others, or no key."""
    remedy = "Put the right file there; a log with another key is another log."
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Misconfigured(f"the key {path} can be read by others", remedy=f"Run: chmod 600 {path}")
        text = path.read_text()
        given, _, material = text.removeprefix(_PREFIX).strip().split("+", 2)
        raw = base64.b64decode(material, validate=True)
        key = Ed25519PrivateKey.from_private_bytes(raw[1:])
    except OSError as error:
        raise Misconfigured(f"the key {path} cannot be read: {error.strerror}", remedy=remedy) from None
    except ValueError:
        raise Misconfigured(f"the file {path} is no private key", remedy=remedy) from None
    if not text.startswith(_PREFIX) or given != name or raw[0] != kind:
        raise Misconfigured(f"the key {path} is not one of {name} for this use", remedy=remedy)
    return NoteSigner(name, kind, key)


def load_public(given: str) -> VerifierKey:
    """A verifier key: the text itself or a file that holds it; raises Misconfigured."""
    path = Path(given)
    try:
        text = path.read_text() if path.is_file() else given
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(f"the verifier key {given} cannot be read") from None
    return VerifierKey.load(text)


def public_path(path: Path) -> Path:
    """Where the verifier key of a private key's file stands."""
    return path.with_name(path.name + ".pub")
