"""Verifies evidence offline, with the log's keys, the trust domain and the digest of the first roster.

Each record, in the order of the log:

(1) its leaf is in a checkpoint that the log's key signed, and says that the record verified       leaf
(2) the record's bytes have the digest that the leaf names                                         bytes
(3) the time at which it was appended lies between checkpoints that a witness cosigned; where
    that is not so, the time is what the operator asserts, which is said and is no failure         time
(4) its certificate chain leads to an authority that the log noted, was valid at that time, and
    the signature over the exact bytes verifies by a writer of its topic                           signature
(5) every record that it names as a parent is here, unless it may begin a chain                    parents

and the whole:

(6) a decision, its approvals, its proposal, the assessment and the findings fit together          chain
(7) each approval is signed by a person of the roster of that moment                               people
(8) each credential was issued for an intent under an allowed decision, and died                   credential
(9) each outcome follows from an intent under an allowed decision                                  outcome
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from fixgate.chain import decision_chain
from fixgate.codec import Codec
from fixgate.errors import FixgateError, Poison, Refused
from fixgate.events import Decision, Grant, GrantState, Intent, Outcome, Record, Result, Signed, Verdict
from fixgate.graph import Topology
from fixgate.log.audit import ASSERTED, Keys, iso
from fixgate.log.checkpoint import open_checkpoint
from fixgate.log.leaf import BundleLeaf, RecordLeaf, authorities_of, signature_field
from fixgate.log.proof import check, check_any
from fixgate.naming import Naming
from fixgate.provenance.archive import parents_of
from fixgate.provenance.evidence import Entry, Evidence
from fixgate.signing import digest
from fixgate.trust import TrustBundle
from fixgate.verification import Verifier

BEHIND_MS: Final = 120_000
"""How long after a record a leaf may be written, that its time still counts as proved: twice the law's minute."""
CLOCKS_MS: Final = 10_000
"""How far the clocks of broker and witness may be apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: the record (empty for the whole), which step, how it went, and why."""

    record: str
    kind: str
    step: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All checks. The evidence verifies when there is something to verify and nothing failed."""

    checks: tuple[Check, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing failed."""
        return bool(self.checks) and all(c.passed for c in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """What failed."""
        return tuple(c for c in self.checks if not c.passed)


People = Callable[[Mapping[str, Record], Decision], Iterator[tuple[bool, str]]]
"""Judges the approvals of a decision: whether each counts, and in words why."""


@dataclass(slots=True)
class EvidenceVerifier:
    """What verification needs to know beforehand; `verify` may be called again and again."""

    keys: Keys
    topology: Topology
    naming: Naming
    codec: Codec
    people: People
    _verifier: Verifier = field(default_factory=Verifier)

    def verify(self, evidence: Evidence) -> Verdicts:
        """Judge it all; raises nothing for what is wrong with the evidence, it is in the answer."""
        checks: list[Check] = []
        try:
            trust = self._trust(evidence)
        except FixgateError as error:
            return Verdicts((Check(record="", kind="Bundle", step="bundles", passed=False, words=error.message),))
        # The log takes up each topic at its own pace: a parent may stand behind what was made from it.
        present = {digest(entry.value) for entry in evidence.entries}
        records: dict[str, Record] = {}
        for entry in evidence.entries:
            records.update(self._record(entry, trust, present, checks))
        sent = {digest(e.value): Signed(value=e.value, signature=b"", certificate=b"") for e in evidence.entries}
        checks += self._whole(records, sent)
        return Verdicts(tuple(checks))

    # -- each record ---------------------------------------------------------------------------------------------

    def _record(
        self, entry: Entry, trust: TrustBundle, known: AbstractSet[str], checks: list[Check]
    ) -> dict[str, Record]:
        name = digest(entry.value)
        try:
            record = self.codec.decode_any(entry.value)
        except Poison as error:
            checks.append(Check(record=name, kind="?", step="bytes", passed=False, words=error.message))
            return {}
        kind = type(record).__name__

        def said(step: str, words: str, *, passed: bool = True) -> None:
            checks.append(Check(record=name, kind=kind, step=step, passed=passed, words=words))

        step = "leaf"
        try:
            # (1) the leaf
            dated = check(entry.proof, self.keys)
            leaf = dated.leaf
            if not leaf.verified:
                raise Refused(f"the log says that it did not verify: {leaf.verdict}")
            said(
                step, f"leaf {dated.index} of a tree of {dated.signed.head.size}, signed by {dated.signed.head.origin}"
            )
            # (2) the bytes
            step = "bytes"
            if leaf.digest != name or leaf.certificate != digest(entry.certificate):
                raise Refused("the leaf is of another record")
            said(step, name)
            # (3) the time
            step = "time"
            said(step, self._time(entry, leaf, None if dated.cosignature is None else dated.cosignature.time))
            # (4) the signature
            step = "signature"
            said(step, f"signed by {self._signer(entry, leaf, trust)}")
            # (5) the parents
            step = "parents"
            said(step, self._parents(record, leaf, known))
        except FixgateError as error:
            said(step, error.message, passed=False)
            return {}
        return {name: record}

    def _time(self, entry: Entry, leaf: RecordLeaf, cosigned_s: int | None) -> str:
        """What is known of the time, in words; raises Refused when it cannot be true."""
        if leaf.appended_ms is None:
            raise Refused("the broker did not say when it was appended")
        at = iso(leaf.appended_ms // 1000)
        if cosigned_s is None:
            return f"{at}: {ASSERTED}"
        if leaf.appended_ms > cosigned_s * 1000 + CLOCKS_MS:
            raise Refused(f"it says {at}, but a witness saw it at {iso(cosigned_s)} already")
        earlier = self._not_before(entry, leaf)
        if earlier is None:
            return f"{at}, before {iso(cosigned_s)} says the witness; that it is no older: {ASSERTED}"
        if leaf.appended_ms < earlier * 1000 - BEHIND_MS:
            return f"{at}: {ASSERTED}; the log took it up between {iso(earlier)} and {iso(cosigned_s)}"
        return f"{at}, between {iso(earlier)} and {iso(cosigned_s)} says the witness"

    def _not_before(self, entry: Entry, leaf: RecordLeaf) -> int | None:
        """When a witness cosigned a tree without this leaf, in seconds; None when nothing says so."""
        del leaf
        if entry.after is None:
            return None
        signed = open_checkpoint(entry.after, self.keys.origin, self.keys.log)
        if signed.head.size > check(entry.proof, self.keys).index:
            raise Refused("the checkpoint that was to come before the leaf has it")
        cosignature = next(iter(signed.cosignatures(self.keys.witnesses)), None)
        return None if cosignature is None else cosignature.time

    def _signer(self, entry: Entry, leaf: RecordLeaf, trust: TrustBundle) -> str:
        topic = self.topology.topic(self.naming.bare(leaf.topic))
        writers = [self.naming.spiffe_id(self.topology.party(w)) for w in self.topology.writers[topic.name]]
        signature = _signature(leaf)
        return self._verifier.verify(
            entry.value, signature, entry.certificate, signers=writers, at_ms=leaf.appended_ms, trust=trust
        ).signer

    def _parents(self, record: Record, leaf: RecordLeaf, known: AbstractSet[str]) -> str:
        topic = self.topology.topic(self.naming.bare(leaf.topic))
        parents = parents_of(record)
        if not parents and not topic.rooted:
            raise Refused("it names nothing that it was made from")
        absent = [p for p in parents if p not in known]
        if absent and not topic.rooted:
            raise Refused(f"{len(absent)} of {len(parents)} records that it was made from are not here: {absent[0]}")
        return f"made from {len(parents)} records" if parents else "begins the chain"

    # -- the whole -----------------------------------------------------------------------------------------------

    def _whole(self, records: Mapping[str, Record], sent: Mapping[str, Signed]) -> Iterator[Check]:
        allowed: set[str] = set()
        for name, record in records.items():
            if isinstance(record, Decision):
                yield from self._decision(sent[name], record, records)
                if record.verdict is Verdict.ALLOWED and record.warrant is not None:
                    allowed.add(name)
        intents = {n: r for n, r in records.items() if isinstance(r, Intent)}
        for name, record in records.items():
            if isinstance(record, Grant):
                yield _grant(name, record, records, intents, allowed)
            elif isinstance(record, Outcome):
                yield _outcome(name, record, intents, allowed)

    def _decision(self, sent: Signed, decision: Decision, records: Mapping[str, Record]) -> Iterator[Check]:
        # (6) the chain; signatures of what is carried are judged where it stands itself
        name = digest(sent.value)
        try:
            decision_chain(self.codec, sent)
        except Poison as error:
            yield Check(record=name, kind="Decision", step="chain", passed=False, words=error.message)
            return
        words = f"{decision.verdict.value}: decision, proposal, assessment and findings fit together"
        yield Check(record=name, kind="Decision", step="chain", passed=True, words=words)
        # (7) the people
        for counts, why in self.people(records, decision):
            yield Check(record=name, kind="Decision", step="people", passed=counts, words=why)

    def _trust(self, evidence: Evidence) -> TrustBundle:
        trust = TrustBundle()
        for data in evidence.bundles:
            _, found, _, _ = check_any(data, self.keys)
            if not isinstance(found, BundleLeaf):
                raise Refused("what should be a trust bundle is another leaf")
            trust = trust.observe(found.trust_domain, authorities_of(found), found.seen_ms)
        return trust


def _grant(
    name: str, grant: Grant, records: Mapping[str, Record], intents: Mapping[str, Intent], allowed: set[str]
) -> Check:
    # (8) the credentials
    passed, words = True, f"{grant.state.value}"
    if grant.state is not GrantState.REFUSED:
        if grant.intent_digest not in intents or grant.decision_digest not in allowed:
            passed, words = False, "it was issued without an intent under an allowed decision"
        elif grant.state is GrantState.ISSUED and not _died(grant, records):
            passed, words = False, "nothing says that the credential is dead"
    return Check(record=name, kind="Grant", step="credential", passed=passed, words=words)


def _died(grant: Grant, records: Mapping[str, Record]) -> bool:
    return any(
        isinstance(r, Grant) and r.grant_id == grant.grant_id and r.state is GrantState.DEAD for r in records.values()
    )


def _outcome(name: str, outcome: Outcome, intents: Mapping[str, Intent], allowed: set[str]) -> Check:
    # (9) the outcomes
    followed = outcome.decision_digest in allowed and (
        outcome.intent_digest in intents or outcome.result is Result.EXPIRED
    )
    words = f"{outcome.result.value}, under an allowed decision" if followed else "no allowed decision leads to it"
    return Check(record=name, kind="Outcome", step="outcome", passed=followed, words=words)


def _signature(leaf: RecordLeaf) -> bytes | None:
    if leaf.signature is None or leaf.signature.startswith("sha256:"):
        return None
    found = base64.b64decode(leaf.signature)
    return found if signature_field(found) == leaf.signature else None
