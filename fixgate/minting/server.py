"""The issuer's side: serves the executor, and nobody else."""

import functools
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fixgate import svid
from fixgate.errors import Fenced, FixgateError, Misconfigured, Poison, Refused, Transient, Unavailable
from fixgate.events import Signed
from fixgate.identity_material import TlsCredentials
from fixgate.minting import mint_pb2 as pb
from fixgate.minting.client import CONTEXT
from fixgate.minting.tls import TlsIdentity, domain_of, roots
from fixgate.trust import TrustBundle

THREADS: Final = 16
"""Calls at once; each waits for two commits, so this bounds the rate and nothing else."""
REQUEST_LIMIT: Final = 8 << 20
"""Bytes of a request at most: an intent, and a decision with everything that it carries."""
CONNECTION_S: Final = 300
"""The oldest that a connection becomes: the next one is made with the SVID of then."""
LONGEST_S: Final = 60.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SERVICE: Final = "fixgate.minting.v1.Issuer"
_grpc: Any = grpc  # its stubs leave out type arguments, which strict checkers refuse at every use
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request to mint: the record that says so, and the credential unless it was refused."""

    grant: Signed
    reasons: tuple[str, ...] = ()
    credential: Mapping[str, str] | None = field(default=None, repr=False)
    not_after: datetime | None = None


class Minting(Protocol):
    """What answers the calls, from several threads at once; `deadline` in seconds, `context` a W3C traceparent."""

    def mint(self, intent: Signed, decision: Signed, deadline: float, context: str) -> Answer:
        """Admit and issue, or refuse.

        Raises Poison or Refused for what is not even considered, Transient or Fenced when another try may help.
        """
        ...

    def give_back(self, grant_digest: str, deadline: float, context: str) -> None:
        """Take a credential back; raises Refused when there is no such grant, Transient, Fenced."""
        ...


class MintServer:
    """Listens at `address` (host:port, port 0 takes a free one) from its making on, until `stop`.

    `executor` is the SPIFFE ID that is served. Raises Misconfigured when the address cannot be had.
    """

    def __init__(
        self,
        address: str,
        identity: TlsIdentity,
        executor: str,
        minting: Minting,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._identity = identity
        self._executor = executor
        self._minting = minting
        self._clock = clock
        self._domain = domain_of(identity.spiffe_id)
        self._presented: tuple[TlsCredentials, TrustBundle] | None = None
        self._server: Any = _grpc.server(
            futures.ThreadPoolExecutor(THREADS, thread_name_prefix="fixgate-mint"),
            options=(
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", REQUEST_LIMIT),
                ("grpc.max_connection_age_ms", CONNECTION_S * 1000),
                ("grpc.max_connection_age_grace_ms", int(LONGEST_S * 1000)),
            ),
        )
        handlers = {
            "Mint": _handler(self._mint, pb.MintRequest.FromString),
            "GiveBack": _handler(self._give_back, pb.GiveBackRequest.FromString),
        }
        self._server.add_generic_rpc_handlers((_grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        credentials = _grpc.dynamic_ssl_server_credentials(
            self._configuration(), self._changed, require_client_authentication=True
        )
        try:
            self.port = int(self._server.add_secure_port(address, credentials))
        except RuntimeError as error:
            raise Misconfigured(
                f"nothing can listen at {address}: {error}",
                remedy="Set FIXGATE_ISSUER to a free host:port of this machine.",
            ) from None
        self._server.start()

    def stop(self, grace_s: float = 1.0) -> None:
        """Take no more calls; those under way have `grace_s` seconds, then fail. Blocks until it is over."""
        self._server.stop(grace_s).wait()

    # -- TLS ---------------------------------------------------------------------------------------------------------

    def _configuration(self) -> Any:
        presented = (self._identity.tls(), self._identity.trust())
        configuration = _grpc.ssl_server_certificate_configuration(
            [(presented[0].private_key, presented[0].chain)], root_certificates=roots(presented[1], self._domain)
        )
        self._presented = presented
        return configuration

    def _changed(self) -> Any:
        """Asked by gRPC at each new connection: the configuration when it is another one, else None."""
        try:
            presented = (self._identity.tls(), self._identity.trust())
            if self._presented is not None and all(a is b for a, b in zip(presented, self._presented, strict=True)):
                return None
            return self._configuration()
        except FixgateError as error:
            # What was presented before goes on until it ends; each call checks its caller anew.
            _logger.error("no TLS credentials: %s %s", error.message, error.remedy)  # noqa: TRY400 - the message says it
            return None

    def _check_peer(self, context: Any) -> None:
        """The caller is the executor, by a certificate that holds now; raises Refused."""
        presented = context.auth_context().get("x509_pem_cert_chain") or context.auth_context().get("x509_pem_cert")
        if not presented:
            raise Refused("the caller presented no certificate")
        try:
            chain = x509.load_pem_x509_certificates(b"".join(presented))
            found = svid.validate(b"".join(c.public_bytes(Encoding.DER) for c in chain), self._identity.trust())
        except (Poison, ValueError) as error:
            raise Refused(f"the caller's certificate is no SVID that holds: {error}") from None
        now_ms = int(self._clock() * 1000)
        if not any(start <= now_ms <= end for start, end in found.windows):
            raise Refused(f"the certificate of {found.signer} does not hold now")
        if found.signer != self._executor:
            raise Refused(f"{found.signer} is not served here")

    # -- calls -------------------------------------------------------------------------------------------------------

    def _mint(self, request: Any, context: Any) -> Any:
        def answered(deadline: float, parent: str) -> Any:
            answer = self._minting.mint(_signed(request.intent), _signed(request.decision), deadline, parent)
            return _reply(answer)

        return self._answered(context, answered)

    def _give_back(self, request: Any, context: Any) -> Any:
        def answered(deadline: float, parent: str) -> Any:
            self._minting.give_back(request.grant_digest, deadline, parent)
            return pb.GiveBackReply()

        return self._answered(context, answered)

    def _answered(self, context: Any, work: Callable[[float, str], Any]) -> Any:
        code, message = grpc.StatusCode.INTERNAL, "the issuer failed; its log says why"
        try:
            self._check_peer(context)
        except Refused as error:
            _logger.warning("a caller was refused: %s", error.message)
            code, message = grpc.StatusCode.PERMISSION_DENIED, error.message
        except Exception:
            _logger.exception("a caller could not be judged")
        else:
            try:
                remaining = context.time_remaining()
                parent = dict(context.invocation_metadata()).get(CONTEXT, "")
                return work(min(LONGEST_S, LONGEST_S if remaining is None else remaining), str(parent))
            except (Transient, Fenced, Unavailable) as error:
                code, message = grpc.StatusCode.UNAVAILABLE, error.message
            except FixgateError as error:
                code, message = grpc.StatusCode.FAILED_PRECONDITION, error.message
            except Exception:
                # An error's text could hold what a library was given: it stays here, where it is masked.
                _logger.exception("a call failed")
        context.abort(code, message[:500])  # always raises
        raise AssertionError


def _handler(call: Callable[[Any, Any], Any], read: Callable[[bytes], Any]) -> Any:
    return _grpc.unary_unary_rpc_method_handler(
        functools.partial(call), request_deserializer=read, response_serializer=_bytes_of
    )


def _reply(answer: Answer) -> Any:
    grant = pb.SignedRecord(
        value=answer.grant.value, signature=answer.grant.signature, certificate=answer.grant.certificate
    )
    if answer.credential is None or answer.not_after is None:
        return pb.MintReply(grant=grant, reasons=answer.reasons or ("no reason was given",))
    since = answer.not_after - _EPOCH
    return pb.MintReply(
        grant=grant,
        credential=json.dumps(dict(answer.credential)).encode(),
        not_after_us=(since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds,
    )


def _signed(record: Any) -> Signed:
    return Signed(value=record.value, signature=record.signature, certificate=record.certificate)


def _bytes_of(message: Any) -> bytes:
    return bytes(message.SerializeToString())
