"""Which trace a record belongs to: W3C Trace Context in its headers, or one derived from its digest.

Nothing here needs an SDK, so that a record's trace id is the same whether telemetry is on or off.
"""

import hashlib
import re
from typing import NamedTuple

from fixgate.broker import Headers

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
MAX_TRACESTATE = 512
"""Characters that W3C Trace Context 3.3.1.5 asks to propagate at least; more than that is dropped."""

# W3C Trace Context 3.2: version ff and ids of zeros only are invalid; a later version may go on after the flags.
_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_LENGTH = 55
_STATE = re.compile(rb"[\x20-\x7e]+")


class TraceContext(NamedTuple):
    """A place in a trace; kept as the bytes of its header, because most records only hand it on."""

    parent: bytes
    """The `traceparent` (W3C Trace Context 3.2), version 00: 55 bytes, always valid."""
    state: bytes = b""
    """The `tracestate`, or nothing."""
    derived: bool = False
    """Nobody sent it: the trace begins with this record."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self.parent[3:35].decode()

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return self.parent[36:52].decode()

    @property
    def flags(self) -> int:
        """The trace flags, 0 to 255."""
        return int(self.parent[53:], 16)

    @property
    def traceparent(self) -> str:
        """The header's value as text: what state keeps of a context until an answer comes."""
        return self.parent.decode()

    def headers(self) -> Headers:
        """The record headers that carry it."""
        if self.state:
            return ((TRACEPARENT, self.parent), (TRACESTATE, self.state))
        return ((TRACEPARENT, self.parent),)


def context_of(headers: Headers, fallback_seed: bytes) -> TraceContext:
    """The record's own trace context, or, when it has none or a broken one, one that its seed (digest) determines.

    Several `traceparent` headers are a broken one: which of them a reader took would be chance. Never raises.
    """
    parent = state = None
    for name, value in headers:
        if name == TRACEPARENT:
            if parent is not None:
                return derived_context(fallback_seed)
            parent = value
        elif name == TRACESTATE:
            state = value
    found = None if parent is None else _parse(parent, state)
    return derived_context(fallback_seed) if found is None else found


def parse_traceparent(value: str) -> TraceContext | None:
    """A context that was kept as text; None when it is not one."""
    return _parse(value.encode(), None)


def derived_context(seed: bytes) -> TraceContext:
    """The context that this seed always gives: the beginning of a trace."""
    # A prefix of its own, so that a trace id is no prefix of a digest that means something else.
    digest = hashlib.sha256(b"fixgate trace\0" + seed).hexdigest()
    return TraceContext(f"00-{digest[:32]}-{digest[32:48]}-01".encode(), derived=True)


def without_context(headers: Headers) -> Headers:
    """The headers but those of a trace context."""
    return tuple(h for h in headers if h[0] != TRACEPARENT and h[0] != TRACESTATE)


def _parse(parent: bytes, state: bytes | None) -> TraceContext | None:
    if _PARENT.match(parent) is None:
        return None
    if len(parent) > _LENGTH and (parent.startswith(b"00") or parent[_LENGTH : _LENGTH + 1] != b"-"):
        return None
    if not parent.startswith(b"00"):
        # What a later version says in its first fields, said in the version that we speak (3.2.4).
        parent = b"00" + parent[2:_LENGTH]
    if state is None or len(state) > MAX_TRACESTATE or _STATE.fullmatch(state) is None:
        return TraceContext(parent)
    return TraceContext(parent, state)
