"""Verifies evidence offline, with the log's keys, the witnesses', the trust domain and the digest of the first roster.

Before all: the trust bundles are leaves of the log, in its order                                    bundles

Each record, in the order of the log:

(1) its leaf stands behind the one before, is in a checkpoint that the log's key signed, and says
    that the record verified                                                                         leaf
(2) record and certificate have the digests that the leaf names; the record is of the kind of its
    topic and has the place in its stream that the leaf says                                         bytes
(3) its certificate chain leads to an authority that the log noted, was valid at the time that the
    log proves, and the signature over the exact bytes verifies by a writer of its topic             signature
(4) a witness saw it while that certificate was valid, or shortly after; where nobody did, the time
    is what the operator asserts, which is a failure when a witness is trusted and asked for         time
(5) it names what it carries as its parents, and each of them is here, unless its topic may begin
    a chain or it is here only because something was made from it                                    parents

and the whole, of the records that are about the findings:

(6) each finding is here; what is about none of them is a parent of something, or a roster           findings
(7) a decision, its approvals, its proposal, the assessment and the findings fit together            chain
(8) where people were asked, the approvals that count are as many and of such roles as was asked     people
(9) a warrant is given once, for our executor, and used by one change; an intent is under it, and
    an outcome says how it ended                                                                     warrant
(10) each credential was issued for an intent, carries the proposal, allows nothing more, lives no
    longer than was approved, and died                                                               credential
(11) each outcome follows from an intent; its steps were approved and covered by a credential        outcome
(12) the statement in it is signed by the executor and says the same as the record                   statement

What evidence cannot show is that something was left out that nothing in it names. Whoever reads the whole log can tell:
`fixgate verify ID` does.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from fixgate import attestation
from fixgate.chain import decision_chain
from fixgate.codec import Codec, embedded
from fixgate.errors import FixgateError
from fixgate.events import Control, ControlKind, Decision, Finding, Grant, Intent, Outcome, Record, Verdict
from fixgate.graph import Topology
from fixgate.log.audit import Keys
from fixgate.naming import Naming
from fixgate.provenance.archive import parents_of
from fixgate.provenance.checks import Check, Verdicts
from fixgate.provenance.evidence import Evidence
from fixgate.provenance.judging import Judging, conclusion
from fixgate.provenance.records import RecordVerifier, trust_of
from fixgate.provenance.seen import Case, Seen
from fixgate.signing import digest
from fixgate.trust import TrustBundle
from fixgate.verification import Verifier, check_parents

EXECUTOR = "executor"
"""Who alone makes changes."""
People = Callable[[Case, Seen, Decision], Iterator[tuple[bool, str]]]
"""Judges the approvals of an allowed decision: whether each counts and whether they suffice, and in words why."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceVerifier:
    """What verification needs to know beforehand; `verify` may be called again and again.

    With `operators_time` a record passes whose time is only the operator's word although witnesses are trusted.
    """

    keys: Keys
    topology: Topology
    naming: Naming
    codec: Codec
    people: People
    operators_time: bool = False

    def verify(self, evidence: Evidence, progress: Progress | None = None) -> Verdicts:
        """Judge it all; raises nothing for what is wrong with the evidence, it is in the answer."""
        try:
            trust = trust_of(evidence, self.keys)
        except FixgateError as error:
            return Verdicts(checks=(_failed("", "Bundle", "bundles", error.message),))
        checks: list[Check] = []
        case = Case.of_records(evidence.finding_ids, self._seen(evidence, trust, checks, progress))
        # The log takes up each topic at its own pace: a parent may stand behind what was made from it.
        known = {digest(entry.value) for entry in evidence.entries}
        checks += (self._parents(seen, case, known) for seen in case.records.values())
        checks += _findings(case)
        judging = Judging(case=case, codec=self.codec, executor=self._executor)
        for seen in case.records.values():
            if case.about(seen.record):
                checks += self._judged(seen, case, judging, trust)
        asserted = sum(not seen.witnessed for seen in case.records.values())
        return Verdicts(checks=tuple(checks), asserted=asserted, ended=conclusion(case))

    @property
    def _executor(self) -> str:
        return self.naming.spiffe_id(self.topology.party(EXECUTOR))

    def _seen(
        self, evidence: Evidence, trust: TrustBundle, checks: list[Check], progress: Progress | None
    ) -> dict[str, Seen]:
        """(1) to (4) for each record."""
        verifier = RecordVerifier(
            keys=self.keys,
            topology=self.topology,
            naming=self.naming,
            codec=self.codec,
            trust=trust,
            operators_time=self.operators_time,
        )
        found: dict[str, Seen] = {}
        for number, entry in enumerate(evidence.entries, 1):
            seen = verifier.record(entry, checks)
            if seen is not None:
                found[seen.digest] = seen
            if progress is not None:
                progress(number, len(evidence.entries))
        return found

    def _parents(self, seen: Seen, case: Case, known: AbstractSet[str]) -> Check:
        """(5) What it names as its parents."""
        record = seen.record
        rooted = any(t.rooted for t in self.topology.topics.values() if t.record == type(record).__name__)
        parents = parents_of(record)
        try:
            check_parents(parents, [digest(s.value) for s in embedded(record)], rooted=rooted)
        except FixgateError as error:
            return _failed(seen.digest, type(record).__name__, "parents", error.message)
        absent = [p for p in parents if p not in known]
        if absent and not rooted and case.about(record):
            words = f"{len(absent)} of {len(parents)} records that it was made from are not here: {absent[0]}"
            return _failed(seen.digest, type(record).__name__, "parents", words)
        words = f"made from {len(parents)} records" if parents else "begins a chain"
        return _passed(seen, "parents", words)

    def _judged(self, seen: Seen, case: Case, judging: Judging, trust: TrustBundle) -> Iterator[Check]:
        match seen.record:
            case Decision() as decision:
                yield from self._decision(seen, decision, case, judging)
            case Intent() as intent:
                # (9) the warrant
                yield _check(seen, "warrant", judging.intent(intent), f"to {intent.purpose.value} under its warrant")
            case Grant() as grant:
                # (10) the credential
                yield _check(seen, "credential", judging.grant(grant), grant.state.value)
            case Outcome() as outcome:
                # (11) the outcome
                yield _check(seen, "outcome", judging.outcome(outcome), outcome.result.value)
                # (12) the statement
                yield _check(
                    seen, "statement", self._statement(seen, outcome, case, trust), "the statement says the same"
                )
            case _:
                return

    def _decision(self, seen: Seen, decision: Decision, case: Case, judging: Judging) -> Iterator[Check]:
        # (7) the chain; signatures of what is carried are judged where it stands itself
        try:
            decision_chain(self.codec, seen.signed)
        except FixgateError as error:
            yield _failed(seen.digest, "Decision", "chain", error.message)
            return
        yield _passed(seen, "chain", f"{decision.verdict.value}: decision, proposal, assessment and findings fit")
        if decision.verdict is Verdict.ALLOWED:
            # (8) the people
            for counts, why in self.people(case, seen, decision):
                yield Check(record=seen.digest, kind="Decision", step="people", passed=counts, words=why)
        # (9) the warrant
        if decision.verdict is Verdict.ALLOWED or decision.warrant is not None:
            yield _check(seen, "warrant", judging.warrant(decision), "given once")

    def _statement(self, seen: Seen, outcome: Outcome, case: Case, trust: TrustBundle) -> str:
        intents = tuple(p for p in parents_of(outcome) if case.get(p, Intent) is not None)
        try:
            found = attestation.read(outcome.statement)
            Verifier().verify(
                found.payload,
                found.signature,
                found.certificate,
                signers=[self._executor],
                at_ms=seen.appended_ms,
                trust=trust,
                payload_type=attestation.PAYLOAD_TYPE,
            )
        except FixgateError as error:
            return error.message
        same = found.payload == attestation.payload_of(outcome, intents)
        return "" if same else "the statement says something else than the record"


