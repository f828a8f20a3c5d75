"""Whether a record was signed by whom it must be: one recipe, for the services' runtime and for `fixgate verify`.

`Verifier.verify` judges one record in these steps, and each block of code names its step:

(1) signature and certificate are there and of a sane size                                  UNSIGNED, BAD_…
(2) there is a time to judge by                                                             UNTIMED
(3) the certificate header is a chain of DER certificates, without a byte to spare          BAD_CERTIFICATE
(4) the first one is a leaf X.509-SVID (X509-SVID §2, §3.1, §4, §5.2)                       BAD_CERTIFICATE
(5) each one was issued by the next and the last by an authority of the leaf's trust
    domain (X509-SVID §5.1, RFC 5280 §6.1)                                                  BAD_CERTIFICATE
(6) all of them were valid, and the authority in the bundle, at that time                   EXPIRED_CERTIFICATE
(7) the leaf's SPIFFE ID is one of those who may write this                                 WRONG_SIGNER
(8) the signature over the value verifies with the leaf's key (DSSE v1)                     BAD_SIGNATURE

`verify_embedded` does the same for a record carried inside another, `check_parents` compares what is carried with what
is named. Replay and gaps are the runtime's business, the schema is the codec's.

Everything here is a function of its arguments: no clock, no files, no network. Steps 3 to 5 do not depend on the
record: `svid.py` has their rules, and their result is kept by the certificate header's SHA-256 until the trust bundle
changes.
"""

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from fixgate import svid
from fixgate.errors import Poison, Reason
from fixgate.signing import CERTIFICATE_LIMIT, PAYLOAD_TYPE, digest, pae_of
from fixgate.svid import Chain
from fixgate.trust import TrustBundle

LEEWAY_MS: Final = 10_000
"""How far the clocks of the broker, which times the record, and of the authority, which times the certificate, may be
apart. NTP keeps hosts within a second; 10 s also covers a record that waited in a batch while its certificate ended."""
SIGNATURE_LIMIT: Final = 128
"""Bytes of a signature at most: 72 for P-256 in DER, 64 for Ed25519."""
LATEST_MS: Final = 253_402_300_799_999
"""The end of the year 9999: no time is later."""
CACHE_LIMIT: Final = 1024
"""Certificate chains kept: each writer has one or two at a time."""

_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """A record that is what it says: who signed it, its digest, and the leaf's validity in milliseconds since 1970."""

    signer: str
    digest: str
    not_before_ms: int
    not_after_ms: int


class Embedded(Protocol):
    """A signed record carried inside another one, as `Signed` in the schemas."""

    @property
    def value(self) -> bytes:
        """The exact value bytes that were signed."""
        ...

    @property
    def signature(self) -> bytes:
        """The detached signature."""
        ...

    @property
    def certificate(self) -> bytes:
        """The signer's chain: DER, concatenated, leaf first."""
        ...


