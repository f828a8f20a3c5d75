"""Clients of SQS for queues: with the role of their source, or with the credentials of the process."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from fixgate.receiving.queues import POLL_S
from fixgate.receiving.sources import QueueSource

AUDIENCE: Final = "sts.amazonaws.com"
SECONDS: Final = 900
"""How long a session is asked for: the least that AWS gives."""
KEPT_S: Final = 600.0
"""How long a client with a session is used."""
_REGION: Final = re.compile(r"https?://sqs\.([a-z0-9-]+)\.")


class TokenIdentity(Protocol):
    """What gives tokens: `WorkloadIdentity`."""

    def jwt(self, audience: str) -> tuple[str, float]:
        """A JWT-SVID and its end; raises Refused, Unavailable."""
        ...


class SqsClients:
    """Makes and keeps them. Safe to share between threads; calling it may block for seconds.

    Raises what botocore raises, and what the identity raises.
    """

    def __init__(
        self, identity: TokenIdentity, endpoint: str, region: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._identity = identity
        self._endpoint = endpoint
        self._region = region
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[QueueSource, tuple[Any, float]] = {}

    def __call__(self, source: QueueSource) -> Any:
        """A client that may read the source's queue."""
        with self._lock:  # boto3's sessions are not thread-safe
            found = self._made.get(source)
            if found is None or self._clock() - found[1] >= KEPT_S:
                found = self._made[source] = (self._make(source), self._clock())
            return found[0]

    def _make(self, source: QueueSource) -> Any:
        named = _REGION.match(source.queue)
        region = named[1] if named else self._region
        session: Any = boto3.session.Session()
        where: dict[str, Any] = {"region_name": region, "endpoint_url": self._endpoint or None}
        given = {} if source.role is None else self._assumed(session, source.role, where)
        # An answer may come as late as the question waits for a message.
        patient = Config(read_timeout=POLL_S + 10, connect_timeout=3, retries={"total_max_attempts": 2})
        return session.client("sqs", config=patient, **where, **given)

    def _assumed(self, session: Any, role: str, where: dict[str, Any]) -> dict[str, str]:
        sts = session.client("sts", config=Config(signature_version=UNSIGNED), **where)
        answer = sts.assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName="fixgate-receiver",
            WebIdentityToken=self._identity.jwt(AUDIENCE)[0],
            DurationSeconds=SECONDS,
        )["Credentials"]
        return {
            "aws_access_key_id": str(answer["AccessKeyId"]),
            "aws_secret_access_key": str(answer["SecretAccessKey"]),
            "aws_session_token": str(answer["SessionToken"]),
        }
