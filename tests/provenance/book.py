"""A whole change in a log in memory, from roster to proved death, for whoever tampers with it.

book = Book(tmp_path)
told = tell(book)                                # a change that people approved, made, and proved
told = tell(book, outcome={"steps": ()})         # with other fields in a record
told = tell(book, without={"dead"})              # with a record left out
verdicts = book.verify(book.evidence())
"""

from collections import Counter
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from fixgate import attestation
from fixgate.chain import proposal_chain
from fixgate.codec import embedded
from fixgate.errors import Unavailable
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
from fixgate.graph import Role
from fixgate.log import checkpoint
from fixgate.log.audit import Keys
from fixgate.log.leaf import BundleLeaf, RecordLeaf, authority_field, encode, signature_field
from fixgate.log.proof import Prover
from fixgate.log.writer import Log
from fixgate.people.roster import Roster
from fixgate.people.view import view, view_digest
from fixgate.provenance.archive import Archive
from fixgate.provenance.checks import Verdicts
from fixgate.provenance.collecting import collect
from fixgate.provenance.evidence import Evidence
from fixgate.provenance.people import Approvers
from fixgate.provenance.verify import EvidenceVerifier
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from services.issuer.scopes import session_name
from tests.chains import DIGEST, decided, outcome, proposed
from tests.fixgate.certificates import DOMAIN
from tests.log.logs import KEYS, SIGNER, WITNESS, MemoryStore
from tests.people.persons import approval, control, signed
from tests.samples import ACCESS_KEY, assessment, finding
from tests.services_people import FIRST
from tests.services_world import CODEC, NAMING, START, ServicesWorld, spiffe_id

SECOND: Final = timedelta(seconds=1)
USER: Final = ACCESS_KEY.id.partition("#")[0]
UPDATE: Final = Call(action="iam:UpdateAccessKey", resource=USER)
READ: Final = Call(action="iam:ListAccessKeys", resource=USER)
TOPICS: Final = {
    t.record: t.name for t in PIPELINE.topics.values() if t.record and t.signed and not t.name.endswith(".rejected")
}


class Objects:
    """An object store in memory; `files` may be tampered with."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, value: bytes) -> str:
        """See `objects.ObjectStore.put`."""
        self.files[digest(value)] = value
        return digest(value)

    def get(self, name: str) -> bytes:
        """See `objects.ObjectStore.get`."""
        if name not in self.files:
            raise Unavailable(f"the object {name} is not here")
        return self.files[name]

    def has(self, name: str) -> bool:
        """See `objects.ObjectStore.has`."""
        return name in self.files


@dataclass
class Book:
    """A deployment's log, a second passing with each record; the witness cosigns at each `checkpoint`."""

    folder: Path
    first_roster: str = FIRST.digest
    shared: ServicesWorld | None = None
    """Whose identities it uses; its own otherwise."""

    def __post_init__(self) -> None:
        self.world = self.shared or ServicesWorld(self.folder)
        self.store = MemoryStore()
        self.objects = Objects()
        self.log = Log(self.store, SIGNER)
        self.offsets: Counter[str] = Counter()
        self.now = START
        self.bundle()

    def bundle(self, *authorities: bytes, domain: str = DOMAIN) -> None:
        """Note who is trusted: the world's authority, unless others are given."""
        listed = tuple(sorted(map(authority_field, authorities or (self.world.root.der,))))
        leaf = BundleLeaf(trust_domain=domain, authorities=listed, seen_ms=self._ms())
        self.log.append([encode(leaf)])

    def record(
        self, record: Record, *, party: str = "", parents: Collection[str] = (), leaf_topic: str = "", **leaf: Any
    ) -> Signed:
        """Sign a record as its topic's writer and make it a leaf; `leaf` are fields of that to change."""
        topic = TOPICS[type(record).__name__]
        writer = party or PIPELINE.writers[topic][0]
        carried = tuple(digest(s.value) for s in embedded(record))
        envelope: dict[str, Any] = {"parents": tuple(dict.fromkeys((*parents, *carried)))}
        self.offsets[topic] += 1
        if PIPELINE.party(PIPELINE.writers[topic][0]).role is Role.SERVICE:
            envelope |= {"stream": f"{writer}/0", "sequence": self.offsets[topic]}
        made = self.world.sign(record, writer, **envelope)
        self.leaf(made, topic, writer, envelope, **(leaf | ({"topic": leaf_topic} if leaf_topic else {})))
        return made

    def leaf(self, made: Signed, topic: str, writer: str, envelope: Mapping[str, Any], /, **changed: Any) -> None:
        """Make a signed record a leaf."""
        fields: dict[str, Any] = {
            "topic": NAMING.topic(topic),
            "incarnation": "cluster/topic",
            "partition": 0,
            "offset": self.offsets[topic],
            "appended_ms": self._ms(),
            "digest": self.objects.put(made.value),
            "stream": envelope.get("stream", ""),
            "sequence": envelope.get("sequence", 0),
            "signer": spiffe_id(writer),
            "signature": signature_field(made.signature),
            "certificate": self.objects.put(made.certificate),
            "verdict": "verified",
        }
        self.log.append([encode(RecordLeaf(**(fields | changed)))])
        self.now += SECOND

    def checkpoint(self, *, cosigned: bool = True) -> None:
        """Publish what was appended; a witness sees it now."""
        self.log.publish()
        if cosigned:
            seconds = int(self.now.timestamp())
            self.log.keep_cosignatures([checkpoint.cosign(self.log.latest.note.text, seconds, WITNESS)])
        self.now += SECOND

    def seen_again(self) -> None:
        """The witness sees the tree that is there once more, now."""
        self.bundle(self.world.root.der)
        self.checkpoint()

    def prove(self, index: int) -> bytes:
        """The proof of one leaf."""
        return Prover(self.store, KEYS).prove(index)

    # -- what comes of it ----------------------------------------------------------------------------------------

    def archive(self, keys: Keys = KEYS) -> Archive:
        """All of it, read back."""
        return Archive(self.store, self.objects, keys, CODEC)

    def evidence(self, *finding_ids: str) -> Evidence:
        """The evidence about the finding, as it is written and read."""
        collected = collect(self.archive(), self.store, self.objects, KEYS, finding_ids or ("finding-1",))
        return Evidence.load(collected.dump())

    def verify(self, evidence: Evidence, keys: Keys = KEYS, *, operators_time: bool = False) -> Verdicts:
        """Judge it as a stranger does."""
        return EvidenceVerifier(
            keys=keys,
            topology=PIPELINE,
            naming=NAMING,
            codec=CODEC,
            people=Approvers(codec=CODEC, first_roster=self.first_roster),
            operators_time=operators_time,
        ).verify(evidence)

    def _ms(self) -> int:
        return int(self.now.timestamp() * 1000)


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
