"""A whole change told in a log, from roster to proved death, with lies in it where a test wants them.

book = Book(tmp_path)
told = tell(book)                                # a change that people approved, made, and proved
told = tell(book, outcome={"steps": ()})         # with other fields in a record
told = tell(book, without={"dead"})              # with a record left out
verdicts = book.verify(book.evidence())
"""

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from fixgate import attestation
from fixgate.chain import proposal_chain
from fixgate.events import (
    Admission,
    Approval,
    Call,
    Control,
    ControlKind,
    Credential,
    Death,
    DeathMethod,
    Decision,
    Grant,
    GrantState,
    Intent,
    IntentPurpose,
    Oracle,
    OracleKind,
    OracleResult,
    OracleVerdict,
    Outcome,
    PlannedStep,
    Proposal,
    Quorum,
    Record,
    Result,
    Signed,
    StepResult,
    Verdict,
    Warrant,
)
from fixgate.people.roster import Roster
from fixgate.people.view import view, view_digest
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from services.issuer.scopes import session_name
from tests.chains import DIGEST, decided, outcome, proposed
from tests.people.persons import approval, control, signed
from tests.provenance.book import TOPICS, Book
from tests.samples import ACCESS_KEY, assessment, finding
from tests.services_people import FIRST
from tests.services_world import CODEC, START, spiffe_id

USER: Final = ACCESS_KEY.id.partition("#")[0]
UPDATE: Final = Call(action="iam:UpdateAccessKey", resource=USER)
READ: Final = Call(action="iam:ListAccessKeys", resource=USER)


@dataclass
class Telling:
    """One change being told: fields to change by the record's name, and the names of records to leave out."""

    book: Book
    changes: Mapping[str, Mapping[str, Any]]
    without: Collection[str]
    told: dict[str, Signed] = field(default_factory=dict[str, Signed])

    def say(self, name: str, record: Record, *parents: str, **more: Any) -> Signed:
        """One record of it; one that is left out is signed all the same."""
        record = replace(record, **self.changes.get(name, {}))
        made = (
            self.book.world.sign(record, PIPELINE.writers[TOPICS[type(record).__name__]][0], parents=parents)
            if name in self.without
            else self.book.record(record, parents=parents, **more)
        )
        self.told[name] = made
        return made


def tell(book: Book, *, without: Collection[str] = (), **changes: Mapping[str, Any]) -> Mapping[str, Signed]:
    """A change that people approved, from the roster to the outcome; each record's bytes by its name."""
    telling = Telling(book, changes, without)
    with cosigned(book):
        enrolled(book)
    with cosigned(book):
        waiting = asked(telling)
    with cosigned(book):
        answered(telling, waiting)
    with cosigned(book):
        made(telling)
    return telling.told


def enrolled(book: Book, roster: Roster = FIRST, under: int = 1, *signers: str, issued_at: datetime = START) -> Signed:
    """A roster comes into force."""
    name = f"roster-{roster.version}"
    statement = control(ControlKind.ROSTER, control_id=name, document=roster.document, issued_at=issued_at)
    by_people = signed(replace(statement, roster_version=under), *(signers or ("ann",)))
    return book.record(Control(control_id=name, kind=ControlKind.ROSTER, statement=by_people))


def asked(telling: Telling) -> Signed:
    """A finding, what it means, a proposal, and the question to people."""
    book, say = telling.book, telling.say
    world, now = book.world, book.now
    found = say("finding", finding())
    judged = say("assessment", assessment((found,)))
    template = CODEC.decode(proposed(world, judged).value, Proposal)
    offered = replace(
        template,
        calls=(UPDATE, READ),
        validation=(Oracle(name="status", kind=OracleKind.STATE, question="Is it inactive?"),),
        expires_at=now + timedelta(days=1),
    )
    proposal = say("proposal", offered)
    decision = replace(
        CODEC.decode(decided(world, proposal).value, Decision),
        quorum=Quorum(approvals=1, roles=("approver",), excluded=("alice",)),
        decided_at=book.now,
        expires_at=book.now + timedelta(minutes=30),
    )
    return say("waiting", decision)


