"""Steps 1, 7 and 8, and what happens when something fails; see the package for the whole recipe."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

from fixgate.broadcasts import Broadcasts
from fixgate.broker import Inbound, Member, TopicPartition, Transactor
from fixgate.errors import Fenced, Misconfigured, Refused, RejectionLimit, Transient, Unavailable
from fixgate.intake import Intake
from fixgate.outgoing import Outgoing
from fixgate.runtime.crew import Crew
from fixgate.runtime.deciding import Batch, Decider
from fixgate.runtime.effects import Outside
from fixgate.runtime.facts import FactFinder, Item, Late
from fixgate.runtime.holding import Hand
from fixgate.runtime.measuring import Measures
from fixgate.runtime.shards import Shards
from fixgate.runtime.wiring import Step, Wiring
from fixgate.signing import Signer
from fixgate.telemetry import Alarm
from fixgate.verbs import Broadcast, Received, Tick, Told, Workload

G = TypeVar("G")
T = TypeVar("T")

POLL_SECONDS: Final = 0.2
ATTENTIVE_POLL_SECONDS: Final = 0.02
"""While work outside may have something to tell."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0


class Runtime(Generic[G]):
    """One instance of one service. `start`, then `run` until told to stop, or `step` by hand; then `close`.

    Not thread-safe: everything but the gathering of facts and the effects' own work happens in the calling thread.
    """

    def __init__(self, workload: Workload[G], wiring: Wiring) -> None:
        service, naming = workload.service, wiring.naming
        topology = wiring.topology
        if wiring.sealer is None and any(topology.topic(t).record is None for t in topology.party(service).reads):
            raise Misconfigured(
                f"{service} reads raw reports, which may hold secrets, but has no key to seal rejected ones with",
                remedy="Give it the sealing key's public half.",
            )
        self._workload = workload
        self._wiring = wiring
        self._outside = Outside(workload.effects)
        self.shards = Shards(wiring, service, self._outside.taken, self._forget)
        intake = Intake(topology, naming, wiring.codec, wiring.identity.trust)
        self._broadcasts = Broadcasts(topology, naming, service, wiring.broker, intake)
        self._crew = Crew(wiring.signature_threads)
        self._facts = FactFinder(wiring, workload, intake, self._broadcasts, self._crew)
        outgoing = Outgoing(topology, naming, service, wiring.codec, self._signer, wiring.telemetry.tracer)
        self._outgoing = outgoing
        self._decider = Decider(wiring, workload, outgoing)
        self._measures = Measures(wiring, self.shards)
        self._member: Member | None = None
        self._transactor: Transactor | None = None
        self._hand = Hand()
        self._breath = wiring.breath
        self._ticked: dict[int, datetime] = {}
        self.failures = 0
        """How many times in a row a batch had to be forgotten and tried again; Late does not count in a turn."""

    def check(self) -> None:
        """Raise Misconfigured when the broker's topics are not the topology's, or may not be seen."""
        self.shards.check()

    def start(self) -> None:
        """Take the slot and join the group; blocks until the broker answers.

        Membership begins with the first poll. Before it the transactor has ended what a predecessor of this slot left
        open, so that nobody waits for it. Effects are started last: they get no order before that poll either.
        Raises Misconfigured when the broker's topics are not the topology's.
        """
        naming, service = self._wiring.naming, self._workload.service
        instance = naming.instance(service, self._wiring.slot)
        self._member = self._wiring.broker.join(naming.group(service), instance, naming.lease(service), self.shards)
        self._transactor = self._wiring.broker.transactor(instance)
        self.shards.check()
        self._outside.start()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish the batch and leave; raises what makes this process end."""
        log = self._wiring.telemetry.log
        try:
            self.start()
            while not stop.is_set():
                self.step()
                if self.failures:
                    stop.wait(min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE))
        except RejectionLimit as error:
            log.alarm(Alarm.REJECTION_LIMIT, error.message)
            raise
        except Fenced as error:
            log.alarm(Alarm.FENCED, error.message)
            raise
        finally:
            self.close()

    def step(self) -> int:
        """One pass through the recipe, and one for what is set aside; returns how many events it came on with.

        Blocks for a moment when there are none.
        """
        self._poll()
        records = self._hand.ready[: self._wiring.batch]
        ticks = self._due()
        told = self._outside.told(self.shards.owned, self._wiring.batch)
        if records or told:
            self._breath.begin()
        try:
            items = self._commit(records, ticks, told)
        except Transient as error:
            return self._again(error)
        last = items[-1] if items else None
        if items or not self._hand.aside:
            self.failures = 0
        if last is not None and last.inbound is not None and not last.over:
            self._hand.set_aside(last.inbound.source, alone=False)
            return len(items)
        return len(items) + self._turn()

    def _turn(self) -> int:
        """The same with one record of what is set aside: the others wait for one transaction of it, never for facts."""
        record = self._hand.turn()
        if record is None:
            return 0
        patience = 0.0 if self._hand.ready or self._outside.waiting else POLL_SECONDS
        try:
            (item,) = self._commit([record], patience=patience)
        except Late as error:
            failures = self._hand.rest()
            self._measures.aborted(error)
            if failures.bit_count() == 1:  # whenever it has taken twice as long
                self._wiring.telemetry.log.warning("trying again", why=error.message, failures=failures)
            return 0
        except Transient as error:
            return self._again(error)
        self.failures = 0
        self._hand.turned(record.source, over=item.over)
        return 1

    def _again(self, error: Transient) -> int:
        """Nothing was committed, and whatever stood in the way is given time to pass."""
        self._forget_transaction()
        self.failures += 1
        self._measures.aborted(error)
        self._wiring.telemetry.log.warning("trying again", why=error.message, failures=self.failures)
        return 0

    def close(self) -> None:
        """Leave the group and let go of everything; what is open is aborted.

        Effects end first, while the shards are still held: whoever takes them over finds nobody at work.
        """
        self._outside.close()
        if self._member is not None:
            self._member.close()
        if self._transactor is not None:
            self._transactor.close()
        self._broadcasts.close()
        self._facts.close()
        self._crew.close()

    # -- the steps -----------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        self._at(Step.POLL)
        member, hand = self._running(self._member), self._hand
        if not hand.ready:
            member.hold(hand.aside)
            attentive = ATTENTIVE_POLL_SECONDS if self._outside.on else POLL_SECONDS
            hand.add(member.poll(self._wiring.batch, 0.0 if hand.urgent else attentive))
            self._measures.idle = not (hand.ready or hand.aside)
            if not (hand.ready or self._outside.waiting) or not self._breath.take():
                return
            room = self._wiring.batch - len(hand.ready)
        else:
            member.hold()
            room = 0
        # At least one is asked for, if only to stay a member; a revocation in here forgets what is in hand.
        hand.add(member.poll(max(room, 1), 0.0))

    def _due(self) -> list[Tick]:
        every = self._workload.ticks
        if every is None:
            return []
        now = self._wiring.clock()
        due = [shard for shard in self.shards.owned if shard not in self._ticked or now >= self._ticked[shard] + every]
        return [Tick(shard=shard, now=now) for shard in sorted(due)]

    def _commit(
        self,
        records: Sequence[Inbound],
        ticks: Sequence[Tick] = (),
        told: Sequence[Told] = (),
        *,
        patience: float | None = None,
    ) -> list[Item[G]]:
        """Steps 2 to 8; with `patience` (seconds) for a record whose turn it is, which may raise Late."""
        events = bool(records or ticks or told)
        if not events and not (self._broadcasts.rejected and 0 in self.shards.owned):
            return []
        self._at(Step.VERIFY)
        verified = self._facts.verify(records)
        self._at(Step.TRACE)
        items = self._facts.trace(verified, ticks, told)
        self._at(Step.GATHER)
        items, broadcasts = self._facts.gather(self._others(items) if patience is None else items, patience)
        self._at(Step.DECIDE)
        batch = Batch()
        if 0 in self.shards.owned:
            for record, fault in self._broadcasts.rejected:
                self._decider.reject_broadcast(batch, record, fault, self.shards.owned[0])
        items = self._decide(batch, items, broadcasts)
        self._at(Step.SIGN)
        outputs = self._crew.map(self._outgoing.signed, batch.records)
        positions = {i.inbound.source: i.inbound.offset + 1 for i in items if i.inbound is not None and i.over}
        self.shards.keep(positions)
        states = [o for shard, state in self.shards.owned.items() for o in self._outgoing.state(shard, state)]
        self._decider.check(batch)
        self._at(Step.COMMIT)
        ends: Mapping[TopicPartition, int] = {}
        # Time in which nothing became due is no news to anybody.
        if outputs or states or positions or told:
            member, transactor = self._running(self._member), self._running(self._transactor)
            ends = transactor.commit([*outputs, *states], positions or self.shards.any_position(), member)
        self._at(Step.CACHE)
        self._settle(batch, items, ends, positions)
        self._outside.committed(batch.decided, outputs)
        return items

    def _decide(self, batch: Batch, items: list[Item[G]], broadcasts: Mapping[str, Broadcast]) -> list[Item[G]]:
        """Decide one event after the other, up to one that is not over; returns those that were decided."""
        for number, item in enumerate(items, 1):
            shard = self._shard_of(item)
            self._decider.decide(batch, item, shard, self.shards.owned[shard], broadcasts)
            if not item.over:
                return items[:number]
        return items

    def _settle(
        self,
        batch: Batch,
        items: Sequence[Item[G]],
        ends: Mapping[TopicPartition, int],
        positions: Mapping[TopicPartition, int],
    ) -> None:
        """The transaction is committed: bring everything that is kept in memory up to it."""
        now = self._wiring.clock()
        lease = self._wiring.naming.lease(self._workload.service)
        for shard, state in self.shards.owned.items():
            end = ends.get(TopicPartition(lease, shard))
            if end is not None:
                state.committed(end, now.timestamp())
        self.shards.inputs.update(positions)
        self._hand.done(positions)
        self._ticked.update((i.event.shard, i.event.now) for i in items if isinstance(i.event, Tick))
        self._facts.forget([i for i in items if i.over])
        if 0 in self.shards.owned:
            self._broadcasts.rejected.clear()
        self._decider.settle(batch)
        self._measures.committed(batch, items)

    # -- inside --------------------------------------------------------------------------------------------------

    def _others(self, items: Sequence[Item[G]]) -> list[Item[G]]:
        """What may be in one transaction; who is to be alone is set aside once it is the first of its partition."""
        kept: list[Item[G]] = []
        begun: set[TopicPartition] = set()
        apart: set[TopicPartition] = set()
        for item in items:
            if item.inbound is None:
                kept.append(item)
                continue
            source = item.inbound.source
            if source not in apart and self._alone(item):
                apart.add(source)
                if source not in begun:
                    self._hand.set_aside(source, alone=True)
            if source not in apart:
                begun.add(source)
                kept.append(item)
        return kept

    def _alone(self, item: Item[G]) -> bool:
        return isinstance(item.event, Received) and self._workload.alone(item.event)

    def _shard_of(self, item: Item[G]) -> int:
        if item.inbound is not None:
            return self.shards.of(item.inbound.source)
        if isinstance(item.event, Tick | Told):
            return item.event.shard
        raise AssertionError("an item without a record has an event")

    def _signer(self) -> Signer:
        # The authority may be away for longer than the last certificate held: that passes, a restart would not help.
        try:
            return self._wiring.identity.signer()
        except Unavailable as error:
            self._wiring.telemetry.log.alarm(Alarm.IDENTITY, error.message)
            raise Transient(error.message) from error
        except Refused as error:
            self._wiring.telemetry.log.alarm(Alarm.IDENTITY, error.message)
            raise

    def _forget(self, shards: Sequence[int]) -> None:
        """Shards are lost: what is in hand belongs to whoever has them next."""
        self._outside.lost(shards)
        self._hand.forget()
        self._facts.forget_all()
        self._ticked.clear()

    def _forget_transaction(self) -> None:
        for state in self.shards.owned.values():
            state.discard()

    def _at(self, step: Step) -> None:
        self._measures.step(step)
        self._wiring.probe(step)

    @staticmethod
    def _running(part: T | None) -> T:
        if part is None:
            raise AssertionError("the runtime has not been started")
        return part
