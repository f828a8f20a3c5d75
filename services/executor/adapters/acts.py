"""The acts outside, one for each stage: each does one thing, guarded by a read, and reports it.

An act raises Transient when another try may help, anything else when it will not. What it must not do twice, or only
while a control does not stand in the way, was made durable and checked by the verb before the act is called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from fixgate.chain import DecisionChain
from fixgate.changes.compare import difference, outside
from fixgate.changes.template import Stage as Target
from fixgate.errors import FixgateError, Transient
from fixgate.events import FactState, IntentPurpose, OracleVerdict, Resource, RollbackResult, Signed, Warrant
from fixgate.minting.client import Minted, NotMinted
from fixgate.resources.reading import Projection, Reading, projection_digest
from fixgate.signing import digest
from services.executor import reports
from services.executor.adapters.ports import Ports, Prepared
from services.executor.change import ChangeState, Stage
from services.executor.outcome import outcome_of, statement

MARGIN: Final = timedelta(seconds=1)
"""No call is begun so shortly before the credential's end."""
LONGEST_WAIT: Final = 60.0
GIVE_BACK_SECONDS: Final = 5.0


@dataclass(slots=True)
class Attempt:
    """One attempt at a change in this process: the signed intent, and the credential, which is nowhere else."""

    change: ChangeState
    chain: DecisionChain
    intent: Signed | None = None
    minted: Minted | None = None
    prepared: Prepared | None = None
    target: Target | None = None
    context: str = ""
    """The W3C traceparent of the act that is under way."""

    @property
    def named(self) -> tuple[int, str | None]:
        """What a report names: the attempt, and its intent's digest."""
        return self.change.attempt, None if self.intent is None else digest(self.intent.value)


