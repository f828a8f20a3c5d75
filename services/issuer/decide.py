"""Admit: the issuer's verb. Marks a warrant used before anything is made, and follows each credential to its death.

| event                   | what comes of it                                                                       |
|-------------------------|----------------------------------------------------------------------------------------|
| a decision              | remembered: the newest one on each proposal                                            |
| told `mint`             | refused with a record; not yet, with none; or admitted: an entry, nothing outside yet  |
| told `issued`           | the grant: the credential was made                                                     |
| told `failed`           | the record that it was not                                                             |
| told `not_made`         | as if it had not been asked for: the same intent may ask again                         |
| told `give_back`        | the credential is dying                                                                |
| told `dead`, `unproved` | how it ended; or, once, that this could not be proved yet                              |
| time                    | credentials at the end of their window are dying; what is over is forgotten            |
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from fixgate.chain import decision_chain
from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import Decision, GrantState, Intent, IntentPurpose, Signed, Verdict
from fixgate.forms import micros
from fixgate.ids import derived_id
from fixgate.signing import digest
from fixgate.verbs import Event, Facts, Output, Received, Result, Tick, Told
from services.issuer import grants
from services.issuer.admission import UNDO_FOR, Asked, Judge, Judged, NotYet, misfits, standing
from services.issuer.grants import Proof
from services.issuer.ledger import (
    CREDENTIALS,
    Entry,
    Known,
    Ledger,
    Stage,
    Used,
    decision_key,
    warrant_key,
    written,
)
from services.issuer.scopes import Scope, scope_of

MINT: Final = "mint"
ISSUED: Final = "issued"
FAILED: Final = "failed"
NOT_MADE: Final = "not_made"
GIVE_BACK: Final = "give_back"
DEAD: Final = "dead"
UNPROVED: Final = "unproved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Payload of `mint`: two records whose signatures, and those of what they carry, were verified."""

    intent: Signed
    decision: Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Payload of `issued`: what may be said of the credential in public."""

    public_id: str
    scope_digest: str
    hard_end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """The verb. `executor` is the only SPIFFE ID that warrants count for."""

    codec: Codec
    judge: Judge
    executor: str

    def __call__(self, event: Event, facts: Facts[Any]) -> Result:
        """What comes of one event."""
        ledger = Ledger(state=facts.state)
        match event:
            case Received(record=Decision() as decision, digest=name):
                return _read(decision, name)
            case Received():
                raise Poison(Reason.WRONG_RECORD, "the issuer reads decisions")
            case Tick(now=now):
                return _passed(ledger, now)
            case Told(name="mint", payload=Ask() as ask):
                return self._asked(ask, facts, ledger)
            case Told():
                return _told(event, facts, ledger)

    def _asked(self, ask: Ask, facts: Facts[Any], ledger: Ledger) -> Result:
        asked = Asked(
            intent=self.codec.decode(ask.intent.value, Intent),
            intent_digest=digest(ask.intent.value),
            chain=decision_chain(self.codec, ask.decision),
        )
        chain, now = asked.chain, facts.now
        undoing = asked.intent.purpose is IntentPurpose.UNDO
        look = self.judge.halted if undoing else self.judge.judge
        reasons = misfits(asked, self.executor)
        warrant = chain.decision.warrant
        if not reasons and warrant is not None:
            stands = standing(asked, warrant, ledger, now)
            if isinstance(stands, NotYet):
                return Result()
            reasons = stands
        scope = scope_of(chain.proposed.proposal, chain.proposed.digest)
        if isinstance(scope, str):
            reasons = (*reasons, scope)
        judged = look(chain, facts.broadcasts, now)
        reasons = (*reasons, *judged.reasons)
        if reasons or isinstance(scope, str):
            return Result(outputs=(grants.refused(asked, judged, reasons, self.executor, now),))
        return self._admitted(asked, judged, scope, ledger, facts)

    def _admitted(self, asked: Asked, judged: Judged, scope: Scope, ledger: Ledger, facts: Facts[Any]) -> Result:
        intent, decision = asked.intent, asked.chain.decision
        warrant = decision.warrant
        if warrant is None:
            raise AssertionError("an allowed decision has a warrant")
        before = ledger.used(warrant.warrant_id)
        mints = before.mints + 1 if before else 1
        used = Used(
            intent_id=intent.intent_id,
            decision_digest=asked.chain.digest,
            proposal_digest=decision.proposal_digest,
            mints=mints,
            until_us=micros(warrant.not_after_at + UNDO_FOR),
        )
        window = timedelta(seconds=asked.chain.proposed.proposal.durations.credential_seconds)
        entry = Entry(
            grant_id=derived_id("grant", asked.intent_digest, asked.chain.digest, str(mints)),
            stage=Stage.ADMITTED,
            intent_digest=asked.intent_digest,
            intent_id=intent.intent_id,
            decision_digest=asked.chain.digest,
            proposal_digest=decision.proposal_digest,
            warrant_id=warrant.warrant_id,
            lock_key=decision.lock_key,
            finding_ids=decision.finding_ids,
            executor=self.executor,
            context=facts.context,
            kind=scope.kind,
            template_id=scope.template_id,
            account=scope.account,
            region=scope.region,
            session_name=scope.session_name,
            calls=scope.calls,
            not_before_us=micros(facts.now),
            not_after_us=micros(facts.now + window),
            bundle_digest=judged.bundle_digest,
            ceiling_digest=judged.ceiling_digest,
            policies=tuple((i, e.value, w) for i, e, w in judged.policies),
        )
        return Result(state={warrant_key(warrant.warrant_id): written(used), entry.key: written(entry)})


def _read(decision: Decision, name: str) -> Result:
    """The newest decision on a proposal is the only one that counts, whatever it says."""
    warrant = decision.warrant if decision.verdict is Verdict.ALLOWED else None
    over = warrant.not_after_at if warrant else (decision.expires_at or decision.decided_at)
    known = Known(
        digest=name,
        warrant_id=warrant.warrant_id if warrant else "",
        # Kept for a while after that: what was withdrawn must not look like what was not read yet.
        until_us=micros(over + timedelta(days=1)),
    )
    return Result(state={decision_key(decision.proposal_id): written(known)})


def _passed(ledger: Ledger, now: datetime) -> Result:
    outputs: list[Output] = []
    state: dict[bytes, bytes | None] = {}
    for entry in ledger.entries():
        if entry.stage in {Stage.ADMITTED, Stage.ISSUED} and entry.not_after <= now:
            dying = replace(entry, stage=Stage.DYING)
            # Only time passed: it belongs to no trace yet, and least of all to that of other credentials.
            outputs.append(replace(grants.step(dying, GrantState.DYING, now), follows=(entry.context,)))
            state[entry.key] = written(dying)
    if now.second == 0:
        state.update(dict.fromkeys(ledger.over(now)))
    return Result(outputs=tuple(outputs), state=state)


def _told(told: Told, facts: Facts[Any], ledger: Ledger) -> Result:
    entry = ledger.entry(told.order) if told.order.startswith(CREDENTIALS) else None
    if entry is None:
        raise Poison(Reason.INVALID, f"nothing is known of a credential {told.order.decode(errors='replace')}")
    match told.name, told.payload:
        case "issued", Made() as made:
            return _issued(entry, made, facts)
        case "failed", str(reason):
            return _failed(entry, reason, facts)
        case "not_made", None:
            return _not_made(entry, ledger)
        case "give_back", None:
            return _given_back(entry, facts)
        case (("dead" | "unproved"), Proof() as proof):
            return _proved(entry, proof, facts) if told.name == DEAD else _unproved(entry, proof, facts)
        case _:
            raise Poison(Reason.DEFECT, f"nothing is known of being told {told.name}")


def _issued(entry: Entry, made: Made, facts: Facts[Any]) -> Result:
    if entry.stage is not Stage.ADMITTED:
        raise Poison(Reason.INVALID, f"{entry.grant_id} was made after its window had ended, so nobody gets it")
    after = replace(
        entry,
        stage=Stage.ISSUED,
        public_id=made.public_id,
        scope_digest=made.scope_digest,
        hard_end_us=micros(made.hard_end),
    )
    return Result(outputs=(grants.step(after, GrantState.ISSUED, facts.now),), state={entry.key: written(after)})


def _failed(entry: Entry, reason: str, facts: Facts[Any]) -> Result:
    if entry.stage is not Stage.ADMITTED:
        raise Poison(Reason.INVALID, f"{entry.grant_id} was not waiting to be made")
    return Result(outputs=(grants.failed(entry, reason, facts.now),), state={entry.key: None})


def _proved(entry: Entry, proof: Proof, facts: Facts[Any]) -> Result:
    return Result(outputs=(grants.step(entry, GrantState.DEAD, facts.now, proof),), state={entry.key: None})


def _unproved(entry: Entry, proof: Proof, facts: Facts[Any]) -> Result:
    if entry.stage is Stage.UNPROVED:
        return Result()
    after = replace(entry, stage=Stage.UNPROVED, attempts=proof.attempts)
    output = grants.step(after, GrantState.UNPROVED, facts.now, proof)
    return Result(outputs=(output,), state={entry.key: written(after)})


def _not_made(entry: Entry, ledger: Ledger) -> Result:
    """The warrant stays the intent's, but no credential is counted."""
    used = ledger.used(entry.warrant_id)
    if entry.stage is not Stage.ADMITTED or used is None:
        raise Poison(Reason.INVALID, f"{entry.grant_id} was not waiting to be made")
    fewer = replace(used, mints=used.mints - 1)
    return Result(state={entry.key: None, warrant_key(entry.warrant_id): written(fewer)})


def _given_back(entry: Entry, facts: Facts[Any]) -> Result:
    if entry.stage is not Stage.ISSUED:
        return Result()
    dying = replace(entry, stage=Stage.DYING, asked_us=micros(facts.now))
    return Result(outputs=(grants.step(dying, GrantState.DYING, facts.now),), state={entry.key: written(dying)})
