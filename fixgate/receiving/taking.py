"""From a report that was let in to a record on `findings.raw`, with a voucher for who sent it."""

import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from fixgate.broker import Outbound, TopicPartition
from fixgate.naming import Naming
from fixgate.partitioning import partition_of
from fixgate.segments import REFERENCE, VERSION, Manifest
from fixgate.signing import Signer, digest
from fixgate.telemetry import Tracer
from fixgate.telemetry.context import TraceContext
from fixgate.topology import PIPELINE
from fixgate.vouching import HEADER, NAME_LIMIT, Voucher, Way, make

TOPIC: Final = "findings.raw"


class Posting(Protocol):
    """Writes single records."""

    def post(self, record: Outbound) -> "Future[int]":
        """Write it: the future has the offset once the broker has it, and raises a FixgateError when it has not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A report that was let in. `delivery` is the sender's own id of it, `form` and `repository` what is said of it.

    `manifest` is there when it was stored: then a reference to it goes onto the topic.
    """

    source: str
    principal: str
    way: Way
    body: bytes
    delivery: str = ""
    form: str = ""
    repository: str = ""
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a report will stand, and the promise that it does: `offset` is there once the broker has it.

    `digest` is the report's own, also where a reference to it stands there.
    """

    digest: str
    topic: str
    partition: int
    offset: "Future[int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Puts reports onto the topic. `signer` is asked for each of them; `clock` gives the time in UTC."""

    posting: Posting
    signer: Callable[[], Signer]
    naming: Naming
    tracer: Tracer
    clock: Callable[[], datetime]

    def take(self, taken: Taken, parent: TraceContext | None = None) -> Place:
        """Vouch and write; raises Refused or Unavailable when this process may not sign.

        With `parent`, the sender's trace goes on.
        """
        stored = taken.manifest
        value = taken.body if stored is None else stored.encode()
        name = digest(value)
        voucher = Voucher(
            report=name,  # of what stands on the topic: a manifest names the rest by digest
            source=taken.source,
            principal=taken.principal,
            way=taken.way,
            received_at=self.clock(),
            delivery=_printable(taken.delivery),
        )
        topic = self.naming.topic(TOPIC)
        key = taken.source.encode()
        partition = partition_of(key, PIPELINE.topic(TOPIC).partitions)
        said = {"fixgate-source": taken.source, "fixgate-format": taken.form, "fixgate-repository": taken.repository}
        headers = (
            *((header, text.encode()) for header, text in said.items() if text),
            *(() if stored is None else ((REFERENCE, VERSION.encode()),)),
            (HEADER, make(voucher, self.signer())),
        )
        span = (
            # A trace of its own each time, though the bytes may be the same: they came twice.
            self.tracer.root_span("take report", uuid.uuid4().bytes)
            if parent is None
            else self.tracer.child_span("take report", parent)
        )
        with span:
            record = Outbound(TopicPartition(topic, partition), key, value, (*headers, *span.send(topic)))
            told = name if stored is None else stored.digest
            return Place(digest=told, topic=TOPIC, partition=partition, offset=self.posting.post(record))


def _printable(delivery: str) -> str:
    """The sender's id as far as a voucher holds it; "" where it is not one line of ASCII."""
    kept = delivery[:NAME_LIMIT].strip()
    return kept if kept.isascii() and kept.isprintable() else ""
