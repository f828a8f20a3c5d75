"""Verifies one record of some evidence: leaf, bytes, signature and time, as `verify.py` numbers the steps."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final

from fixgate.codec import Codec, envelope_of
from fixgate.errors import FixgateError, Refused
from fixgate.events import Record, Signed
from fixgate.graph import Topic, Topology
from fixgate.log.audit import ASSERTED, Keys, iso
from fixgate.log.checkpoint import open_checkpoint
from fixgate.log.leaf import BundleLeaf, RecordLeaf, authorities_of, signature_field
from fixgate.log.proof import Dated, check, check_any
from fixgate.naming import Naming
from fixgate.provenance.checks import Check
from fixgate.provenance.evidence import Entry, Evidence
from fixgate.provenance.seen import Seen
from fixgate.signing import digest
from fixgate.trust import TrustBundle
from fixgate.verification import LATEST_MS, Verifier

BEHIND_MS: Final = 120_000
"""How long after a record a leaf may be witnessed, that its time still counts as proved: twice the law's minute."""
CLOCKS_MS: Final = 10_000
"""How far the clocks of broker and witness may be apart."""


def trust_of(evidence: Evidence, keys: Keys) -> TrustBundle:
    """The authorities as the log noted them; raises Refused, Misconfigured when one is no certificate."""
    trust, before = TrustBundle(), -1
    for data in evidence.bundles:
        index, found, _, _ = check_any(data, keys)
        if not isinstance(found, BundleLeaf):
            raise Refused("what should be a trust bundle is another leaf")
        if index <= before:
            raise Refused("the trust bundles are not in the order of the log")
        trust, before = trust.observe(found.trust_domain, authorities_of(found), found.seen_ms), index
    return trust


