"""One finding's records with their proofs, as a file that a stranger can verify with nothing but the log's keys.

The file is JSON. `records` holds, in the order of the log, each record's exact bytes, its certificate chain and the
proof of its leaf; `bundles` the proofs of the trust bundles that the log noted up to then. `after` of a record is the
newest cosigned checkpoint that did not have it yet: it bounds from below when the leaf was written.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fixgate.errors import Refused
from fixgate.log.audit import Keys
from fixgate.log.history import History
from fixgate.log.proof import prove_at
from fixgate.log.storage import Store
from fixgate.objects import ObjectStore
from fixgate.provenance.archive import Archive, Logged

FORMAT: Final = "fixgate-evidence/1"
FILE_LIMIT: Final = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record: its bytes, its certificate chain (DER, leaf first), its leaf's proof, and a checkpoint before it."""

    value: bytes
    certificate: bytes
    proof: bytes
    after: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything about some findings, in the order of the log."""

    finding_ids: tuple[str, ...]
    entries: tuple[Entry, ...]
    bundles: tuple[bytes, ...]

    def dump(self) -> bytes:
        """The file's bytes."""
        document = {
            "format": FORMAT,
            "findings": list(self.finding_ids),
            "records": [
                {
                    "value": base64.b64encode(e.value).decode(),
                    "certificate": base64.b64encode(e.certificate).decode(),
                    "proof": json.loads(e.proof),
                    "after": None if e.after is None else e.after.decode(),
                }
                for e in self.entries
            ],
            "bundles": [json.loads(b) for b in self.bundles],
        }
        return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"

    @staticmethod
    def load(data: bytes) -> "Evidence":
        """What `dump` made; raises Refused when it is anything else. Nothing in it is believed yet."""
        bad = "this is no evidence file"
        if len(data) > FILE_LIMIT:
            raise Refused(f"{bad}: it has {len(data)} bytes, over {FILE_LIMIT}")
        try:
            document: Any = json.loads(data)
            if document["format"] != FORMAT:
                raise Refused(bad, remedy=f"Expected the format {FORMAT}.")
            return Evidence(
                finding_ids=tuple(str(f) for f in document["findings"]),
                entries=tuple(_entry(e) for e in document["records"]),
                bundles=tuple(json.dumps(b).encode() for b in document["bundles"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
            raise Refused(bad) from None


def collect(archive: Archive, store: Store, objects: ObjectStore, keys: Keys, records: Sequence[Logged]) -> Evidence:
    """The evidence for these records; reads the log. Raises Refused when something cannot be proved."""
    finding_ids = tuple(dict.fromkeys(f for r in records for f in archive.findings_of(r)))
    entries = tuple(
        Entry(
            value=objects.get(r.digest),
            certificate=objects.get(r.leaf.certificate or ""),
            proof=prove_at(store, keys, r.index),
            after=_before(store, r.index),
        )
        for r in records
    )
    last = max((r.index for r in records), default=-1)
    bundles = tuple(prove_at(store, keys, index) for index, _ in archive.bundles if index <= last)
    return Evidence(finding_ids=finding_ids, entries=entries, bundles=bundles)


def _entry(found: Any) -> Entry:
    after = found["after"]
    return Entry(
        value=base64.b64decode(found["value"], validate=True),
        certificate=base64.b64decode(found["certificate"], validate=True),
        proof=json.dumps(found["proof"]).encode(),
        after=None if after is None else str(after).encode(),
    )


def _before(store: Store, index: int) -> bytes | None:
    """The newest kept checkpoint whose tree ends at or before the leaf."""
    history = History(store.read)
    newest: bytes | None = None
    for name in history.names(store):
        for size, data in history.notes(name):
            if size > index:
                return newest
            newest = data
    return newest