class Acts:
    """What is done in each stage; blocks for the calls. Safe to use from several threads, one attempt in each."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._by_stage: Mapping[Stage, Callable[[Attempt], reports.Report]] = {
            Stage.INTENDED: self._rehearse,
            Stage.MINTING: self._mint,
            Stage.COMPARING: self._compare,
            Stage.APPLYING: self._apply,
            Stage.JUDGING: self._judge,
            Stage.UNDOING: self._undo,
            Stage.ENDING: self._end,
        }

    def act(self, attempt: Attempt) -> reports.Report:
        """Do what the attempt's stage asks for, and say how it went."""
        return self._by_stage[attempt.change.stage](attempt)

    def _rehearse(self, attempt: Attempt) -> reports.Report:
        number, intent = attempt.named
        chain = attempt.chain.proposed
        lies = self._ports.workshop.lies(chain)
        if lies:
            return reports.Rehearsed(attempt=number, intent=intent, rehearsal=None, lies=lies)
        now = self._ports.clock()
        rehearsal = self._ports.workshop.rehearse(chain, self._prepared(attempt), now)
        return reports.Rehearsed(attempt=number, intent=intent, rehearsal=rehearsal)

    def _mint(self, attempt: Attempt) -> reports.Report:
        number, intent = attempt.named
        change, warrant = attempt.change, _warrant(attempt)
        if attempt.intent is None:
            raise Transient("the signed intent is not at hand")
        why = self._ports.bounds(change.draft.target)
        if why and change.purpose is not IntentPurpose.UNDO:
            return reports.Stuck(attempt=number, intent=intent, why=why)
        early = (warrant.not_before_at - self._ports.clock()).total_seconds()
        if early > 0 and self._ports.wait(min(early, LONGEST_WAIT)):
            raise Transient("the process ends")
        if number > 1:
            # What an earlier attempt held must be dead before there is another: the sooner it is told, the sooner.
            self._give_back(change.draft.grant_digests, attempt.context)
        try:
            minted = self._ports.issuer.mint(attempt.intent, change.draft.decision, context=attempt.context)
        except NotMinted as error:
            grant = digest(error.grant.value)
            return reports.Denied(attempt=number, intent=intent, reasons=error.reasons, grant=grant)
        attempt.minted = minted
        attempt.target = self._ports.workshop.stage(minted.credential)
        return reports.Minted(attempt=number, intent=intent, grant=minted.grant_digest, not_after=minted.not_after)

    def _compare(self, attempt: Attempt) -> reports.Report:
        number, intent = attempt.named
        change, prepared = attempt.change, self._prepared(attempt)
        reading = self._read(attempt)
        words = self._moved(attempt, reading)
        if words:
            return reports.Compared(
                attempt=number, intent=intent, found=reading.digest, moved=True, words=words, snapshot=None
            )
        snapshot = change.draft.snapshot
        if snapshot is None:
            try:
                snapshot = self._ports.snapshots.keep(prepared.before, change.draft.proposal_digest)
            except FixgateError as error:
                # Without it nothing is changed; a full disk does not empty itself within a credential's life.
                return reports.Stuck(
                    attempt=number, intent=intent, why=f"the snapshot could not be kept: {error.message}", incident=True
                )
        return reports.Compared(
            attempt=number, intent=intent, found=reading.digest, moved=False, words="", snapshot=snapshot
        )

    def _moved(self, attempt: Attempt, reading: Reading) -> str:
        """Why the target is not what was approved; empty when it is, or when only this change was begun on it."""
        prepared = self._prepared(attempt)
        if reading.projection is None:
            return "the target is not there any more"
        if reading.digest == attempt.change.draft.pre_state_digest:
            return ""
        changes = difference(prepared.before, reading.projection, attempt.change.draft.target.id)
        if attempt.change.begun:
            changes = outside(changes, prepared.plan.write_set)
            if not changes:
                return ""
        return "the target has changed since it was approved: " + ", ".join(c.path for c in changes)

    def _apply(self, attempt: Attempt) -> reports.Report:
        number, intent = attempt.named
        prepared = self._prepared(attempt)
        step = prepared.plan.steps[attempt.change.at - 1]
        done = prepared.operations.perform(prepared.plan, step, prepared.before, self._target(attempt))
        return reports.Stepped(attempt=number, intent=intent, step=done)

    def _judge(self, attempt: Attempt) -> reports.Report:
        number, intent = attempt.named
        prepared, draft = self._prepared(attempt), attempt.change.draft
        soak = attempt.chain.proposed.proposal.durations.soak_seconds
        if soak and self._ports.wait(soak):
            raise Transient("the process ends")
        reading = self._read(attempt)
        changes = difference(prepared.before, reading.projection, draft.target.id)
        unexpected = outside(changes, prepared.plan.write_set)

        def just_read(_target: Resource) -> Reading:
            return reading

        # The oracles judge the very state that was just compared: one that is read again might be another.
        seen = replace(self._target(attempt), read=just_read)
        verdicts = prepared.operations.validate(prepared.plan, prepared.before, seen)
        failed = [v for v in verdicts if v.verdict is not OracleVerdict.PASSED]
        words = [f"{v.name} {v.verdict}: {v.detail}" for v in failed]
        words += [f"{c.path} was not to change" for c in unexpected]
        asked = {oracle.name for oracle in attempt.chain.proposed.proposal.validation}
        missing = sorted(asked - {v.name for v in verdicts})
        words += [f"{name} did not answer" for name in missing]
        return reports.Judged(
            attempt=number,
            intent=intent,
            found=reading.digest,
            changes=tuple(c for c in changes if c not in unexpected),
            unexpected=unexpected,
            validation=verdicts,
            passed=bool(verdicts) and not failed and not missing,
            words="; ".join(words),
        )

    def _undo(self, attempt: Attempt) -> reports.Report:
        number, intent = attempt.named
        prepared, change = self._prepared(attempt), attempt.change
        before = self._before(attempt)
        target = self._target(attempt)
        steps = prepared.operations.undo(prepared.plan, before, target)
        reading = self._read(attempt)
        left = difference(before, reading.projection, change.draft.target.id)
        foreign = outside(left, prepared.plan.write_set)
        return reports.Undone(
            attempt=number,
            intent=intent,
            steps=steps,
            rollback=RollbackResult(
                complete=not left,
                lossy_fields=tuple(c.path for c in left),
                restored_digest=reading.digest,
                cause=change.cause or "failure",
            ),
            restored=len(foreign) == len(left),
            unexpected=foreign,
        )

    def _end(self, attempt: Attempt) -> reports.Report:
        number, _ = attempt.named
        change = attempt.change
        attempt.minted = attempt.target = None
        self._give_back(change.draft.grant_digests, attempt.context)
        ended_at = self._ports.clock()
        signed = statement(outcome_of(change, ended_at), change.intents, self._ports.attest)
        return reports.Over(attempt=number, intent=None, ended_at=ended_at, statement=signed)

    # -- inside --------------------------------------------------------------------------------------------------

    def _prepared(self, attempt: Attempt) -> Prepared:
        if attempt.prepared is None:
            made = self._ports.workshop.prepare(attempt.chain.proposed)
            if projection_digest(made.before) != attempt.change.draft.pre_state_digest:
                raise ValueError("the approved state is not the one that its assessment carries")
            attempt.prepared = made
        return attempt.prepared

    def _before(self, attempt: Attempt) -> Projection:
        """The state to go back to: the snapshot; the approved state was compared with it, so it serves as well."""
        stored = attempt.change.draft.snapshot
        if stored is None:
            return self._prepared(attempt).before
        try:
            return self._ports.snapshots.recall(stored, attempt.change.draft.proposal_digest)
        except FixgateError:
            return self._prepared(attempt).before

    def _target(self, attempt: Attempt) -> Target:
        """The target under the credential; raises Transient when that has run out or was never ours."""
        if attempt.minted is None or attempt.target is None:
            raise Transient("there is no credential")
        if self._ports.clock() >= attempt.minted.not_after - MARGIN:
            raise Transient("the credential has run out")
        return replace(attempt.target, began=attempt.change.begun_at)

    def _read(self, attempt: Attempt) -> Reading:
        reading = self._target(attempt).read(attempt.change.draft.target)
        if reading.state is FactState.UNREADABLE:
            raise Transient(f"the target cannot be read: {reading.why}")
        return reading

    def _give_back(self, grants: tuple[str, ...], context: str) -> None:
        """Best effort: a credential that the issuer is not told about dies by its window."""
        for grant in grants:
            try:
                self._ports.issuer.give_back(grant, GIVE_BACK_SECONDS, context=context)
            except FixgateError:
                continue


def _warrant(attempt: Attempt) -> Warrant:
    warrant = attempt.chain.decision.warrant
    if warrant is None:
        raise ValueError("a change without a warrant")
    return warrant
