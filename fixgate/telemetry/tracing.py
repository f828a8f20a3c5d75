"""Spans: one per record, parented by the record's own context; one per record written, even in batches.

    tracer = telemetry.tracer
    context = context_of(record.headers, digest)
    with tracer.process_span(record, context, group) as span:       # CONSUMER `process <topic>`
        span.set(Attribute.FINDING_ID, finding.id)
        headers = span.send("fixgate.decisions")                    # PRODUCER `send <topic>`, and its headers

A wait for people ends a span; what follows is `root_span(…, links=(the stored context,))`: a new trace, linked.
`Passing` is what is used while telemetry is off: it hands the record's context on and costs next to nothing.
"""

from collections.abc import Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Protocol, Self

from fixgate.broker import Headers, Inbound
from fixgate.telemetry.attributes import Attribute, Value
from fixgate.telemetry.context import TraceContext, derived_context

current: ContextVar[TraceContext | None] = ContextVar("fixgate_trace", default=None)
"""The context of the span that is entered, for log lines."""
Entered = Token[TraceContext | None] | None
"""What leaving a span restores; None before it is entered."""


class Span(Protocol):
    """Something that takes time; enter it to have log lines carry it, or call `end`."""

    @property
    def context(self) -> TraceContext:
        """Where in its trace this span is: what its children, its records and its log lines name."""
        ...

    def set(self, attribute: Attribute, value: Value) -> None:
        """Say something about it; what looks like a secret is masked."""
        ...

    def fail(self, kind: str) -> None:
        """It did not succeed; `kind` is a stable word (`error.type`), never a message."""
        ...

    def send(self, topic: str, finding: str = "") -> Headers:
        """A record is being written to `topic` in consequence: its trace headers, one context for each record.

        `finding` is what the record is about (`Attribute.FINDING_ID`), where that is known.
        """
        ...

    def end(self) -> None:
        """It is over; a second call does nothing."""
        ...

    def __enter__(self) -> Self:
        """Make it the one that log lines carry."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """End it, as failed when an error passes through."""
        ...


class Tracer(Protocol):
    """Begins spans; never blocks, never raises."""

    def process_span(
        self, record: Inbound, context: TraceContext, group: str = "", links: Sequence[TraceContext] = ()
    ) -> Span:
        """The processing of one record, in the record's own trace."""
        ...

    def child_span(self, name: str, parent: TraceContext) -> Span:
        """A part of something: a step of a change, a call to a target."""
        ...

    def root_span(self, name: str, seed: bytes, links: Sequence[TraceContext] = ()) -> Span:
        """The beginning of a new trace, whose id the seed determines, linked to what it goes on from."""
        ...


class Passing:
    """A span that is not recorded: it only hands a trace's context on."""

    __slots__ = ("_token", "context")

    def __init__(self, context: TraceContext) -> None:
        self.context = context
        self._token: Entered = None

    def set(self, attribute: Attribute, value: Value) -> None:
        """Do nothing."""

    def fail(self, kind: str) -> None:
        """Do nothing."""

    def send(self, topic: str, finding: str = "") -> Headers:  # noqa: ARG002  # the port's signature
        """Hand the context on."""
        return self.context.headers()

    def end(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        """Make it the one that log lines carry."""
        self._token = current.set(self.context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Restore what was."""
        if self._token is not None:
            current.reset(self._token)


class NoTracer:
    """Records no spans: telemetry is off. Contexts go from record to record all the same."""

    def process_span(
        self,
        record: Inbound,  # noqa: ARG002  # the port's signature, here and below
        context: TraceContext,
        group: str = "",  # noqa: ARG002
        links: Sequence[TraceContext] = (),  # noqa: ARG002
    ) -> Span:
        """Hand the record's context on."""
        return Passing(context)

    def child_span(self, name: str, parent: TraceContext) -> Span:  # noqa: ARG002  # likewise
        """Hand the parent's context on."""
        return Passing(parent)

    def root_span(self, name: str, seed: bytes, links: Sequence[TraceContext] = ()) -> Span:  # noqa: ARG002  # likewise
        """A new trace, though nobody will see it."""
        return Passing(derived_context(seed))
