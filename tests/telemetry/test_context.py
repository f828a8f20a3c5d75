"""Trace contexts: what a header is refused for, and what takes its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.telemetry.context import (
    TraceContext,
    context_of,
    derived_context,
    parse_traceparent,
    without_context,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01".encode()
SEED = b"\x01" * 32


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"00",
        GOOD.upper(),
        GOOD[:-1],
        GOOD + b"0",
        GOOD + b"-more",  # version 00 ends with its flags
        b" " + GOOD,
        GOOD + b"\n",
        b"ff" + GOOD[2:],
        b"00-" + b"0" * 32 + GOOD[35:],
        GOOD[:36] + b"0" * 16 + GOOD[52:],
        GOOD.replace(b"-", b"_"),
        b"01" + GOOD[2:] + b"x",
        b"\xff" * 55,
    ],
)
def test_a_broken_traceparent_is_not_believed(broken: bytes) -> None:
    """A header that is not exactly a W3C traceparent gives the context that the record's digest determines."""
    assert context_of((("traceparent", broken),), SEED) == derived_context(SEED)


def test_two_traceparents_are_none() -> None:
    """Which of two headers a reader took would be chance, so neither counts."""
    assert context_of((("traceparent", GOOD), ("traceparent", GOOD)), SEED).derived


def test_the_records_own_context_is_kept() -> None:
    """A valid header is the record's context, byte for byte."""
    context = context_of((("other", b"x"), ("traceparent", GOOD), ("tracestate", b"a=1,b=2")), SEED)
    assert (context.trace_id, context.span_id, context.flags) == (TRACE, SPAN, 1)
    assert context.headers() == (("traceparent", GOOD), ("tracestate", b"a=1,b=2"))
    assert not context.derived


def test_a_later_version_is_read_as_ours() -> None:
    """A later version may go on after the flags; what we know of it is said in version 00."""
    assert context_of((("traceparent", b"cc" + GOOD[2:] + b"-what-the-future"),), SEED).parent == GOOD


@pytest.mark.parametrize("state", [b"", b"a=1" * 200, b"caf\xc3\xa9=1", b"a=1\nb=2"])
def test_a_bad_tracestate_is_dropped_alone(state: bytes) -> None:
    """A tracestate that is too long or not printable ASCII is dropped; the trace goes on."""
    context = context_of((("traceparent", GOOD), ("tracestate", state)), SEED)
    assert context == TraceContext(GOOD)


def test_a_record_without_context_begins_a_trace_by_its_digest() -> None:
    """The same record gives the same trace id each time, another record another."""
    one, again, other = derived_context(SEED), context_of((), SEED), derived_context(b"\x02" * 32)
    assert one == again
    assert one.derived
    assert one.trace_id != other.trace_id
    assert parse_traceparent(one.traceparent) == TraceContext(one.parent)


def test_the_derived_id_is_fixed() -> None:
    """Records that were written before must keep their trace ids: this value never changes."""
    assert derived_context(b"").traceparent == "00-3beefd6fed795632d712460a3aaed383-e2f0a9b44dda0eb0-01"


def test_headers_without_context() -> None:
    """Taking the context away leaves every other header, in order."""
    assert without_context((("a", b"1"), ("traceparent", GOOD), ("tracestate", b"x=y"), ("b", b"2"))) == (
        ("a", b"1"),
        ("b", b"2"),
    )


@given(st.lists(st.tuples(st.sampled_from(["traceparent", "tracestate", "x"]), st.binary(max_size=80)), max_size=4))
def test_no_header_breaks_it(headers: list[tuple[str, bytes]]) -> None:
    """Whatever a sender puts into its headers, there is a valid context, and it survives its own headers."""
    context = context_of(tuple(headers), SEED)
    assert context_of(context.headers(), b"") == context._replace(derived=False)
    assert len(context.trace_id) == 32
