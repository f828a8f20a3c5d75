"""The executor's work outside: each change in a thread of its own, one act after the other.

    committed order ──> act ──> report ──> inbox ──> the verb, in a transaction ──> next stage ──> act …

The state decides what comes next, never this: an act is begun only when the transaction that allows it is committed,
and its report counts only when the next one is. A change that was found in a shard that was taken over begins a new
attempt before anything else; its intent is durable before the issuer is asked again.
"""

import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from fixgate.chain import decision_chain
from fixgate.codec import Codec
from fixgate.errors import Fenced, FixgateError, Poison, Transient, Unavailable
from fixgate.events import Intent, Signed
from fixgate.findings import label_of
from fixgate.telemetry import Alarm, Attribute, Telemetry, derived_context, parse_traceparent
from fixgate.verbs import Committed, Inbox, Order, Told
from services.executor import reports
from services.executor.adapters.acts import Acts, Attempt
from services.executor.change import ORDERS, ChangeState, unpack

THREADS: Final = 8
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
STUCK_PAUSE: Final = 30.0
"""Before a change that could not go on is taken up again."""
REFUSED_PAUSE: Final = 15.0
"""The longest pause where the issuer refused for now: each refusal is a record."""
Probe = Callable[[str], None]


def ignore(place: str) -> None:
    """The probe of an engine that nobody watches."""
    del place


@dataclass(slots=True)
class Job:
    """A change that a thread works on; `order` is the newest that is committed.

    `stop` is set when it is not ours any more, or over.
    """

    order: Order
    change: ChangeState
    stop: threading.Event = field(default_factory=threading.Event)
    told: int = 0


