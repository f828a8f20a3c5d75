"""The topology that is measured: one topic of signed records, one of unsigned ones, and who reads them.

All records are the same `Signal`, padded to the size that the stream engines were compared with.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from fixgate.events import Signal, SignalKind
from fixgate.graph import Key, Party, Role, Topic, Topology
from fixgate.topology import PROVISIONER, build
from fixgate.verbs import Event, Facts, Output, Received, Result, Workload, gather_nothing

SHARDS: Final = 4
PREFIX: Final = ""
"""No prefix: quixstreams names its changelog itself, and the topology can only declare a name that it can spell."""
VALUE_BYTES: Final = 867
FEEDER: Final = "feeder"
NEIGHBOUR: Final = "neighbour"
GAUGE: Final = "gauge"
KEEPER: Final = "keeper"
CHANGELOG: Final = f"changelog__{NEIGHBOUR}--json--default"

BASELINES: Final = {"baseline": ("signed", "untouched"), "baseline-bare": ("plain", "untouched-bare")}
"""The loops that touch nothing: what each reads and writes."""

ROUTES: Final = {
    "relay": ("signed", "relayed"),
    "relay-bare": ("plain", "relayed-bare"),
    "dedupe": ("signed", "deduped"),
    "dedupe-bare": ("plain", "deduped-bare"),
}
"""The services on the runtime: what each reads and writes."""


def _topic(name: str, *, signed: bool = True, rooted: bool = False) -> Topic:
    return Topic(name=name, record="Signal", key=Key.LOCK, partitions=SHARDS, signed=signed, rooted=rooted)


def _raw(name: str, *, compacted: bool = False) -> Topic:
    return Topic(
        name=name, record=None, key=Key.SOURCE, partitions=SHARDS, signed=False, rooted=True, compacted=compacted
    )


def _service(name: str, reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> Party:
    return Party(name=name, role=Role.SERVICE, purpose="", reads=reads, writes=writes)


EVERYBODY: Final = BASELINES | ROUTES
OUTPUTS: Final = ("json-out", *(written for _, written in EVERYBODY.values()))

BENCH: Final[Topology] = build(
    (
        _topic("signed", rooted=True),
        _topic("plain", signed=False, rooted=True),
        _topic("untouched"),
        _topic("untouched-bare", signed=False),
        _topic("relayed"),
        _topic("relayed-bare", signed=False),
        _topic("deduped"),
        _topic("deduped-bare", signed=False),
        _raw("json"),
        _raw("json-out"),
        _raw(CHANGELOG, compacted=True),
    ),
    (
        _service(FEEDER, writes=("signed", "plain")),
        *(_service(name, (read,), (written,)) for name, (read, written) in EVERYBODY.items()),
        _service(NEIGHBOUR, reads=("json", CHANGELOG), writes=("json-out", CHANGELOG)),
        _service(KEEPER),
        Party(name="scanner", role=Role.EXTERNAL, purpose="", writes=("json",)),
        Party(name=GAUGE, role=Role.PROCESS, purpose="", reads=OUTPUTS),
        Party(name="desk", role=Role.PEOPLE, purpose=""),
        Party(name=PROVISIONER, role=Role.PROCESS, purpose=""),
    ),
    {FEEDER: SHARDS, NEIGHBOUR: SHARDS, KEEPER: 1, **dict.fromkeys(EVERYBODY, SHARDS)},
)

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_TEXT: Final = "The quick brown fox jumps over the lazy dog. " * 20


def record(key: str, number: int, padding: int = 0) -> Signal:
    """A record with so many characters of padding."""
    return Signal(
        signal_id=key,
        kind=SignalKind.BURST,
        lock_key=key,
        subject="arn:aws:iam::111122223333:user/somebody",
        count=number,
        threshold=1,
        window_start_at=_EPOCH,
        window_end_at=_EPOCH,
        expires_at=_EPOCH,
        detail=_TEXT[:padding],
    )


def as_json(key: str, number: int) -> bytes:
    """The same for an engine that reads JSON: as many bytes, the same fields."""
    fields = {
        "signal_id": key,
        "kind": "burst",
        "lock_key": key,
        "subject": "arn:aws:iam::111122223333:user/somebody",
        "count": number,
        "threshold": 1,
        "window_start_at": _EPOCH.isoformat(),
        "window_end_at": _EPOCH.isoformat(),
        "expires_at": _EPOCH.isoformat(),
        "detail": "",
    }
    bare = len(json.dumps(fields))
    return json.dumps({**fields, "detail": _TEXT[: VALUE_BYTES - bare]}).encode()


def _received(event: Event) -> tuple[Received, Signal]:
    if not isinstance(event, Received) or not isinstance(event.record, Signal):
        raise TypeError("a signal is expected")
    return event, event.record


def pass_on(to: str, event: Event, facts: Facts[None]) -> Result:
    """Hand each record on as it is: what is left is the runtime's own cost."""
    del facts
    received, signal = _received(event)
    return Result(outputs=(Output(topic=to, key=received.key or b"", record=signal),))


def first_only(to: str, event: Event, facts: Facts[None]) -> Result:
    """Hand a record on when its key was never seen before."""
    received, signal = _received(event)
    key = received.key or b""
    if facts.state.get(key) is not None:
        return Result()
    return Result(outputs=(Output(topic=to, key=key, record=signal),), state={key: b"1"})


def workload(service: str) -> Workload[None]:
    """The service as the runtime runs it."""
    verb: Callable[[str, Event, Facts[Any]], Result] = pass_on if service.startswith("relay") else first_only
    return Workload(service=service, verb=partial(verb, ROUTES[service][1]), gather=gather_nothing)
