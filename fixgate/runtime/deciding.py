"""Step 5: from events and facts to encoded records, or to dead letters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar, cast

from fixgate.broker import Inbound, Outbound
from fixgate.errors import FixgateError, Poison, Reason
from fixgate.findings import findings_of, label_of
from fixgate.intake import check_sequence, source_of
from fixgate.outgoing import Cause, Outgoing, Written
from fixgate.rejections import Breaker, DeadLetters, Outcome, Quarantine
from fixgate.runtime.defects import check_result, defect
from fixgate.runtime.effects import Decided
from fixgate.runtime.facts import Item
from fixgate.runtime.wiring import Wiring
from fixgate.state import RESERVED, ShardState
from fixgate.telemetry import Alarm, Attribute, Span, context_of
from fixgate.verbs import Broadcast, Event, Facts, Received, Result, Tick, Told, Workload

G = TypeVar("G")

ALARMING = {
    **dict.fromkeys(
        (
            Reason.UNSIGNED,
            Reason.BAD_SIGNATURE,
            Reason.BAD_CERTIFICATE,
            Reason.EXPIRED_CERTIFICATE,
            Reason.WRONG_SIGNER,
            Reason.MISSING_PARENT,
            Reason.UNTIMED,
        ),
        Alarm.UNVERIFIED,
    ),
    Reason.REPLAYED: Alarm.REPLAYED,
    Reason.DEFECT: Alarm.DEFECT,
}
"""The rejections that want a person to look."""


@dataclass(slots=True)
class Batch:
    """What a transaction will hold, and what is to be said once it is committed."""

    records: list[Outbound] = field(default_factory=list[Outbound])
    ours: list[Outcome] = field(default_factory=list[Outcome])
    foreign: list[Outcome] = field(default_factory=list[Outcome])
    rejected: list[tuple[str, Reason]] = field(default_factory=list[tuple[str, Reason]])
    alarms: list[tuple[Alarm, str, Span]] = field(default_factory=list[tuple[Alarm, str, Span]])
    decided: list[Decided] = field(default_factory=list[Decided])
    """What came of each event; kept only for a service with effects."""
    counted: list[tuple[Received, Mapping[str, int]]] = field(default_factory=list[tuple[Received, Mapping[str, int]]])
    """What became of the parts of records that are over."""


class Decider(Generic[G]):
    """Runs the verb over one event after the other."""

    def __init__(self, wiring: Wiring, workload: Workload[G], outgoing: Outgoing) -> None:
        self._wiring = wiring
        self._workload = workload
        self._outgoing = outgoing
        self._group = wiring.naming.group(workload.service)
        self._letters = DeadLetters(workload.service, wiring.naming, sealer=wiring.sealer, keep=wiring.keep)
        self._breaker = Breaker(wiring.limits)
        self._quarantine = Quarantine(wiring.limits)
        topics = wiring.topology.topics.values()
        self._raw = frozenset(wiring.naming.topic(t.name) for t in topics if t.record is None)

    def decide(
        self, batch: Batch, item: Item[G], shard: int, state: ShardState, broadcasts: Mapping[str, Broadcast]
    ) -> None:
        """Add what the event causes to the batch and to the state's open transaction; sets `item.over`."""
        written, seen, fault = Written([], {}), None, item.fault
        result: Result | None = None
        partly: Poison | None = None
        with item.span as span:
            cause = _cause(item.event, span)
            if fault is None:
                try:
                    seen = self._seen(item, state)
                    facts = self._facts(item, state, broadcasts)
                    answer = self._verb(item, facts)
                    self._write(written, answer, state, shard, cause)
                    _say_findings(span, cause, answer)
                    item.over = not self._goes_on(item, answer, state)
                    result, partly = answer, self._unusable(item, answer)
                except Poison as error:
                    written, fault = Written([], {}), error
            mark = self._mark(batch, item, seen) if item.over else None
            if item.inbound is not None:
                rejected = fault or partly
                if rejected is not None:
                    self._reject(batch, written, item.inbound, rejected, shard, state, cause)
                # What could be used in part was no rejection: a source that sends it is not a bad one.
                if item.over:
                    self._count(batch, item.inbound, item.event, fault)
                if item.over and result is not None and result.counted and isinstance(item.event, Received):
                    batch.counted.append((item.event, result.counted))
            elif fault is not None:
                self._refuse(batch, item, fault)
        first = len(batch.records)
        batch.records += written.records
        if self._workload.effects is not None:
            batch.decided.append(
                Decided(event=item.event, shard=shard, result=result, fault=fault, first=first, end=len(batch.records))
            )
        changes = () if result is None else tuple(result.state.items())
        origin = self._origin(item)
        for key, value in (*written.counters.items(), *([mark] if mark else []), *changes):
            state.put(key, value, origin)

    def reject_broadcast(self, batch: Batch, record: Inbound, fault: Poison, state: ShardState) -> None:
        """Add the dead letter of a broadcast record, unless it has been written before; `state` is shard 0's."""
        place = self._place(record)
        key = RESERVED + f"bad/{self._wiring.broker.incarnation(record.source.topic)}/{place}".encode()
        if state.get(key) is not None:
            return
        context = context_of(record.headers, place.encode())
        with self._wiring.telemetry.tracer.process_span(record, context, self._group) as span:
            written = Written([], {})
            # Not counted against the limit: the topic is read whole at each start, however old its records are.
            self._reject(batch, written, record, fault, 0, state, Cause(digest="", span=span))
            batch.records += written.records
            for counter, value in written.counters.items():
                state.put(counter, value, place)
            state.put(key, b"1", place)

    def check(self, batch: Batch) -> None:
        """Raise RejectionLimit when this batch must not be committed."""
        self._breaker.check(batch.ours)

    def settle(self, batch: Batch) -> None:
        """The batch is committed."""
        self._breaker.settle(batch.ours)
        log = self._wiring.telemetry.log
        for source in self._quarantine.settle(batch.foreign):
            log.alarm(Alarm.QUARANTINED, "a source sends nothing but what is rejected", source=source)
        for kind, message, span in batch.alarms:
            log.alarm(kind, message, context=span.context)
        for event, counts in batch.counted:
            log.info("a record's parts are counted", record=event.origin, source=event.source, parts=dict(counts))

    # -- inside --------------------------------------------------------------------------------------------------

    def _seen(self, item: Item[G], state: ShardState) -> tuple[bytes, bytes, int] | None:
        if not isinstance(item.event, Received) or item.inbound is None:
            return None
        if self._is_raw(item.inbound):
            self._quarantine.check(item.event.source, item.event.appended_at, authenticated=_proved(item.event))
        return check_sequence(state, item.event)

    @staticmethod
    def _mark(batch: Batch, item: Item[G], seen: tuple[bytes, bytes, int] | None) -> tuple[bytes, bytes] | None:
        """What is remembered of a record that is over: before, its next part would be taken for a repetition."""
        if seen is None or not isinstance(item.event, Received):
            return None
        key, value, missing = seen
        if missing:
            batch.alarms.append((Alarm.GAP, f"{missing} records are missing before {item.event.origin}", item.span))
        return key, value

    @staticmethod
    def _goes_on(item: Item[G], answer: Result, state: ShardState) -> bool:
        """Whether there is more to the event."""
        if not answer.unfinished:
            return False
        if item.inbound is None:
            raise Poison(Reason.DEFECT, "only a record can be unfinished")
        if all(state.get(key) == value for key, value in answer.state.items()):
            raise Poison(Reason.DEFECT, "an unfinished answer that leaves the state as it was would come for ever")
        return True

    @staticmethod
    def _facts(item: Item[G], state: ShardState, broadcasts: Mapping[str, Broadcast]) -> Facts[G]:
        return Facts(
            now=item.now,
            state=state,
            broadcasts=broadcasts,
            gathered=cast("G", item.gathered),
            context=item.span.context.traceparent,
        )

    @staticmethod
    def _unusable(item: Item[G], answer: Result) -> Poison | None:
        """What of the record the verb could not use."""
        if answer.partly is not None and item.inbound is None:
            raise Poison(Reason.DEFECT, "only a record can be unusable in part")
        return answer.partly

    def _refuse(self, batch: Batch, item: Item[G], fault: Poison) -> None:
        """What is no record has no dead letter: whoever told it is answered; time that fails is a defect."""
        if not isinstance(item.event, Told):
            raise FixgateError(f"a tick failed: {fault.message}", remedy="This is a defect.") from fault
        item.span.set(Attribute.REASON, fault.reason.value)
        item.span.fail(fault.reason.value)
        kind = ALARMING.get(fault.reason)
        if kind is not None:
            batch.alarms.append((kind, f"{item.event.name}: {fault.message}", item.span))

    def _verb(self, item: Item[G], facts: Facts[G]) -> Result:
        if item.event is None:
            raise AssertionError("an item without an event has a fault")
        try:
            return self._workload.verb(item.event, facts)
        except FixgateError:
            # Poison is about the record; anything else of ours, such as a damaged copy of the state, is not.
            raise
        except Exception as error:
            raise defect(error) from error

    def _write(self, into: Written, result: Result, state: ShardState, shard: int, cause: Cause) -> None:
        check_result(result)
        for output in result.outputs:
            self._outgoing.write(into, state, shard, output, cause)

    def _reject(
        self,
        batch: Batch,
        written: Written,
        record: Inbound,
        fault: Poison,
        shard: int,
        state: ShardState,
        cause: Cause,
    ) -> None:
        secret = self._is_raw(record)
        key, letter = self._letters.letter(record, fault, secret=secret)
        # The plain digest of what may be one short secret would stand beside the seal.
        named = replace(cause, digest="") if secret else cause
        self._outgoing.reject(written, state, shard, key, letter, named)
        cause.span.set(Attribute.REASON, fault.reason.value)
        cause.span.fail(fault.reason.value)
        batch.rejected.append((self._wiring.naming.bare(record.source.topic), fault.reason))
        kind = ALARMING.get(fault.reason)
        if kind is not None:
            batch.alarms.append((kind, f"{key.decode()}: {fault.message}", cause.span))

    def _origin(self, item: Item[G]) -> str:
        match item.event:
            case Tick():
                return f"tick/{item.now.isoformat()}"
            case Told(name=name):
                return f"told/{name}"
            case _ if item.inbound is not None:
                return self._place(item.inbound)
            case _:
                raise AssertionError("an item without a record has an event")

    def _place(self, record: Inbound) -> str:
        return f"{self._wiring.naming.bare(record.source.topic)}/{record.source.partition}/{record.offset}"

    def _count(self, batch: Batch, record: Inbound, event: Event | None, fault: Poison | None) -> None:
        raw = self._is_raw(record)
        source = event.source if isinstance(event, Received) else source_of(record)
        if raw and fault is not None and fault.reason is Reason.QUARANTINED:
            return
        outcome = Outcome(
            topic=self._wiring.naming.bare(record.source.topic),
            source=source if raw else "",
            authenticated=_proved(event),
            rejected=fault is not None,
            place=self._place(record),
            reason="" if fault is None else fault.reason.value,
            at=datetime.fromtimestamp((record.appended_ms or 0) / 1000, UTC),
        )
        (batch.foreign if raw else batch.ours).append(outcome)

    def _is_raw(self, record: Inbound) -> bool:
        return record.source.topic in self._raw


def _proved(event: Event | None) -> bool:
    """Whether a report's source is known by more than its word. A voucher that does not hold proves nothing."""
    return isinstance(event, Received) and event.voucher is not None and event.voucher.proves_source


def _cause(event: Event | None, span: Span) -> Cause:
    """What an event causes comes from it; and is about what it is about, which its span says."""
    match event:
        case Received(digest=digest, record=record):
            cause = Cause(digest=digest, span=span, finding=label_of(findings_of(record)))
        case Told(finding_ids=finding_ids):
            cause = Cause(digest="", span=span, finding=label_of(finding_ids))
        case _:
            cause = Cause(digest="", span=span)
    if cause.finding:
        span.set(Attribute.FINDING_ID, cause.finding)
    return cause


def _say_findings(span: Span, cause: Cause, answer: Result) -> None:
    """A report is about what was found in it, an answer of people about what came of it."""
    if not cause.finding:
        finding = label_of(f for output in answer.outputs for f in findings_of(output.record))
        if finding:
            span.set(Attribute.FINDING_ID, finding)
