"""What is measured: the records, the verbs, and the arithmetic from passes to figures."""

from datetime import UTC, datetime

import pytest

from bench import figures
from bench.feed import Feeder
from bench.figures import Pass
from bench.pipeline import BENCH, ROUTES, SHARDS, VALUE_BYTES, as_json, workload
from fixgate.codec import Codec
from fixgate.events import Signal
from fixgate.naming import Naming
from fixgate.verbs import Facts, Received, Result
from tests.runtime.world import signal


class Memory(dict[bytes, bytes]):
    """A state."""

    def scan(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        """See StateView."""
        return [(k, v) for k, v in sorted(self.items()) if k.startswith(prefix)]


def asked(service: str, state: dict[bytes, bytes]) -> Result:
    """What the service's verb answers to a record with the key `k`."""
    event = Received(
        topic=ROUTES[service][0],
        partition=0,
        offset=0,
        key=b"k",
        record=signal("k"),
        digest="",
        appended_at=datetime(2026, 1, 1, tzinfo=UTC),
        signer="",
        signed=None,
        source="",
        trace_id="",
    )
    memory = Memory(state)
    facts = Facts(now=event.appended_at, state=memory, gathered=None)  # type: ignore[arg-type]  # a list iterates
    return workload(service).verb(event, facts)


def test_passes_of_different_rounds_are_never_compared() -> None:
    """A series that lacks a round has no ratio at all."""
    with pytest.raises(ValueError, match="zip"):
        figures.rates({"baseline": [Pass(1, 1)], "relay": [Pass(1, 1), Pass(1, 1)]})


def test_ratios_are_taken_within_rounds() -> None:
    """The median of the ratios, not the ratio of the medians."""
    passes = {"baseline": [Pass(100, 1), Pass(10, 1), Pass(40, 1)], "relay": [Pass(10, 1), Pass(5, 1), Pass(8, 1)]}
    found = {f.name: f for f in figures.rates(passes)}
    assert found["relay"].ratio == 0.2
    assert found["relay"].met
    assert found["baseline"].ratio is None


def test_a_figure_without_its_neighbour_has_no_goal() -> None:
    """Where quixstreams cannot be had, nothing is claimed about it."""
    (found,) = figures.rates({"dedupe": [Pass(1, 1)]})
    assert found.goal is None


def test_steps_do_not_count_time_twice() -> None:
    """What is timed inside a step is taken out of it."""
    spent = {"verify": 3.0, "decode": 1.0, "decide": 4.0, "encode": 1.0, "sign": 2.5, "commit": 0.5}
    found = {f.name: f.value for f in figures.steps(spent, 1_000_000)}
    assert sum(found.values()) == pytest.approx(10.0)
    assert (found["verify"], found["decide"], found["sign"]) == (2.0, 3.0, 2.5)


def test_dedupe_hands_on_a_key_once() -> None:
    """The second time there is nothing to write."""
    first = asked("dedupe", {})
    assert [o.topic for o in first.outputs] == ["deduped"]
    assert asked("dedupe", dict(first.state)) == Result()  # type: ignore[arg-type]  # nothing is deleted here


def test_relay_hands_on_what_it_got() -> None:
    """The record is the same, on the topic of its own."""
    (output,) = asked("relay-bare", {}).outputs
    assert (output.topic, output.key, output.record) == ("relayed-bare", b"k", signal("k"))


def test_records_have_the_size_that_is_promised() -> None:
    """All within a few bytes, as Avro and as JSON, each key twice and each sequence once."""
    codec = Codec()
    records = list(Feeder(codec, Naming(prefix="")).records("plain", 1, 100, None))
    assert all(abs(len(r.value or b"") - VALUE_BYTES) < 8 for r in records)
    assert abs(len(as_json("r1-0000001", 1)) - VALUE_BYTES) < 8
    assert len({r.key for r in records}) == 50
    envelopes = [codec.decode(r.value or b"", Signal).envelope for r in records]
    assert len({(e.stream, e.sequence, r.target.partition) for e, r in zip(envelopes, records, strict=True)}) == 100
    assert {r.target.partition for r in records} == set(range(SHARDS))


def test_only_what_is_called_bare_is_unsigned() -> None:
    """Nothing that is measured as signed can be unsigned by mistake."""
    for name, (read, written) in ROUTES.items():
        bare = name.endswith("-bare")
        assert (BENCH.topic(read).signed, BENCH.topic(written).signed) == (not bare, not bare)
