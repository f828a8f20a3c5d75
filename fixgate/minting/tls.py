"""Mutual TLS between issuer and executor, by X.509-SVIDs.

Each side must know that the other is exactly who it should be, not just a workload of the trust domain:

- The server sees the client's certificate: it takes the SPIFFE ID from it, after `svid.validate`, at each call.
- The client never sees the server's certificate: gRPC for Python shows it to nobody. It compares names itself, but not
  URIs: with `grpc.ssl_target_name_override` set to a SPIFFE ID the handshake with the right server fails ("Hostname
  Verification Check failed"; measured with grpcio 1.85). So the issuer's SVID carries the DNS name `issuer` besides its
  SPIFFE ID, which the identity authority gives to that one entry (`dns_names` in SPIRE), and the client demands it and
  trusts no authority but those of its own trust domain. In addition the grant in each answer is a record that the
  issuer's key has signed, and the client verifies that by SPIFFE ID.
"""

from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fixgate.identity_material import TlsCredentials
from fixgate.trust import TrustBundle


class TlsIdentity(Protocol):
    """What both sides need of a workload's identity. Thread-safe."""

    @property
    def spiffe_id(self) -> str:
        """The SPIFFE ID."""
        ...

    def tls(self) -> TlsCredentials:
        """What to present; another object as soon as it is another one. Raises Refused, Unavailable."""
        ...

    def trust(self) -> TrustBundle:
        """Whom to believe; another object as soon as it changes."""
        ...


def domain_of(spiffe_id: str) -> str:
    """The trust domain of a SPIFFE ID."""
    return spiffe_id.removeprefix("spiffe://").partition("/")[0]


def roots(trust: TrustBundle, domain: str) -> bytes:
    """The present authorities of one trust domain, PEM; empty when there is none."""
    present = [a for a in trust.authorities.get(domain, ()) if a.withdrawn_ms is None]
    return b"".join(x509.load_der_x509_certificate(a.certificate).public_bytes(Encoding.PEM) for a in present)
