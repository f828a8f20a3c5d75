"""What an update from the Workload API brings: whom to trust, and what to sign with, once it has been checked."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spiffe import X509Svid
from spiffe.workloadapi.x509_context import X509Context

from fixgate import svid
from fixgate.errors import Misconfigured, Poison
from fixgate.files import write_private
from fixgate.signing import Signer
from fixgate.trust import TrustBundle

SETTLE_S: Final = 5.0
"""How long a process that signs under one authority waits, while it can, before it signs under a new one: whoever reads
what it signs has to hear of that authority first, over a stream of its own."""
_OVERDUE: Final = 0.8
"""Authorities renew at half of a certificate's life; who has nothing new at this part of it asks again."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCredentials:
    """What a TLS connection is made with: the private key and its certificate chain, leaf first, both PEM."""

    private_key: bytes = field(repr=False)
    chain: bytes


@dataclass(frozen=True, slots=True)
class Material:
    """An X.509-SVID to sign with. Times are milliseconds since 1970."""

    spiffe_id: str
    signer: Signer
    tls: TlsCredentials
    overdue_ms: int
    """When a newer one should have come."""
    settled_ms: int
    """From when on others know its authority."""

    def holds(self, trust: TrustBundle, at_ms: int) -> bool:
        """Whether what it signs at that time verifies under `trust`."""
        try:
            chain = svid.validate(self.signer.certificate, trust)
        except Poison:
            return False
        return any(start <= at_ms <= end for start, end in chain.windows)


def observed(context: X509Context, trust: TrustBundle, now_ms: int) -> TrustBundle:
    """`trust` after this update; the authorities of bundles that are not in it any more are withdrawn."""
    current = {
        bundle.trust_domain.name: sorted(a.public_bytes(Encoding.DER) for a in bundle.x509_authorities)
        for bundle in context.x509_bundle_set.bundles
    }
    for domain in sorted(current.keys() | trust.authorities.keys()):
        trust = trust.observe(domain, current.get(domain, ()), now_ms)
    return trust


def checked(context: X509Context, trust: TrustBundle, before: Material | None, now_ms: int) -> Material:
    """The update's identity, or `before` if it is that; raises Misconfigured when nobody could verify what it signs."""
    newest = context.default_svid
    signer = Signer(newest.private_key, newest.cert_chain)
    try:
        chain = svid.validate(signer.certificate, trust)
    except Poison as error:
        raise Misconfigured(f"the authority's own bundle does not verify this process's SVID: {error}") from None
    if before is not None and before.signer.certificate == signer.certificate:
        return before
    if before is not None and before.spiffe_id != chain.signer:
        raise Misconfigured(
            f"this process was {before.spiffe_id} and is now called {chain.signer}",
            remedy="Restart it, if it should be somebody else.",
        )
    life = chain.not_after_ms - chain.not_before_ms
    material = Material(chain.signer, signer, _tls(newest), chain.not_before_ms + int(life * _OVERDUE), now_ms)
    settle_ms = int(SETTLE_S * 1000)
    if material.holds(trust.known_by(now_ms - settle_ms), now_ms):
        return material
    return replace(material, settled_ms=now_ms + settle_ms)


def _tls(newest: X509Svid) -> TlsCredentials:
    key = newest.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return TlsCredentials(private_key=key, chain=b"".join(c.public_bytes(Encoding.PEM) for c in newest.cert_chain))


def remember(memory: Path | None, trust: TrustBundle) -> None:
    """Keep the authorities seen for the next life; a failure is logged, for this life does not need it."""
    if memory is None:
        return
    try:
        memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(memory, trust.dump())
    except OSError as error:
        _logger.error("the authorities seen could not be kept: %s", error)  # noqa: TRY400 - the message says it all


def remembered(memory: Path | None) -> TrustBundle:
    """The authorities seen in earlier lives; raises Misconfigured when the file is not what was written."""
    if memory is None:
        return TrustBundle()
    try:
        return TrustBundle.load(memory.read_bytes())
    except FileNotFoundError:
        return TrustBundle()
    except (OSError, Misconfigured) as error:
        raise Misconfigured(
            f"the authorities seen before cannot be read from {memory}: {error}",
            remedy="Delete the file: records signed under past authorities will not verify then.",
        ) from None
