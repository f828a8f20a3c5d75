"""A small pipeline on the real broker: reports become numbers, numbers are counted; and a `worker` for the contract.

It is a service too: `python -m tests.integration.lab NAME` runs one of its services until it is told to stop.
"""

import sys
from datetime import UTC, datetime
from typing import Any, Final

from fixgate.events import Signal, SignalKind
from fixgate.graph import Key, Party, Role, Topic
from fixgate.process import main
from fixgate.topology import PROVISIONER, build
from fixgate.verbs import Event, Facts, Output, Received, Result, Workload, gather_nothing

SHARDS: Final = 4
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)

LAB: Final = build(
    (
        Topic(name="raw", record=None, key=Key.SOURCE, partitions=SHARDS, signed=False, rooted=True),
        Topic(name="numbers", record="Signal", key=Key.LOCK, partitions=SHARDS),
        Topic(name="counts", record="Signal", key=Key.LOCK, partitions=SHARDS),
        Topic(name="in", record="Signal", key=Key.LOCK, partitions=2),
        Topic(name="out", record="Signal", key=Key.LOCK, partitions=2),
    ),
    (
        Party(name="scanner", role=Role.EXTERNAL, purpose="", writes=("raw",)),
        Party(name="numberer", role=Role.SERVICE, purpose="", reads=("raw",), writes=("numbers",)),
        Party(name="counter", role=Role.SERVICE, purpose="", reads=("numbers",), writes=("counts",)),
        Party(name="feeder", role=Role.PROCESS, purpose="", writes=("in",)),
        Party(name="worker", role=Role.SERVICE, purpose="", reads=("in", "out"), writes=("out",)),
        Party(name="desk", role=Role.PEOPLE, purpose=""),
        Party(name=PROVISIONER, role=Role.PROCESS, purpose=""),
    ),
    {"numberer": SHARDS, "counter": SHARDS, "worker": 2},
)


def signal(key: str, number: int) -> Signal:
    """A record with a key and a number; the rest does not matter here."""
    return Signal(
        signal_id=f"{key}:{number}",
        kind=SignalKind.BURST,
        lock_key=key,
        subject="subject",
        count=number,
        threshold=1,
        window_start_at=EPOCH,
        window_end_at=EPOCH,
        expires_at=EPOCH,
    )


def numbering(event: Event, facts: Facts[Any]) -> Result:
    """Turn a report, a key in bytes, into a number; `key*5` into five, one in each transaction."""
    if not isinstance(event, Received) or not isinstance(event.record, bytes):
        raise TypeError("a report is expected")
    key, _, parts = event.record.partition(b"*")
    output = Output(topic="numbers", key=key, record=signal(key.decode(), 0))
    if not parts:
        return Result(outputs=(output,))
    where = b"parts/" + event.origin.encode()
    done = int(facts.state.get(where) or b"0") + 1
    more = done < int(parts)
    return Result(outputs=(output,), state={where: b"%d" % done if more else None}, unfinished=more)


def counting(event: Event, facts: Facts[Any]) -> Result:
    """Count the numbers of each key, and say the new count."""
    if not isinstance(event, Received) or not isinstance(event.record, Signal):
        raise TypeError("a number is expected")
    key = event.record.lock_key.encode()
    count = int(facts.state.get(key) or b"0") + 1
    return Result(
        outputs=(Output(topic="counts", key=key, record=signal(event.record.lock_key, count)),),
        state={key: str(count).encode()},
    )


VERBS = {"numberer": numbering, "counter": counting}

if __name__ == "__main__":
    name = sys.argv[1]
    main(Workload(service=name, verb=VERBS[name], gather=gather_nothing), topology=LAB, arguments=sys.argv[2:])
