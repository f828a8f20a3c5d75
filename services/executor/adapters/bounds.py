"""Which targets this process may touch at all: with the development authority, only what is emulated."""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from fixgate import targets
from fixgate.events import Resource
from fixgate.trust import TrustBundle

DEVELOPMENT: str = "fixgate development authority"
"""The common name of the development authority's certificates: whoever has its files can be anybody."""


def development(trust: TrustBundle) -> bool:
    """Whether an authority that is believed now is one for development."""
    certificates = (
        x509.load_der_x509_certificate(authority.certificate)
        for authorities in trust.authorities.values()
        for authority in authorities
        if authority.withdrawn_ms is None
    )
    return any(DEVELOPMENT in _names(certificate) for certificate in certificates)


def refusal(trust: Callable[[], TrustBundle], aws_endpoint: str) -> Callable[[Resource], str]:
    """Says why a target is out of bounds; empty when it is not. Trust is looked at once, now."""
    if not development(trust()):
        return lambda _target: ""
    aws = emulated(aws_endpoint)

    def why(target: Resource) -> str:
        match target.kind:
            case targets.ACCESS_KEY | targets.BUCKET if aws:
                return ""
            case targets.WORKFLOW if emulated(targets.parts(target)[0]):
                return ""
            case _:
                return (
                    "identities come from the development authority, and the target is not emulated: "
                    "set FIXGATE_RECOMMEND_ONLY, or use a real authority"
                )

    return why


def emulated(address: str) -> bool:
    """Whether an address is on this machine's loopback."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _names(certificate: x509.Certificate) -> list[str]:
    return [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
