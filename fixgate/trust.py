"""Whom a reader believes: the X.509 authorities of each trust domain, those of the past included.

A record may be read long after it was signed, and authorities rotate. So an authority that left the bundle is kept
with the time of its leaving: what was appended before still verifies, what came later does not.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from cryptography import x509
from pydantic import Base64Bytes, BaseModel, ValidationError

from fixgate.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One authority's certificate (DER) and when it was in its trust domain's bundle, as far as we saw.

    Times are milliseconds since the epoch. `withdrawn_ms` None means that it is in the bundle now.
    """

    certificate: bytes
    seen_ms: int
    withdrawn_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """The authorities by trust domain name; immutable, so that a reader sees one state of it at a time.

    Making one raises `Misconfigured` when an authority is no certificate.
    """

    authorities: Mapping[str, tuple[Authority, ...]] = field(default_factory=dict[str, tuple[Authority, ...]])

    def __post_init__(self) -> None:
        for domain, authorities in self.authorities.items():
            for authority in authorities:
                _check(domain, authority)
        object.__setattr__(self, "authorities", MappingProxyType(dict(self.authorities)))

    def observe(self, domain: str, current: Sequence[bytes], now_ms: int) -> "TrustBundle":
        """This bundle after `current` was seen, at `now_ms`, to be the whole set of the domain's authorities.

        New ones are added, missing ones marked as withdrawn, returned ones current again. Returns `self` when nothing
        changed.
        """
        known = self.authorities.get(domain, ())
        after = [_judge(authority, current, now_ms) for authority in known]
        held = {authority.certificate for authority in known}
        after += [Authority(certificate=c, seen_ms=now_ms) for c in dict.fromkeys(current) if c not in held]
        if tuple(after) == known:
            return self
        return TrustBundle({**self.authorities, domain: tuple(after)})

    def known_by(self, at_ms: int) -> "TrustBundle":
        """The authorities that had been seen at that time."""
        return TrustBundle(
            {d: tuple(a for a in authorities if a.seen_ms <= at_ms) for d, authorities in self.authorities.items()}
        )

    def dump(self) -> bytes:
        """The bundle as JSON, the same bytes for the same bundle."""
        content = {
            domain: [
                {
                    "certificate": b64encode(authority.certificate).decode(),
                    "seen_ms": authority.seen_ms,
                    "withdrawn_ms": authority.withdrawn_ms,
                }
                for authority in authorities
            ]
            for domain, authorities in self.authorities.items()
        }
        return json.dumps({"version": 1, "authorities": content}, sort_keys=True).encode()

    @staticmethod
    def load(data: bytes) -> "TrustBundle":
        """What `dump` made; raises Misconfigured when it is anything else."""
        try:
            document = _Document.model_validate_json(data, strict=True)
        except ValidationError:
            raise Misconfigured("this is not a trust bundle of version 1") from None
        return TrustBundle(
            {
                domain: tuple(
                    Authority(certificate=a.certificate, seen_ms=a.seen_ms, withdrawn_ms=a.withdrawn_ms)
                    for a in authorities
                )
                for domain, authorities in document.authorities.items()
            }
        )


class _DumpedAuthority(BaseModel, extra="forbid"):
    certificate: Base64Bytes
    seen_ms: int
    withdrawn_ms: int | None


class _Document(BaseModel, extra="forbid"):
    version: Literal[1]
    authorities: dict[str, list[_DumpedAuthority]]


def _judge(authority: Authority, current: Sequence[bytes], now_ms: int) -> Authority:
    if authority.certificate in current:
        return replace(authority, withdrawn_ms=None)
    return replace(authority, withdrawn_ms=now_ms) if authority.withdrawn_ms is None else authority


def _check(domain: str, authority: Authority) -> None:
    try:
        x509.load_der_x509_certificate(authority.certificate)
    except ValueError:
        raise Misconfigured(f"an authority of the trust domain {domain} is not a DER certificate") from None
