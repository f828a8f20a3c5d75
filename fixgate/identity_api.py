"""Calls to a SPIFFE Workload API, with its failures told apart: "you have no identity" from "nobody answers"."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spiffe import WorkloadApiClient
from spiffe.errors import PySpiffeError
from spiffe.workloadapi.x509_context import X509Context

from fixgate.errors import FixgateError, Refused, Unavailable

TOKEN_TIMEOUT_S: Final = 3.0
ANSWER_S: Final = 3.0
"""How long a new stream has for its first answer, however late it already is."""
_DENIED: Final = "StatusCode.PERMISSION_DENIED"
REMEDY_UNAVAILABLE: Final = "Start the identity authority, or correct FIXGATE_WORKLOAD_API; `fixgate status` shows it."
REMEDY_REFUSED: Final = "Register this process with the identity authority, if it should have an identity."


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT-SVID; `expiry` in seconds since 1970. Its text never shows in logs or errors."""

    spiffe_id: str
    text: str
    expiry: float

    def __repr__(self) -> str:
        return f"Token({self.spiffe_id}, expiry={self.expiry})"


class WorkloadApi:
    """One Workload API socket, `unix:///path`.

    Every call makes its own connection: a channel that failed waits up to two minutes before it tries again, far
    longer than an authority's restart takes, and a unix socket costs next to nothing to open.
    """

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._stirred = threading.Event()

    def fetch_token(self, audience: str) -> Token:
        """A new JWT-SVID; may block for `TOKEN_TIMEOUT_S`.

        Raises Refused when the authority says that this process has no identity, Unavailable for everything else.
        """
        try:
            with WorkloadApiClient(self._socket) as client:
                svid = client.fetch_jwt_svid({audience}, timeout=TOKEN_TIMEOUT_S)
        except PySpiffeError as error:
            raise _failure(error) from None
        return Token(str(svid.spiffe_id), svid.token, float(svid.expiry))

    def watch(self, take: Callable[[X509Context], None], patience: Callable[[], float]) -> FixgateError | None:
        """Give every update of the X.509-SVID and its bundles to `take`, which must not raise; blocks.

        Returns what went wrong when the stream ends, or when `patience`, in seconds, has run out: whoever has had no
        new SVID for that long should ask again. Returns None after `close`.
        """
        stirred = threading.Event()
        with self._lock:
            if self._closed.is_set():
                return None
            self._stirred = stirred
        errors: list[Exception] = []

        def updated(context: X509Context) -> None:
            take(context)
            stirred.set()

        def ended(error: Exception) -> None:
            errors.append(error)
            stirred.set()

        try:
            client = WorkloadApiClient(self._socket)
        except PySpiffeError as error:
            return _failure(error)
        with client:
            handler = client.stream_x509_contexts(updated, ended, retry_connect=False)
            answer_by = time.monotonic() + ANSWER_S
            while not errors and not self._closed.is_set():
                remaining = max(patience(), answer_by - time.monotonic())
                if remaining <= 0:
                    break
                if stirred.wait(remaining):
                    stirred.clear()
            handler.cancel()
        if self._closed.is_set():
            return None
        return _failure(errors[0]) if errors else silent()

    def close(self) -> None:
        """End `watch`, now and for ever."""
        with self._lock:
            self._closed.set()
            self._stirred.set()


def silent() -> Unavailable:
    """The error of an authority that takes calls and does not answer them."""
    return Unavailable("the identity authority is silent", remedy=REMEDY_UNAVAILABLE)


def _failure(error: Exception) -> FixgateError:
    # The client keeps the gRPC status as text only.
    if _DENIED in str(error):
        return Refused("the identity authority gives this process no identity", remedy=REMEDY_REFUSED)
    return Unavailable(f"the identity authority does not answer: {error}", remedy=REMEDY_UNAVAILABLE)
