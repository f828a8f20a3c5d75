"""Sessions from credentials: boto3 clients that know nothing but what they are given.

Nothing of the machine is picked up: no environment, no profile, no instance metadata. A session without credentials
cannot become somebody by accident.

Making a client takes milliseconds, and a change has a credential of its own. So a client is made once and lent to each
of them: it knows no credential, and is told one for each call by whoever calls.
"""

import os
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, Final

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from fixgate.errors import Misconfigured
from fixgate.resources.reading import Session

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 5.0
ATTEMPTS: Final = 2
DEFAULT_REGION: Final = "us-east-1"
USER_AGENT: Final = "fixgate"
"""How calls name themselves, also in the account's trail. The client would work out a longer name for each call."""

_MAKING = threading.Lock()
_CALLING: ContextVar[ReadOnlyCredentials | None] = ContextVar("fixgate_credential", default=None)
"""The credential of the call that is being made."""


class Sessions:
    """Sessions at one place, each with its own credential, over the same clients. Safe to share between threads.

    `endpoint` is an emulated account's address, empty for AWS itself. Making one makes no call, and no client yet.
    """

    def __init__(self, endpoint: str, region: str, *, git_mirrors: str = "", git_local: bool = False) -> None:
        home = region or DEFAULT_REGION
        self._signed = _clients(endpoint, home, signed=True)
        self._anonymous = _clients(endpoint, home, signed=False)
        self._git_mirrors = git_mirrors
        self._git_local = git_local

    def of(self, credentials: Mapping[str, str] | None, git_token: str = "") -> Session:
        """The session of one credential; makes no call.

        `credentials` as an issuer gives them: `access_key_id`, `secret_access_key`, `session_token` for AWS, `token`
        for a git host; None for nobody, whose calls are unsigned. Raises Misconfigured for half a credential.
        """
        given = dict(credentials or {})
        who = _credential(given)
        return Session(
            aws=self._anonymous if who is None else _lent(self._signed, who),
            anonymous=self._anonymous,
            git_token=git_token or given.get("token", ""),
            git_mirrors=self._git_mirrors,
            git_local=self._git_local,
        )


def aws_session(
    credentials: Mapping[str, str] | None,
    endpoint: str,
    region: str,
    git_token: str = "",
    git_mirrors: str = "",
    *,
    git_local: bool = False,
) -> Session:
    """A session with one credential that shares its clients with nobody; see `Sessions` and `Sessions.of`.

    `git_local` allows clone addresses on this machine's disk, which a report must not be able to name.
    """
    return Sessions(endpoint, region, git_mirrors=git_mirrors, git_local=git_local).of(credentials, git_token)


def _credential(given: Mapping[str, str]) -> ReadOnlyCredentials | None:
    names = ("access_key_id", "secret_access_key", "session_token")
    key, secret, token = (given.get(name) or None for name in names)
    if key is None and secret is None and token is None:
        return None
    if key is None or secret is None:
        raise Misconfigured("half an AWS credential: it needs access_key_id and secret_access_key")
    return ReadOnlyCredentials(key, secret, token)


class _Lent:
    """A shared client in the hands of one credential."""

    def __init__(self, client: Any, who: ReadOnlyCredentials) -> None:
        self._client = client
        self._who = who

    def __getattr__(self, name: str) -> Any:
        """The client's own; while a method of it runs, its calls are made with this credential."""
        found: Any = getattr(self._client, name)
        if not callable(found):
            return found

        @wraps(found)
        def calling(*arguments: Any, **named: Any) -> Any:
            before = _CALLING.set(self._who)
            try:
                return found(*arguments, **named)
            finally:
                _CALLING.reset(before)

        return calling


class _Told(Credentials):
    """What a shared client takes for its credential: whoever is calling. Nobody is nobody, never the one before."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The caller's; raises NoCredentialsError when nobody calls."""
        who = _CALLING.get()
        if who is None:
            raise NoCredentialsError
        return who


class _Provider:
    """botocore's way to come by credentials; it looks nowhere."""

    def load_credentials(self) -> Credentials:
        """See botocore's `CredentialResolver`."""
        return _Told()


def _lent(make: Callable[[str, str | None], Any], who: ReadOnlyCredentials) -> Callable[[str, str | None], Any]:
    def client(service: str, region: str | None) -> Any:
        return _Lent(make(service, region), who)

    return client


def _clients(endpoint: str, home: str, *, signed: bool) -> Callable[[str, str | None], Any]:
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str | None) -> Any:
        where = region or home
        with _MAKING:  # botocore's sessions are not thread-safe; its clients are
            if (service, where) not in made:
                made[service, where] = _client(service, where, endpoint, signed=signed)
            return made[service, where]

    return client


def _client(service: str, region: str, endpoint: str, *, signed: bool) -> Any:
    options: dict[str, Any] = {"ignore_configured_endpoint_urls": True}  # newer than the type stubs
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        signature_version=None if signed else UNSIGNED,
        s3={"addressing_style": "path" if endpoint else "auto"},
        proxies={},
        user_agent=USER_AGENT,
        **options,
    )
    made: Any = _boto3()
    return made.client(service, region_name=region, endpoint_url=endpoint or None, config=config)


@cache
def _boto3() -> boto3.session.Session:
    """One for the process: what it loads of botocore's data is kept."""
    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = botocore.session.Session(session_vars=nowhere)
    core.register_component("credential_provider", _Provider())
    return boto3.session.Session(botocore_session=core)
