"""What the runtime puts around every signed record; a verb leaves the default.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import digest, natural, trace_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the runtime puts around every signed record; a verb leaves the default."""

    trace_id: str = ""
    """W3C trace id of the trace in which the record was written, 32 lower-case hexadecimal digits; empty until the
    runtime fills it.
    """
    parents: tuple[str, ...] = ()
    """Digests of the records that this one was made from, in the order in which they were used."""
    stream: str = ""
    """Who counts: <service>/<shard>/<epoch of its state>; empty for writers that are no runtime service."""
    sequence: int = 0
    """1, 2, 3… per stream, output topic and output partition; 0 where nobody counts."""


def datum_envelope(record: Envelope) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "trace_id": trace_id(record.trace_id),
        "parents": list(map(digest, record.parents)),
        "stream": record.stream,
        "sequence": natural(record.sequence),
    }


def envelope_of(datum: Mapping[str, Any]) -> Envelope:
    """The record in what fastavro read."""
    return Envelope(
        trace_id=trace_id(datum["trace_id"]),
        parents=tuple(map(digest, datum["parents"])),
        stream=datum["stream"],
        sequence=natural(datum["sequence"]),
    )
