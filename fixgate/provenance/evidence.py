"""One finding's records with their proofs, as a file that a stranger can verify with nothing but the log's keys.

The file is JSON. `records` holds, in the order of the log, each record's exact bytes, its certificate chain and the
proof of its leaf; `bundles` the proofs of the trust bundles that the log noted up to then. `after` of a record is the
newest cosigned checkpoint that did not have it yet: it bounds from below when the leaf was written.

Besides what is about the findings there are the records that those were made from, and every roster.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from fixgate.errors import Refused
from fixgate.strict64 import strictly

FORMAT: Final = "fixgate-evidence/1"
FILE_LIMIT: Final = 256 << 20
RECORDS_LIMIT: Final = 100_000


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
            if len(document["records"]) > RECORDS_LIMIT:
                raise Refused(f"{bad}: it has more than {RECORDS_LIMIT} records")
            return Evidence(
                finding_ids=tuple(_text(f) for f in document["findings"]),
                entries=tuple(_entry(e) for e in document["records"]),
                bundles=tuple(json.dumps(b).encode() for b in document["bundles"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Refused(bad) from None


def _entry(found: Any) -> Entry:
    after = found["after"]
    return Entry(
        value=strictly(found["value"]),
        certificate=strictly(found["certificate"]),
        proof=json.dumps(found["proof"]).encode(),
        after=None if after is None else _text(after).encode(),
    )


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError(found)
    return found