class Engine:
    """See `verbs.Effects`. `wait` sleeps until the process ends, at most so many seconds, and says whether it does.

    `ending` is called when the process ends: it ends the calls that are under way.

    `probe` is told of each place that a change reaches: `<stage>:act`, `<stage>:acted`, `<stage>:told`, `over`. A test
    raises from it to crash there.
    """

    prefix: bytes = ORDERS

    def __init__(
        self,
        acts: Acts,
        codec: Codec,
        telemetry: Telemetry,
        *,
        wait: Callable[[float], bool],
        stopping: threading.Event,
        threads: int = THREADS,
        ending: Callable[[], None] = lambda: None,
        probe: Probe = ignore,
    ) -> None:
        self._acts = acts
        self._codec = codec
        self._telemetry = telemetry
        self._wait = wait
        self._stopping = stopping
        self._ending = ending
        self._probe = probe
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._inbox: Inbox | None = None
        self._jobs: dict[bytes, Job] = {}

    def start(self, inbox: Inbox) -> None:
        """See `verbs.Effects.start`."""
        self._inbox = inbox
        self._pool = ThreadPoolExecutor(self._threads, "changes")

    def committed(self, orders: Sequence[Order]) -> None:
        """See `verbs.Effects.committed`."""
        for order in orders:
            running = self._jobs.get(order.key)
            if order.value is None:
                self._over(order.key)
                continue
            try:
                change = unpack(self._codec, order.value)
            except Poison as error:
                # It stays in the state, and its lock is held: nothing is done that nobody understands.
                self._telemetry.log.alarm(Alarm.DEFECT, error.message, order=order.key.decode(errors="replace"))
                continue
            if running is not None and not order.resumed and _same(running.change, change):
                running.order = order
                continue  # it moved on by what its own thread told
            if running is not None:
                running.stop.set()
            job = self._jobs[order.key] = Job(order, change)
            if self._pool is not None:
                self._pool.submit(self._run, job)

    def _over(self, key: bytes) -> None:
        job = self._jobs.pop(key, None)
        if job is not None:
            job.stop.set()

    def lost(self, shards: Sequence[int]) -> None:
        """See `verbs.Effects.lost`."""
        for key in [k for k, job in self._jobs.items() if job.order.shard in shards]:
            self._jobs.pop(key).stop.set()

    def close(self) -> None:
        """See `verbs.Effects.close`: acts that are under way are not waited for."""
        self._stopping.set()
        for job in self._jobs.values():
            job.stop.set()
        self._jobs.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._ending()

    # -- in a thread of the pool ---------------------------------------------------------------------------------

    def _run(self, job: Job) -> None:
        resumed = job.order.resumed
        while not job.stop.is_set():
            try:
                self._work(job, resumed=resumed)
            except (Fenced, Unavailable):
                return  # whoever has the shard now goes on with it
            except Exception as error:  # noqa: BLE001 - said aloud, and tried again: the lock key is held meanwhile
                if job.stop.is_set():
                    return
                what = error.message if isinstance(error, FixgateError) else _place(error)
                lock = job.change.draft.lock_key
                self._telemetry.log.alarm(Alarm.DEFECT, f"a change cannot go on: {what}", lock=lock)
            else:
                return
            if self._wait(STUCK_PAUSE):
                return
            # Nobody knows how far it came: it is taken up like one that was found in a shard that was taken over.
            resumed = True

    def _work(self, job: Job, *, resumed: bool) -> None:
        change = job.change = unpack(self._codec, job.order.value or b"")
        attempt = Attempt(change, decision_chain(self._codec, change.draft.decision))
        attempt.intent = self._intent_in(job.order.records, change)
        failures = 0
        report: reports.Report | None = None
        if resumed:
            report = reports.Resumed(attempt=change.attempt, intent=None)
        while not job.stop.is_set():
            if report is None:
                report = self._act(attempt, job)
            if job.stop.is_set():
                return
            committed = self._tell(attempt, job, report)
            if isinstance(report, reports.Over):
                self._say_over(attempt.change)
                self._probe("over")
                return
            before = attempt.change
            self._moved_on(attempt, job, committed)
            failures = failures + 1 if _place_of(before) == _place_of(attempt.change) else 0
            longest = REFUSED_PAUSE if isinstance(report, reports.Denied) else LONGEST_PAUSE
            report = None
            if failures and self._wait(min(FIRST_PAUSE * 2 ** (failures - 1), longest)):
                return

    def _say_over(self, change: ChangeState) -> None:
        """Call people where a record alone is not enough."""
        draft = change.draft
        if draft.unexpected:
            paths = ", ".join(c.path for c in draft.unexpected)
            self._telemetry.log.alarm(
                Alarm.WRITE_SET, f"a change touched more than it declared: {paths}", lock=draft.lock_key
            )
        elif draft.incident:
            self._telemetry.log.warning(
                "a change needs a person", result=change.result.value, why=draft.detail, lock=draft.lock_key
            )

    def _act(self, attempt: Attempt, job: Job) -> reports.Report:
        """Do the stage's act; what fails becomes a report too."""
        stage = attempt.change.stage
        number, intent = attempt.named
        context = parse_traceparent(attempt.change.context) or derived_context(job.order.key)
        with self._telemetry.tracer.child_span(f"{stage} {attempt.change.draft.template.id}", context) as span:
            span.set(Attribute.FINDING_ID, label_of(attempt.change.draft.finding_ids))
            attempt.context = span.context.traceparent
            self._probe(f"{stage}:act")
            try:
                report = self._acts.act(attempt)
            except Transient as error:
                span.fail("Transient")
                report = reports.Again(attempt=number, intent=intent, why=error.message)
            except FixgateError as error:
                span.fail(type(error).__name__)
                report = reports.Stuck(attempt=number, intent=intent, why=error.message)
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises is about its change
                span.fail(type(error).__name__)
                report = reports.Stuck(attempt=number, intent=intent, why=_place(error), incident=True)
            self._probe(f"{stage}:acted")
            return report

    def _tell(self, attempt: Attempt, job: Job, report: reports.Report) -> Committed:
        if self._inbox is None:
            raise Unavailable("the engine was not started")
        job.told += 1
        change = attempt.change
        told = Told(
            shard=job.order.shard,
            name=type(report).__name__.lower(),
            order=job.order.key,
            payload=report,
            id=f"{change.draft.outcome_id}/{change.attempt}/{job.told}",
            context=change.context,
            finding_ids=change.draft.finding_ids,
        )
        future = self._inbox.put(told)
        self._probe(f"{change.stage}:told")
        return future.result()

    def _moved_on(self, attempt: Attempt, job: Job, committed: Committed) -> None:
        """Take over what the verb decided."""
        value = committed.result.state.get(job.order.key)
        if value is None:
            return
        before, attempt.change = attempt.change, unpack(self._codec, value)
        job.change = attempt.change
        if attempt.change.attempt != before.attempt:
            attempt.minted = attempt.target = None
            attempt.intent = self._intent_in(committed.records, attempt.change)

    def _intent_in(self, records: Sequence[Signed], change: ChangeState) -> Signed | None:
        """The signed intent of the change's attempt, among the records that its event wrote."""
        for signed in records:
            record = self._codec.decode_any(signed.value)
            if isinstance(record, Intent) and (record.intent_id, record.attempt) == (change.intent_id, change.attempt):
                return signed
        return None


def _place_of(change: ChangeState) -> tuple[str, int, int]:
    """Where it stands; the same again means that an act is repeated."""
    return change.stage, change.attempt, change.at


def _same(one: ChangeState, other: ChangeState) -> bool:
    return one.draft.outcome_id == other.draft.outcome_id


def _place(error: Exception) -> str:
    """An unexpected exception's type and place, not what it says, which may quote a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {PurePath(frame.filename).name}:{frame.lineno}"
