"""Kept originals: each sealed for whoever holds the deployment's private key, and how they are opened again.

A finding says where its report is (`Original.stored`). One that came in a message is one sealed object, bound to
`CONTEXT` and its digest. A larger one is kept in segments (`segments.py`), and what the finding names is their
manifest, sealed as well and bound to `LARGE` and the digest: so which of the two it is shows when it is opened.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from fixgate.errors import Refused
from fixgate.events import Stored
from fixgate.objects import ObjectStore
from fixgate.rejections import Sealer
from fixgate.sealing import Unseal
from fixgate.segments import Purpose, manifest_of, opened, store
from fixgate.signing import digest

CONTEXT: Final = b"fixgate original "
LARGE: Final = b"fixgate original in segments "


def keep(report: bytes, name: str, to: ObjectStore, seal: Sealer) -> Stored:
    """Keep a report, `name` being its digest. Blocks; raises Transient when the store cannot take it."""
    return _put(seal.seal(report, CONTEXT + name.encode()), to, seal)


def keep_large(report: BinaryIO, to: ObjectStore, seal: Sealer) -> Stored:
    """Keep a report that is a file, segment by segment. Blocks; raises Transient when the store cannot take it."""
    manifest = store(report, to, seal, Purpose.ORIGINAL)
    return _put(seal.seal(manifest.encode(), LARGE + manifest.digest.encode()), to, seal)


def original(name: str, stored: Stored, of: ObjectStore, unseal: Unseal) -> Iterator[bytes]:
    """The bytes of the original with the digest `name`, in pieces; believe them only when the iteration has ended.

    Blocks. Raises Refused when they do not open here or are not that report, Unavailable when they are not there,
    Poison when a segment is not what it should be, Transient when the store cannot be read now.
    """
    sealed = of.get(stored.location)
    try:
        manifest = manifest_of(unseal.open(sealed, LARGE + name.encode()))
    except Refused:
        plain = unseal.open(sealed, CONTEXT + name.encode())
        _check(name, digest(plain))
        yield plain
    else:
        _check(name, manifest.digest)
        yield from opened(manifest, of, unseal, Purpose.ORIGINAL)


def _check(name: str, found: str) -> None:
    # Whoever has the public key can seal anything for any context.
    if found != name:
        raise Refused("what is kept there is another report than the finding names")


def _put(sealed: bytes, to: ObjectStore, seal: Sealer) -> Stored:
    return Stored(digest=digest(sealed), location=to.put(sealed), size=len(sealed), sealing_key=seal.key_id)
