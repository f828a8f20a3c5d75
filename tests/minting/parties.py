"""Workloads of a trust domain for the tests of minting: identities that rotate, and an issuer that notes its calls."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fixgate.errors import FixgateError
from fixgate.events import Signed
from fixgate.identity_material import TlsCredentials
from fixgate.minting.server import Answer
from fixgate.trust import TrustBundle
from tests.fixgate.certificates import Issued, Shape, authority_shape, leaf, self_signed

NOW: Final = datetime.now(UTC)
HOUR: Final = timedelta(hours=1)
DOMAIN: Final = "fixgate.internal"
EXECUTOR: Final = f"spiffe://{DOMAIN}/fixgate/executor"
ISSUER: Final = f"spiffe://{DOMAIN}/fixgate/issuer"


def authority() -> Issued:
    """A trust domain's authority that holds now: TLS judges by the real time."""
    return self_signed(authority_shape(start=NOW - HOUR, end=NOW + HOUR))


def bundle(*roots: Issued) -> TrustBundle:
    """The bundle with these authorities."""
    return TrustBundle().observe(DOMAIN, [r.der for r in roots], int((NOW - HOUR).timestamp() * 1000))


@dataclass
class Workload:
    """A workload's identity; `rotate` gives it another certificate."""

    root: Issued
    name: str
    bundle: TrustBundle
    dns: tuple[str, ...] = ()
    issued: Issued = field(init=False)
    presented: TlsCredentials = field(init=False)

    def __post_init__(self) -> None:
        self.rotate()

    @property
    def spiffe_id(self) -> str:
        """Its SPIFFE ID."""
        return f"spiffe://{DOMAIN}/fixgate/{self.name}"

    def rotate(self, root: Issued | None = None, end: datetime = NOW + HOUR) -> None:
        """Another key and certificate."""
        names = (x509.UniformResourceIdentifier(self.spiffe_id), *map(x509.DNSName, self.dns))
        shape = Shape(uris=(), extra=((x509.SubjectAlternativeName(names), False),), start=NOW - HOUR, end=end)
        self.issued = leaf(root or self.root, shape)
        self.presented = TlsCredentials(
            private_key=self.issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            chain=self.issued.certificate.public_bytes(Encoding.PEM),
        )

    def tls(self) -> TlsCredentials:
        """What it presents."""
        return self.presented

    def trust(self) -> TrustBundle:
        """Whom it believes."""
        return self.bundle

    def signed(self, value: bytes) -> Signed:
        """A record of its own."""
        signature = self.issued.signer().sign(value)
        return Signed(value=value, signature=signature.signature, certificate=signature.certificate)


@dataclass
class Noted:
    """An issuer's inside that notes what it was asked and answers what it was told to."""

    answer: Answer | FixgateError | Exception
    minted: list[tuple[Signed, Signed, str]] = field(default_factory=list[tuple[Signed, Signed, str]])
    given_back: list[str] = field(default_factory=list[str])

    def mint(self, intent: Signed, decision: Signed, deadline: float, context: str) -> Answer:
        """Note it and answer."""
        self.minted.append((intent, decision, context))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def give_back(self, grant_digest: str, deadline: float, context: str) -> None:
        """Note it."""
        self.given_back.append(grant_digest)