@dataclass(slots=True, kw_only=True)
class RecordVerifier:
    """Verifies records one by one, in the order of the log. With `operators_time` a witness's word is not needed."""

    keys: Keys
    topology: Topology
    naming: Naming
    codec: Codec
    trust: TrustBundle
    operators_time: bool
    _before: int = -1
    _verifier: Verifier = field(default_factory=Verifier)

    def record(self, entry: Entry, checks: list[Check]) -> Seen | None:
        """The record, when it is what it says; what was looked at is added to the checks."""
        name, kind, step = digest(entry.value), "?", "bytes"

        def said(words: str, *, passed: bool = True) -> None:
            checks.append(Check(record=name, kind=kind, step=step, passed=passed, words=words))

        try:
            record = self.codec.decode_any(entry.value)
            kind = type(record).__name__
            # (1) the leaf
            step = "leaf"
            dated = check(entry.proof, self.keys)
            said(self._in_order(dated))
            # (2) the bytes
            step = "bytes"
            self._check_bytes(entry, dated.leaf, record)
            said(name)
            # (3) the signature
            step = "signature"
            earlier = self._not_before(entry, dated.index)
            at_ms, not_after_ms, signer = self._signer(entry, dated.leaf, earlier)
            said(f"signed by {signer}")
            # (4) the time
            step = "time"
            witnessed, words = _time(dated, earlier, not_after_ms)
            if not witnessed and self.keys.witnesses and not self.operators_time:
                raise Refused(words)
            said(words)
        except FixgateError as error:
            said(error.message, passed=False)
            return None
        signed = Signed(value=entry.value, signature=b"", certificate=b"")
        return Seen(digest=name, appended_ms=at_ms, witnessed=witnessed, signed=signed, record=record)

    def _in_order(self, dated: Dated) -> str:
        if not dated.leaf.verified:
            raise Refused(f"the log says that it did not verify: {dated.leaf.verdict}")
        if dated.index <= self._before:
            raise Refused(f"leaf {dated.index} is here twice, or not in the order of the log")
        self._before = dated.index
        head = dated.signed.head
        return f"leaf {dated.index} of a tree of {head.size}, signed by {head.origin}"

    def _check_bytes(self, entry: Entry, leaf: RecordLeaf, record: Record) -> None:
        if leaf.digest != digest(entry.value) or leaf.certificate != digest(entry.certificate):
            raise Refused("the leaf is of another record")
        expected = self._topic(leaf).record
        if type(record).__name__ != expected:
            raise Refused(f"the leaf is of {leaf.topic}, where no {type(record).__name__} belongs")
        envelope = envelope_of(record)
        if (envelope.stream, envelope.sequence) != (leaf.stream, leaf.sequence):
            raise Refused("the leaf says another place in its stream than the record")

    def _not_before(self, entry: Entry, index: int) -> int | None:
        """When a witness cosigned a tree without this leaf, in seconds; None when nothing says so."""
        if entry.after is None:
            return None
        signed = open_checkpoint(entry.after, self.keys.origin, self.keys.log)
        if signed.head.size > index:
            raise Refused("the checkpoint that was to come before the leaf has it")
        cosignature = next(iter(signed.cosignatures(self.keys.witnesses)), None)
        return None if cosignature is None else cosignature.time

    def _signer(self, entry: Entry, leaf: RecordLeaf, earlier: int | None) -> tuple[int, int, str]:
        """The time that it is of, the end of its certificate, and who signed it."""
        at_ms = leaf.appended_ms
        if at_ms is None or not 0 <= at_ms <= LATEST_MS:
            raise Refused("the broker did not say when it was appended")
        # Whoever turns back the broker's clock must not bring an ended certificate back to life.
        judged_ms = at_ms if earlier is None else max(at_ms, earlier * 1000 - BEHIND_MS)
        writers = [self.naming.spiffe_id(self.topology.party(w)) for w in self.topology.writers[self._topic(leaf).name]]
        verified = self._verifier.verify(
            entry.value, _signature(leaf), entry.certificate, signers=writers, at_ms=judged_ms, trust=self.trust
        )
        if verified.signer != leaf.signer:
            raise Refused(f"the leaf says that {leaf.signer} signed it, but {verified.signer} did")
        return at_ms, verified.not_after_ms, verified.signer

    def _topic(self, leaf: RecordLeaf) -> Topic:
        name = self.naming.bare(leaf.topic)
        if self.naming.topic(name) != leaf.topic or name not in self.topology.topics:
            raise Refused("the leaf is of a topic that is not this deployment's")
        return self.topology.topic(name)


def _time(dated: Dated, earlier: int | None, not_after_ms: int) -> tuple[bool, str]:
    """Whether a witness bounds the time, and what is known of it, in words; raises Refused when it cannot be true."""
    appended_ms = dated.leaf.appended_ms or 0
    at = iso(appended_ms // 1000)
    if dated.cosignature is None:
        return False, f"{at}: {ASSERTED}; no known witness cosigned the checkpoint"
    seen, seen_ms = iso(dated.cosignature.time), dated.cosignature.time * 1000
    if appended_ms > seen_ms + CLOCKS_MS:
        raise Refused(f"it says {at}, but a witness saw it at {seen} already")
    since = "" if earlier is None else f"{iso(earlier)} and "
    if seen_ms > not_after_ms + BEHIND_MS:
        return False, f"{at}: {ASSERTED}; its certificate had ended when a witness saw it at {seen}"
    if earlier is not None and appended_ms < earlier * 1000 - BEHIND_MS:
        return False, f"{at}: {ASSERTED}; the log took it up between {since}{seen}"
    return True, f"{at}, {'between' if since else 'before'} {since}{seen} says {dated.cosignature.witness}"


def _signature(leaf: RecordLeaf) -> bytes | None:
    if leaf.signature is None or leaf.signature.startswith("sha256:"):
        return None
    try:
        found = base64.b64decode(leaf.signature, validate=True)
    except binascii.Error:
        return None
    return found if signature_field(found) == leaf.signature else None