def answered(telling: Telling, waiting: Signed) -> None:
    """Bob approves, and the gate allows it."""
    book, say = telling.book, telling.say
    asks = CODEC.decode(waiting.value, Decision)
    chain = proposal_chain(CODEC, asks.proposal)
    statement = approval(
        person="bob",
        proposal_digest=asks.proposal_digest,
        view_digest=view_digest(view(asks, chain, "n1", book.now)),
        shown_at=book.now,
        answered_at=book.now,
    )
    statement = replace(statement, **telling.changes.get("statement", {}))
    by = telling.changes.get("signed_by", {}).get("people", (statement.person,))
    answer = Approval(approval_id="approval-1", proposal_id=asks.proposal_id, statement=signed(statement, *by))
    approved = say("approval", answer, asks.proposal_digest)
    allowed = replace(
        asks,
        decision_id="decision-2",
        verdict=Verdict.ALLOWED,
        decided_at=book.now,
        expires_at=None,
        warrant=None,
        approvals=(approved,),
    )
    allowed = replace(allowed, **telling.changes.get("permission", {}))
    warrant = Warrant(
        warrant_id="warrant-1",
        proposal_digest=asks.proposal_digest,
        approval_digests=tuple(digest(a.value) for a in allowed.approvals),
        policy_bundle_digest=asks.policy_bundle_digest,
        executor=spiffe_id("executor"),
        not_before_at=book.now,
        not_after_at=book.now + timedelta(minutes=15),
    )
    say("allowed", replace(allowed, warrant=replace(warrant, **telling.changes.get("warrant", {}))))


def made(telling: Telling) -> None:
    """The change is made under a credential that dies."""
    book, say = telling.book, telling.say
    decision = telling.told["allowed"]
    about = CODEC.decode(decision.value, Decision)
    proposal = CODEC.decode(about.proposal.value, Proposal)
    name = digest(decision.value)
    warrant_id = about.warrant.warrant_id if about.warrant else "warrant-1"
    intent = say(
        "intent",
        Intent(
            intent_id="intent-1",
            purpose=IntentPurpose.APPLY,
            attempt=1,
            proposal_id=about.proposal_id,
            proposal_digest=about.proposal_digest,
            decision_digest=name,
            warrant_id=warrant_id,
            lock_key=about.lock_key,
            finding_ids=about.finding_ids,
            executor=spiffe_id("executor"),
            target=proposal.target,
            steps=(PlannedStep(name="deactivate", action=UPDATE.action, resource=UPDATE.resource),),
            planned_at=book.now,
        ),
        name,
    )
    issued = Grant(
        grant_id="grant-1",
        state=GrantState.ISSUED,
        intent_digest=digest(intent.value),
        decision_digest=name,
        proposal_digest=about.proposal_digest,
        warrant_id=warrant_id,
        lock_key=about.lock_key,
        executor=spiffe_id("executor"),
        admission=Admission(policy_bundle_digest=DIGEST, ceiling_digest=DIGEST),
        credential=credential(about, book.now, telling.changes.get("credential", {})),
        recorded_at=book.now,
    )
    parents = (digest(intent.value), name)
    granted = say("issued", issued, *parents)
    step = StepResult(
        name="deactivate",
        action=UPDATE.action,
        resource=UPDATE.resource,
        succeeded=True,
        started_at=book.now,
        ended_at=book.now,
    )
    draft = outcome(
        book.world,
        result=Result.DONE,
        decision=decision,
        intent_digest=digest(intent.value),
        grant_digests=(digest(granted.value),),
        steps=(step,),
        validation=(
            OracleResult(name="status", kind=OracleKind.STATE, verdict=OracleVerdict.PASSED, asked_at=book.now),
        ),
        started_at=book.now,
        ended_at=book.now,
    )
    ended = replace(draft, **telling.changes.get("result", {}))
    say("dying", replace(issued, state=GrantState.DYING), *parents)
    say(
        "outcome",
        replace(ended, statement=attested(book, ended, (ended.intent_digest,) if ended.intent_digest else ())),
        *ended_parents(ended),
    )
    death = Death(method=DeathMethod.KILLED, proved_at=book.now, attempts=1)
    say("dead", replace(issued, state=GrantState.DEAD, death=death), *parents)


def credential(about: Decision, now: datetime, changed: Mapping[str, Any]) -> Credential:
    """What the change needs, for as long as was approved."""
    held = Credential(
        kind="aws.sts.session",
        session_name=session_name(about.proposal_digest),
        scope_digest=DIGEST,
        calls=(UPDATE.action, READ.action),
        resources=(USER,),
        not_before_at=now,
        not_after_at=now + timedelta(seconds=60),
    )
    return replace(held, **changed)


def ended_parents(ended: Outcome) -> tuple[str, ...]:
    """What an outcome names."""
    return (*((ended.intent_digest,) if ended.intent_digest else ()), *ended.grant_digests)


def attested(book: Book, ended: Outcome, intents: tuple[str, ...], party: str = "executor") -> bytes:
    """The statement about an outcome, signed."""
    payload = attestation.payload_of(ended, intents)
    return attestation.envelope_of(payload, book.world.person(party).signer().attest(attestation.PAYLOAD_TYPE, payload))


@contextmanager
def cosigned(book: Book) -> Generator[None]:
    """What is told meanwhile is published and cosigned together."""
    yield
    book.checkpoint()
