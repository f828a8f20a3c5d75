"""Credentials for reading an account, from this process's own identity: no key is kept anywhere."""

import base64
import binascii
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from fixgate.errors import Transient, Unavailable
from fixgate.resources import Session, Unreadable
from fixgate.resources.aws_calls import ask
from fixgate.resources.sessions import aws_session

AUDIENCE: Final = "sts.amazonaws.com"
SESSION_NAME: Final = "fixgate-analyzer"
SECONDS: Final = 3600
MARGIN: Final = timedelta(minutes=5)
"""A credential this close to its end is replaced."""
_ACCOUNT_MASK: Final = 0x7FFFFFFFFF80
_ACCOUNT_DIGITS: Final = 12


class Tokens(Protocol):
    """Where JWT-SVIDs come from."""

    def jwt(self, audience: str) -> tuple[str, float]:
        """A token and its expiry in seconds since 1970."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the target systems are; `role` holds `{account}`, `git_host` may be empty."""

    endpoint: str
    region: str
    role: str
    git_mirrors: str
    git_host: str = ""


@dataclass(slots=True)
class _Held:
    session: Session
    until: datetime


class ReadSessions:
    """A session for reading, one per account, made anew shortly before it ends. Safe to share between threads."""

    def __init__(self, places: Places, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._places = places
        self._tokens = tokens
        self._clock = clock
        self._nobody = aws_session(None, places.endpoint, places.region, git_mirrors=places.git_mirrors)
        self._held: dict[str, _Held] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Load what clients are made of, which takes a second the first time; makes no call."""
        for service in ("sts", "iam", "s3"):
            self._nobody.anonymous(service, None)

    def repository(self, address: str) -> Session:
        """A session without any credential for a repository at this clone address.

        Raises Unreadable unless it stands at the git host or the mirrors: the address comes out of a report, which
        could name anything that this process can reach.
        """
        hosts = [h.rstrip("/") for h in (self._places.git_host, self._places.git_mirrors) if h]
        if not any(address.startswith(f"{host}/") for host in hosts):
            raise Unreadable("the repository is none of those that are read: FIXGATE_GIT_HOST and FIXGATE_GIT_MIRRORS")
        return self._nobody

    def of(self, account: str) -> Session:
        """A session in the account; blocks while one is made.

        Raises Unreadable when the account does not let us in, Transient for outages.
        """
        if len(account) != _ACCOUNT_DIGITS or not account.isdigit():
            raise Unreadable("what the report calls an account is none")
        with self._lock:
            lock = self._locks.setdefault(account, threading.Lock())
        with lock:  # one call per account, however many findings wait for it
            held = self._held.get(account)
            if held is None or self._clock() >= held.until - MARGIN:
                held = self._held[account] = self._assume(account)
            return held.session

    def _assume(self, account: str) -> _Held:
        try:
            token, _ = self._tokens.jwt(AUDIENCE)
        except Unavailable as error:
            raise Transient(f"there is no token for {AUDIENCE}: {error.message}") from error
        sts = self._nobody.anonymous("sts", None)
        answer: dict[str, Any] = ask(
            lambda: sts.assume_role_with_web_identity(
                RoleArn=self._places.role.format(account=account),
                RoleSessionName=SESSION_NAME,
                WebIdentityToken=token,
                DurationSeconds=SECONDS,
            )
        )
        given = answer["Credentials"]
        credentials = {
            "access_key_id": str(given["AccessKeyId"]),
            "secret_access_key": str(given["SecretAccessKey"]),
            "session_token": str(given["SessionToken"]),
        }
        places = self._places
        session = aws_session(credentials, places.endpoint, places.region, git_mirrors=places.git_mirrors)
        return _Held(session, given["Expiration"])


def account_in(key_id: str) -> str | None:
    """The account that an access key id names in itself (ids made since 2019 do), or None. Only where to ask first."""
    try:
        packed = base64.b32decode(key_id[4:].upper())[:6]
    except (binascii.Error, ValueError):
        return None
    number = (int.from_bytes(packed, "big") & _ACCOUNT_MASK) >> 7
    return f"{number:012d}" if len(packed) == 6 and number else None  # noqa: PLR2004 - 48 bits hold it
