"""The executor's side: ask the issuer for the credential of one intent, and give it back."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import grpc

from fixgate.errors import FixgateError, Poison, Refused, Transient
from fixgate.events import Signed
from fixgate.identity_material import TlsCredentials
from fixgate.minting import mint_pb2 as pb
from fixgate.minting.tls import TlsIdentity, domain_of, roots
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from fixgate.trust import TrustBundle
from fixgate.verification import Verifier

MINT_S: Final = 15.0
"""Seconds that minting may take: a commit, two hops at AWS, and another commit."""
GIVE_BACK_S: Final = 10.0
MINT: Final = "/fixgate.minting.v1.Issuer/Mint"
GIVE_BACK: Final = "/fixgate.minting.v1.Issuer/GiveBack"
CONTEXT: Final = "traceparent"
"""Metadata that continues the caller's trace."""
_ANSWER_LIMIT: Final = 1 << 20
_AGAIN: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    }
)
_grpc: Any = grpc  # its stubs leave out type arguments, which strict checkers refuse at every use


class NotMinted(Refused):
    """The issuer refused; `reasons` says why, and `grant` is its record of that."""

    def __init__(self, reasons: tuple[str, ...], grant: Signed) -> None:
        super().__init__("the issuer refused: " + "; ".join(reasons))
        self.reasons = reasons
        self.grant = grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A credential, and the issuer's record of it.

    `credential` is `{access_key_id, secret_access_key, session_token}` for AWS and `{token}` for git: what
    `fixgate.resources.sessions` takes. It is good until `not_after` (UTC). Keep it in memory alone.
    """

    credential: Mapping[str, str] = field(repr=False)
    grant: Signed
    grant_digest: str
    not_after: datetime


class Issuer:
    """The issuer at `address` (host:port), as the holder of `identity` sees it. Thread-safe.

    `issuer` is the SPIFFE ID that it must have; by default that of our trust domain's issuer.
    """

    def __init__(self, address: str, identity: TlsIdentity, *, issuer: str | None = None) -> None:
        party = PIPELINE.party("issuer")
        self._address = address
        self._identity = identity
        self._domain = domain_of(identity.spiffe_id)
        self._issuer = issuer or f"spiffe://{self._domain}{party.path}"
        self._name = party.dns_name
        self._verifier = Verifier()
        self._lock = threading.Lock()
        self._channel: Any = None
        self._retired: Any = None
        self._made_with: tuple[TlsCredentials, TrustBundle] | None = None

    def mint(self, intent: Signed, decision: Signed, deadline: float = MINT_S, *, context: str = "") -> Minted:
        """The credential for this intent under this decision; blocks for `deadline` seconds at most.

        `context` is the W3C traceparent to go on in. Raises NotMinted (a Refused) with the issuer's reasons, Refused
        when it would not listen to us or is not the issuer, Transient when it cannot be reached, is a standby, or an
        earlier credential of this change is not dead yet: the same intent may be tried again.
        """
        request = pb.MintRequest(intent=_carried(intent), decision=_carried(decision))
        reply = self._call(MINT, request, pb.MintReply.FromString, deadline, context)
        grant = Signed(value=reply.grant.value, signature=reply.grant.signature, certificate=reply.grant.certificate)
        self._check(grant)
        if reply.reasons or not reply.credential:
            raise NotMinted(tuple(reply.reasons), grant)
        return Minted(
            credential={str(k): str(v) for k, v in json.loads(reply.credential).items()},
            grant=grant,
            grant_digest=digest(grant.value),
            not_after=datetime.fromtimestamp(reply.not_after_us / 1_000_000, UTC),
        )

    def give_back(self, grant_digest: str, deadline: float = GIVE_BACK_S, *, context: str = "") -> None:
        """Say that the credential is not needed any more; returns when that is recorded.

        The issuer then kills it and proves its death on its own. Doing it again is harmless. Raises Refused when the
        issuer knows no such grant of ours, Transient when it cannot be reached: the credential then dies by its window.
        """
        self._call(
            GIVE_BACK, pb.GiveBackRequest(grant_digest=grant_digest), pb.GiveBackReply.FromString, deadline, context
        )

    def close(self) -> None:
        """End the connection; calls under way fail with Transient."""
        with self._lock:
            for channel in (self._retired, self._channel):
                if channel is not None:
                    channel.close()
            self._channel = self._retired = self._made_with = None

    def _call(self, method: str, request: Any, read: Callable[[bytes], Any], deadline: float, context: str) -> Any:
        call = self._connected().unary_unary(method, request_serializer=_bytes_of, response_deserializer=read)
        try:
            return call(request, timeout=deadline, metadata=((CONTEXT, context),) if context else ())
        except grpc.RpcError as error:
            raise _explained(error) from None
        except ValueError:  # the channel was closed by another thread
            raise Transient("the connection to the issuer was closed") from None

    def _connected(self) -> Any:
        """The channel; a new one as soon as our SVID or the trusted authorities are others."""
        made_with = (self._identity.tls(), self._identity.trust())
        with self._lock:
            if self._made_with is None or any(a is not b for a, b in zip(made_with, self._made_with, strict=True)):
                # Calls that are under way end on the channel that they began on.
                if self._retired is not None:
                    self._retired.close()
                self._retired, self._channel = self._channel, self._dial(*made_with)
                self._made_with = made_with
            return self._channel

    def _dial(self, presented: TlsCredentials, trust: TrustBundle) -> Any:
        authorities = roots(trust, self._domain)
        if not authorities:
            raise Refused(f"no authority of {self._domain} is known, so no issuer can be believed")
        credentials = _grpc.ssl_channel_credentials(authorities, presented.private_key, presented.chain)
        return _grpc.secure_channel(
            self._address,
            credentials,
            options=(
                ("grpc.ssl_target_name_override", self._name),
                ("grpc.enable_http_proxy", 0),
                ("grpc.max_receive_message_length", _ANSWER_LIMIT),
                ("grpc.enable_retries", 0),
                ("grpc.max_reconnect_backoff_ms", 1000),
            ),
        )

    def _check(self, grant: Signed) -> None:
        try:
            self._verifier.verify_carried(grant, signers={self._issuer}, trust=self._identity.trust())
        except Poison as error:
            raise Refused(f"the answer's grant is not the issuer's: {error.message}") from None


def _carried(signed: Signed) -> pb.SignedRecord:
    return pb.SignedRecord(value=signed.value, signature=signed.signature, certificate=signed.certificate)


def _bytes_of(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def _explained(error: Any) -> FixgateError:
    code, details = error.code(), str(error.details() or "")[:500]
    message = f"the issuer did not answer ({code.name}): {details}" if code in _AGAIN else f"the issuer: {details}"
    return Transient(message) if code in _AGAIN else Refused(message)
