"""Dead letters, read back: the record that a service could not use, as it stood in its topic (see `rejections.py`)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fixgate.broker import Headers
from fixgate.errors import Refused
from fixgate.events import Rejected
from fixgate.naming import Naming
from fixgate.rejections import LABELS_CONTEXT, SEALED_LABELS, STORED_LABELS
from fixgate.sealing import Unseal
from fixgate.signing import digest

Fetch = Callable[[str], bytes]
"""The object with a digest; raises Unavailable or Refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A record as it was: its key, its headers and its exact value."""

    key: bytes | None
    headers: Headers
    value: bytes


def origin_of(letter: Rejected, naming: Naming) -> str:
    """Where the record stood: topic (without prefix), partition and offset."""
    return f"{naming.bare(letter.origin_topic)}/{letter.origin_partition}/{letter.origin_offset}"


def original_of(letter: Rejected, naming: Naming, fetch: Fetch, unseal: Unseal | None) -> Original:
    """The record that a letter is about; what is sealed needs the private key.

    Raises Refused when the letter holds no value, when it is sealed and there is no key for it, or when the bytes are
    not those that it names; Unavailable when they are not in the object store.
    """
    sealed = letter.sealing_key is not None
    if sealed and unseal is None:
        raise Refused(
            f"the letter is sealed for the key {letter.sealing_key}: it may hold secrets",
            remedy="Give the private half with --unseal FILE, where it is kept.",
        )
    value = letter.value if letter.stored is None else fetch(letter.stored.digest)
    if value is None:
        raise Refused("the record had no value: there is nothing to put back")
    origin = origin_of(letter, naming).encode()
    if sealed and unseal is not None:
        value = unseal.open(value, origin)
    elif letter.digest != digest(value):
        raise Refused("the letter's bytes are not those that it names")
    key, headers = _labels(letter, origin, fetch, unseal if sealed else None)
    return Original(key=key, headers=headers, value=value)


def _labels(letter: Rejected, origin: bytes, fetch: Fetch, unseal: Unseal | None) -> tuple[bytes | None, Headers]:
    headers = tuple((h.name, h.value or b"") for h in letter.headers)
    kept = dict(headers)
    if len(headers) != 1 or not kept.keys() & {STORED_LABELS, SEALED_LABELS}:
        return letter.key, headers
    data = fetch(kept[STORED_LABELS].decode()) if STORED_LABELS in kept else kept[SEALED_LABELS]
    if unseal is not None:
        data = unseal.open(data, origin + LABELS_CONTEXT)
    try:
        labels: Any = json.loads(data)
        key = None if labels["key"] is None else bytes.fromhex(labels["key"])
        return key, tuple((str(name), bytes.fromhex(value)) for name, value in labels["headers"])
    except (ValueError, KeyError, TypeError):
        raise Refused("the letter's key and headers cannot be read") from None