def _findings(case: Case) -> Iterator[Check]:
    """(6) Whether each finding is here, and nothing else without a reason."""
    here = {r.finding_id for _, r in case.of(Finding)}
    if not case.finding_ids or not case.records:
        yield _failed("", "Finding", "findings", "there is nothing to verify")
    for missing in sorted(case.finding_ids - here):
        yield _failed("", "Finding", "findings", f"the finding {missing} is not here")
    named = {p for s in case.records.values() if case.about(s.record) for p in parents_of(s.record)}
    for name, seen in case.records.items():
        if not case.about(seen.record) and name not in named and not _is_roster(seen.record):
            yield _failed(name, type(seen.record).__name__, "findings", "it has nothing to do with the findings")


def _is_roster(record: Record) -> bool:
    return isinstance(record, Control) and record.kind is ControlKind.ROSTER


def _check(seen: Seen, step: str, wrong: str, words: str) -> Check:
    return Check(record=seen.digest, kind=type(seen.record).__name__, step=step, passed=not wrong, words=wrong or words)


def _passed(seen: Seen, step: str, words: str) -> Check:
    return _check(seen, step, "", words)


def _failed(record: str, kind: str, step: str, words: str) -> Check:
    return Check(record=record, kind=kind, step=step, passed=False, words=words)
