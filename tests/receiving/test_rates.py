"""How much a source may send: never more than its limits over any time, and never nothing for good."""

from hypothesis import given
from hypothesis import strategies as st

from fixgate.receiving.rates import Rates
from fixgate.receiving.sources import SvidSource


def source(reports: int = 60, volume: int = 6_000) -> SvidSource:
    """A source with these limits."""
    return SvidSource(kind="svid", spiffe_id="spiffe://x/y", reports_per_minute=reports, bytes_per_minute=volume)


@given(
    reports=st.integers(1, 20),
    volume=st.integers(1, 5_000),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 2_000)), max_size=60),
)
def test_no_more_is_let_through_than_the_limits(reports: int, volume: int, steps: list[tuple[float, int]]) -> None:
    """A minute's worth at once, and then as fast as the buckets fill; in bytes one report may go over."""
    rates, limited, now, sent, size = Rates(), source(reports, volume), 0.0, 0, 0
    for pause, length in steps:
        now += pause
        if rates.admit("a", limited, now) == 0:
            assert size <= volume * (1 + now / 60)
            rates.charge("a", limited, length, now)
            sent, size = sent + 1, size + length
    assert sent <= reports * (1 + now / 60) + 1e-6


@given(st.integers(1, 20), st.integers(1, 100_000))
def test_who_waits_as_long_as_it_is_told_may_send(reports: int, length: int) -> None:
    """The answer's Retry-After is true."""
    rates, limited, now = Rates(), source(reports, 1_000), 0.0
    for _ in range(reports * 2):
        wait = rates.admit("a", limited, now)
        if wait:
            now += wait
            assert rates.ready("a", limited, now) == 0
            assert rates.admit("a", limited, now) == 0
        rates.charge("a", limited, length, now)


def test_asking_counts_nothing() -> None:
    """Whoever only wants to know uses nothing up."""
    rates, limited = Rates(), source(reports=1)
    assert [rates.ready("a", limited, 0.0) for _ in range(5)] == [0] * 5
    assert rates.admit("a", limited, 0.0) == 0
    assert rates.ready("a", limited, 0.0) == 60


def test_one_sources_rate_is_not_anothers() -> None:
    """Each has buckets of its own."""
    rates = Rates()
    assert rates.admit("a", source(reports=1), 0.0) == 0
    assert rates.admit("b", source(reports=1), 0.0) == 0


def test_a_limit_that_was_lowered_counts_at_once() -> None:
    """What had been saved up under the old one is gone."""
    rates = Rates()
    assert rates.admit("a", source(reports=100), 0.0) == 0
    assert rates.admit("a", source(reports=1), 0.0) == 0
    assert rates.admit("a", source(reports=1), 1.0) == 59


def test_a_clock_that_stands_still_fills_nothing() -> None:
    """Nor one that goes back."""
    rates, limited = Rates(), source(reports=1)
    assert rates.admit("a", limited, 100.0) == 0
    assert rates.admit("a", limited, 50.0) == 60
