"""What one record of a topic becomes: a leaf, and the bytes that are kept so that it can be verified later.

A record that no service would accept becomes a leaf too, because the log says what stood in the topic: with the reason
why, and with what it claims to be, as far as that can be read. Its bytes are not kept: they may be anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from fixgate.broker import Headers, Inbound
from fixgate.codec import Codec, envelope_of, record_type
from fixgate.errors import Poison, Reason
from fixgate.graph import Topology
from fixgate.intake import Intake
from fixgate.log.leaf import TEXT_LIMIT, VERIFIED, RecordLeaf, signature_field
from fixgate.naming import Naming
from fixgate.signing import CERTIFICATE_HEADER, CERTIFICATE_LIMIT, SIGNATURE_HEADER, digest
from fixgate.trust import TrustBundle

_SEQUENCE_LIMIT: Final = 2**63


@dataclass(frozen=True, slots=True)
class Claim:
    """What a record says of itself, or what was found to be true: who signed it, and its place in its stream."""

    signer: str
    stream: str
    sequence: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A record's leaf and the objects to keep."""

    leaf: RecordLeaf
    objects: tuple[bytes, ...]


Judge = Callable[[Inbound], Claim]
"""Whether a record verifies; answers always and raises nothing but Transient."""


class RecordJudge:
    """Judges as the services do (`intake.Intake`)."""

    def __init__(self, topology: Topology, naming: Naming, codec: Codec, trust: Callable[[], TrustBundle]) -> None:
        self._intake = Intake(topology, naming, codec, trust)
        self._topology = topology
        self._naming = naming
        self._codec = codec

    def __call__(self, record: Inbound) -> Claim:
        """See `Judge`."""
        try:
            received = self._intake.receive(record)
        except Poison as fault:
            return self._claimed(record, fault.reason)
        if isinstance(received.record, bytes):
            return Claim("", "", 0, Reason.WRONG_RECORD)
        envelope = envelope_of(received.record)
        return Claim(received.signer, envelope.stream, envelope.sequence, VERIFIED)

    def _claimed(self, record: Inbound, reason: Reason) -> Claim:
        stream, sequence = "", 0
        try:
            name = self._topology.topic(self._naming.bare(record.source.topic)).record or ""
            envelope = envelope_of(self._codec.decode(record.value or b"", record_type(name)))
            stream, sequence = envelope.stream, envelope.sequence
        except Poison:
            # It says nothing that can be read; the reason is the verdict.
            pass
        return Claim(_claimed_signer(record.headers), stream, sequence, reason)


def read(record: Inbound, incarnation: str, judge: Judge) -> Reading:
    """The leaf of a record, and its value and certificate when it verifies."""
    claim = judge(record)
    if max(len(claim.stream), len(claim.signer)) > TEXT_LIMIT or abs(claim.sequence) >= _SEQUENCE_LIMIT:
        claim = Claim("", "", 0, Reason.INVALID)
    signature = _only(record.headers, SIGNATURE_HEADER)
    certificate = _only(record.headers, CERTIFICATE_HEADER)
    leaf = RecordLeaf(
        topic=record.source.topic,
        incarnation=incarnation,
        partition=record.source.partition,
        offset=record.offset,
        appended_ms=record.appended_ms,
        digest=None if record.value is None else digest(record.value),
        stream=claim.stream,
        sequence=claim.sequence,
        signer=claim.signer,
        signature=signature_field(signature),
        certificate=None if certificate is None else digest(certificate),
        verdict=claim.verdict,
    )
    kept = (record.value, certificate) if leaf.verified else ()
    return Reading(leaf, tuple(part for part in kept if part is not None))


def _only(headers: Headers, name: str) -> bytes | None:
    found = [value for header, value in headers if header == name]
    return found[0] if len(found) == 1 else None


def _claimed_signer(headers: Headers) -> str:
    certificate = _only(headers, CERTIFICATE_HEADER)
    if certificate is None or len(certificate) > CERTIFICATE_LIMIT:
        return ""
    try:
        # DER says where it ends; the first certificate is the leaf.
        size = int.from_bytes(certificate[2:4], "big") + 4
        names = x509.load_der_x509_certificate(certificate[:size]).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ""
    return uris[0] if len(uris) == 1 else ""
