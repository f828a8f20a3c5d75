"""Which targets this process may touch at all.

With the development authority, or while another service runs under the same user, only what is emulated.
"""

import os
from collections.abc import Callable
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from fixgate import targets
from fixgate.events import Resource
from fixgate.graph import Role
from fixgate.topology import PIPELINE
from fixgate.trust import TrustBundle

DEVELOPMENT: str = "fixgate development authority"
"""The common name of the development authority's certificates: whoever has its files can be anybody."""


OURSELVES: str = "services.executor"


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
    return _emulated_alone("identities come from the development authority", aws_endpoint)


def crowd(aws_endpoint: str, other: Callable[[], str]) -> Callable[[Resource], str]:
    """Says why a target is out of bounds because of who runs beside us, asked anew each time; empty when it is not.

    `other` names a service under our user: it could take our credential out of our memory, or our identity.
    """

    def why(target: Resource) -> str:
        name = other()
        return _emulated_alone(f"{name} runs under the executor's user", aws_endpoint)(target) if name else ""

    return why


def beside_us(proc: Path = Path("/proc")) -> str:
    """Another service of the pipeline that runs under our user on this machine; empty when none is seen.

    Reads the table of processes. Where there is none, or processes are hidden, nobody is seen.
    """
    others = {f"services.{p.name}" for p in PIPELINE.parties.values() if p.role is Role.SERVICE} - {OURSELVES}
    for entry in proc.glob("[0-9]*"):
        try:
            if entry.stat().st_uid != os.geteuid():
                continue
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        found = [name for flag, name in pairwise(words) if flag == "-m" and name in others]
        if found:
            return found[0].removeprefix("services.")
    return ""


def _emulated_alone(because: str, aws_endpoint: str) -> Callable[[Resource], str]:
    aws = emulated(aws_endpoint)

    def why(target: Resource) -> str:
        match target.kind:
            case targets.ACCESS_KEY | targets.BUCKET if aws:
                return ""
            case targets.WORKFLOW if emulated(targets.parts(target)[0]):
                return ""
            case _:
                return (
                    f"{because}, and the target is not emulated: "
                    "set FIXGATE_RECOMMEND_ONLY, or give each service an identity and a user of its own"
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
