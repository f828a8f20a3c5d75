"""Who this process is: its SPIFFE identity from a Workload API socket, always the newest.

    Workload API ──stream──> X.509-SVID + bundles ──> signer(), trust()
                 ──call────> JWT-SVID             ──> jwt(), kafka_client_config()

Rotation of keys, certificates, authorities and tokens needs no restart: each update replaces everything at once. When
the authority is down, what is there serves until it ends, while the stream is tried again. When the authority says that
this process has no identity (any more), that holds at once: no signatures, no tokens, until it gets one again.

Only the socket's address differs between the development authority and SPIRE.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from spiffe.workloadapi.x509_context import X509Context

from fixgate.errors import FixgateError, Refused, Unavailable
from fixgate.identity_api import REMEDY_UNAVAILABLE, WorkloadApi, silent
from fixgate.identity_material import Material, TlsCredentials, checked, observed, remember, remembered
from fixgate.identity_tokens import Tokens
from fixgate.signing import Signer
from fixgate.trust import TrustBundle

START_DEADLINE_S: Final = 30.0
KAFKA_REFRESH_S: Final = 60.0
"""The longest that a Kafka client keeps a token before it asks again. It knows nothing of withdrawn keys and revoked
identities; asking costs nothing, for tokens are cached here."""
_BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_logger = logging.getLogger(__name__)
KafkaConfig = dict[str, str | int | bool | logging.Logger | Callable[[str], tuple[str, float]]]


class WorkloadIdentity:
    """The identity that the Workload API at `socket` (`unix:///path`) gives to this process.

    Making one blocks until the first X.509-SVID is there and raises, after `deadline_s`, Refused when the authority
    says that there is none, Unavailable when it does not answer, and at once Misconfigured when the SVID cannot sign
    records. `memory` is a file of this process's own in which the authorities seen are kept, so that records signed
    under past ones verify after a restart too. `clock` gives seconds since 1970. Safe to share between threads.
    """

    def __init__(
        self,
        socket: str,
        *,
        audience: str = "kafka",
        deadline_s: float = START_DEADLINE_S,
        memory: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = WorkloadApi(socket)
        self._audience = audience
        self._memory = memory
        self._clock = clock
        self._tokens = Tokens(self._api.fetch_token, clock)
        self._trust = remembered(memory)
        self._material: Material | None = None
        self._previous: Material | None = None
        self._problem: FixgateError | None = None
        self._refusal: Refused | None = None
        self._settled = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="fixgate-identity", daemon=True)
        self._thread.start()
        self._await_first(deadline_s)

    @property
    def spiffe_id(self) -> str:
        """The SPIFFE ID; it never changes during a process's life."""
        return self._present().spiffe_id

    def signer(self) -> Signer:
        """Signs with the newest SVID whose authority is known to others too; take it anew for each batch.

        Raises Refused when the identity was revoked, Unavailable when the certificate has ended and none came.
        """
        return self._valid().signer

    def tls(self) -> TlsCredentials:
        """What to present in a TLS connection; take it anew for each. The same object until the SVID changes.

        Raises Refused and Unavailable as `signer` does.
        """
        return self._valid().tls

    def _valid(self) -> Material:
        identity = self._acting(self._present())
        if self._now_ms() > identity.signer.not_after_ms:
            ended = datetime.fromtimestamp(identity.signer.not_after_ms / 1000, UTC).isoformat(timespec="seconds")
            raise Unavailable(
                f"the certificate of {identity.spiffe_id} ended at {ended} and no new one came",
                remedy=REMEDY_UNAVAILABLE,
            )
        return identity

    def trust(self) -> TrustBundle:
        """The authorities by trust domain, present and past; the same object until something changes."""
        return self._trust

    def jwt(self, audience: str) -> tuple[str, float]:
        """A token for `audience` and its expiry in seconds since 1970; may block for seconds.

        Raises Refused when the identity was revoked, Unavailable when there is no token and none to be had.
        """
        spiffe_id = self._present().spiffe_id
        token = self._tokens.get(audience)
        if token.spiffe_id != spiffe_id:
            raise Refused(f"the authority gave a token for {token.spiffe_id} to {spiffe_id}")
        return token.text, token.expiry

    def problem(self) -> FixgateError | None:
        """What is wrong with the identity now, even while what is cached still serves; None when all is well."""
        return self._problem

    def kafka_client_config(self, bootstrap: str, *, tls: bool = False) -> KafkaConfig:
        """Settings for a confluent-kafka client that authenticates as this identity (SASL/OAUTHBEARER, RFC 7628)."""
        return {
            "bootstrap.servers": bootstrap,
            "security.protocol": "SASL_SSL" if tls else "SASL_PLAINTEXT",
            "sasl.mechanisms": "OAUTHBEARER",
            "oauth_cb": self._kafka_token,
            # The client's own lines go where all log lines go.
            "logger": logging.getLogger("fixgate.kafka"),
        }

    def close(self) -> None:
        """Stop watching and forget all tokens; afterwards nothing is signed or given out."""
        self._closing.set()
        self._api.close()
        self._thread.join()
        self._tokens.forget()

    def _await_first(self, deadline_s: float) -> None:
        self._settled.wait(deadline_s)
        if self._material is None:
            problem = self._problem or silent()
            self.close()
            raise problem

    def _kafka_token(self, _config: str) -> tuple[str, float]:
        # An error raised here reaches nobody: the client notes only that there was one, and tries again in 10 s. So
        # it is logged first. The text of a token is in no error.
        if self._closing.is_set():
            raise Unavailable(
                "this identity has been closed"
            )  # a client that outlives it asks in vain, and is not told of
        try:
            token, expiry = self.jwt(self._audience)
        except FixgateError as error:
            _logger.error("no token for Kafka: %s %s", error.message, error.remedy)  # noqa: TRY400 - the message says it
            raise
        except Exception:
            _logger.exception("no token for Kafka")
            raise
        return token, min(expiry, self._clock() + KAFKA_REFRESH_S)

    def _present(self) -> Material:
        if self._closing.is_set():
            raise Unavailable("this identity has been closed")
        identity, refusal = self._material, self._refusal
        if refusal is not None:
            raise refusal
        if identity is None:
            raise Unavailable("there is no identity yet", remedy=REMEDY_UNAVAILABLE)
        return identity

    def _acting(self, newest: Material) -> Material:
        previous, now_ms = self._previous, self._now_ms()
        if previous is not None and now_ms < newest.settled_ms and now_ms <= previous.signer.not_after_ms:
            return previous
        return newest

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _watch(self) -> None:
        failures = 0
        while not self._closing.is_set():
            before = self._material
            problem = self._api.watch(self._take, self._patience)
            if problem is None:
                return
            failures = failures + 1 if self._material is before else 1
            if type(problem) is not type(self._problem):
                _logger.warning("%s %s", problem.message, problem.remedy)
            self._problem = problem
            if isinstance(problem, Refused):
                # Only a new identity ends this: an authority that went down after its refusal has not taken it back.
                self._refusal = problem
                self._tokens.forget()
            self._closing.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])

    def _patience(self) -> float:
        identity = self._material
        return (identity.overdue_ms - self._now_ms()) / 1000 if identity else START_DEADLINE_S

    def _take(self, context: X509Context) -> None:
        """Take an update: whom to trust in any case, and who we are unless something is wrong with that."""
        now_ms = self._now_ms()
        try:
            # Trust first: whoever sees the new signer must be able to verify what it signs.
            trust = observed(context, self._trust, now_ms)
            if trust is not self._trust:
                self._trust = trust
                self._tokens.expire()
                remember(self._memory, trust)
            material = checked(context, trust, self._material, now_ms)
        except FixgateError as error:
            _logger.error("the new identity was not taken: %s %s", error.message, error.remedy)  # noqa: TRY400
            self._problem = error
        else:
            if self._material is not None and material is not self._material:
                acting = self._acting(self._material)
                # From the next moment on: an authority withdrawn by this update still vouches for this one.
                self._previous = acting if acting.holds(trust, now_ms + 1) else None
            self._material = material
            self._problem = self._refusal = None
        self._settled.set()