class Verifier:
    """The recipe, with a bounded memory of the certificate chains it has found good. Safe to share between threads.

    Only good chains are kept, so that a flood of bad ones cannot push the good ones out.
    """

    def __init__(self, *, capacity: int = CACHE_LIMIT) -> None:
        self._capacity = capacity
        self._chains: OrderedDict[bytes, Chain] = OrderedDict()
        self._trust: TrustBundle | None = None
        self._lock = threading.Lock()

    def verify(
        self,
        value: bytes,
        signature: bytes | None,
        certificate: bytes | None,
        *,
        signers: Collection[str],
        at_ms: int | None,
        trust: TrustBundle,
        payload_type: str = PAYLOAD_TYPE,
    ) -> Verified:
        """Judge one record by the time `at_ms` (milliseconds since 1970; the broker's, or what the log proves).

        Or a payload of another type, that `Signer.attest` signed.

        `signers` are the SPIFFE IDs that may have signed it: the writers of its topic, in our trust domain. Raises
        Poison with the reason of the step that refused.
        """
        # (1) something to judge
        if not signature or not certificate:
            raise Poison(Reason.UNSIGNED, "the record has no signature or no certificate")
        if len(signature) > SIGNATURE_LIMIT:
            raise Poison(Reason.BAD_SIGNATURE, f"the signature has {len(signature)} bytes, over {SIGNATURE_LIMIT}")
        if len(certificate) > CERTIFICATE_LIMIT:
            raise Poison(
                Reason.BAD_CERTIFICATE,
                f"the certificate header has {len(certificate)} bytes, over {CERTIFICATE_LIMIT}",
            )
        # (2) a time to judge by
        if at_ms is None or not 0 <= at_ms <= LATEST_MS:
            raise Poison(Reason.UNTIMED, "nobody asserts when the record was written, so no certificate can be judged")
        # (3) (4) (5) the chain, once per certificate header and trust bundle
        chain = self._chain(certificate, trust)
        # (6) valid at that time
        if not any(start - LEEWAY_MS <= at_ms <= end + LEEWAY_MS for start, end in chain.windows):
            raise Poison(Reason.EXPIRED_CERTIFICATE, _when(chain, at_ms))
        # (7) the right signer
        if chain.signer not in signers:
            raise Poison(Reason.WRONG_SIGNER, f"signed by {chain.signer}; expected {_names(signers)}")
        # (8) the signature itself
        try:
            if isinstance(chain.public_key, ed25519.Ed25519PublicKey):
                chain.public_key.verify(signature, pae_of(payload_type, value))
            else:
                chain.public_key.verify(signature, pae_of(payload_type, value), _ECDSA)
        except InvalidSignature:
            raise Poison(Reason.BAD_SIGNATURE, f"the signature by {chain.signer} does not fit the value") from None
        return Verified(chain.signer, digest(value), chain.not_before_ms, chain.not_after_ms)

    def verify_embedded(
        self, record: Embedded, *, signers: Collection[str], at_ms: int | None, trust: TrustBundle
    ) -> Verified:
        """Judge a record carried inside another one, as `verify` does.

        `at_ms` is the time of the embedded record itself, as its own topic or the log proves it. It is not the time
        of the record around it: by then a short-lived certificate may rightly have ended. Nor is it any time that one
        of the two claims.
        """
        return self.verify(
            record.value, record.signature, record.certificate, signers=signers, at_ms=at_ms, trust=trust
        )

    def remembered(self) -> int:
        """How many chains are in memory."""
        with self._lock:
            return len(self._chains)

    def verify_carried(self, record: Embedded, *, signers: Collection[str], trust: TrustBundle) -> Verified:
        """Judge a record carried inside another one by everything but time: all steps except (2) and (6).

        For a reader who holds no proof of when the carried record was written. Whoever acts on it must then have its
        time from the log and call `verify_embedded`.
        """
        if not record.certificate or len(record.certificate) > CERTIFICATE_LIMIT:
            return self.verify_embedded(record, signers=signers, at_ms=None, trust=trust)
        chain = self._chain(record.certificate, trust)
        at_ms = max(end for _, end in chain.windows)
        return self.verify_embedded(record, signers=signers, at_ms=at_ms, trust=trust)

    def _chain(self, certificate: bytes, trust: TrustBundle) -> Chain:
        name = hashlib.sha256(certificate).digest()
        with self._lock:
            if trust is not self._trust:
                self._chains.clear()
                self._trust = trust
            chain = self._chains.get(name)
            if chain is not None:
                self._chains.move_to_end(name)
                return chain
        chain = svid.validate(certificate, trust)
        with self._lock:
            # Another thread may have come with a newer bundle meanwhile: then this answer is not for keeping.
            if trust is self._trust:
                self._chains[name] = chain
                if len(self._chains) > self._capacity:
                    self._chains.popitem(last=False)
        return chain


def check_parents(parents: Sequence[str], embedded: Iterable[str], *, rooted: bool) -> None:
    """Check that a record names what it was made from.

    `parents` are the digests that it names, `embedded` those of the records it carries; `rooted` says that its topic
    may begin a chain. Raises Poison MISSING_PARENT when there is no parent and there must be, when one is no digest,
    or when a record is carried that is not named.
    """
    if not parents and not rooted:
        raise Poison(Reason.MISSING_PARENT, "the record names no parent, and its topic does not begin a chain")
    if not all(_DIGEST.fullmatch(parent) for parent in parents):
        raise Poison(Reason.MISSING_PARENT, "a parent is not a digest of the form sha256:<64 hexadecimal digits>")
    for carried in embedded:
        if carried not in parents:
            raise Poison(Reason.MISSING_PARENT, f"the record carries {carried} but does not name it as a parent")


def _when(chain: Chain, at_ms: int) -> str:
    start, end = max(chain.windows, key=lambda window: window[1])
    first, last, at = (
        datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds") for ms in (start, end, at_ms)
    )
    return f"the certificate of {chain.signer} held from {first} to {last}, but the record is of {at}"


def _names(signers: Collection[str]) -> str:
    return " or ".join(sorted(signers)) if signers else "nobody"
