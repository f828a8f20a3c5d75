"""Sessions from credentials: boto3 clients that know nothing but what they are given.

Nothing of the machine is picked up: no environment, no profile, no instance metadata. A session without credentials
cannot become somebody by accident.
"""

import os
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from fixgate.errors import Misconfigured
from fixgate.resources.reading import Session

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 5.0
ATTEMPTS: Final = 2
DEFAULT_REGION: Final = "us-east-1"

_MAKING = threading.Lock()


def aws_session(
    credentials: Mapping[str, str] | None,
    endpoint: str,
    region: str,
    git_token: str = "",
    git_mirrors: str = "",
    *,
    git_local: bool = False,
) -> Session:
    """A session with one credential; makes no call.

    `credentials` as an issuer gives them: `access_key_id`, `secret_access_key`, `session_token` for AWS, `token` for a
    git host; None for nobody, whose calls are unsigned. `endpoint` is an emulated account's address, empty for AWS
    itself. `git_local` allows clone addresses on this machine's disk, which a report must not be able to name.
    Raises Misconfigured for half a credential.
    """
    given = dict(credentials or {})
    keys = {name: given[name] for name in ("access_key_id", "secret_access_key", "session_token") if given.get(name)}
    if keys and not {"access_key_id", "secret_access_key"} <= keys.keys():
        raise Misconfigured("half an AWS credential: it needs access_key_id and secret_access_key")
    signing = {f"aws_{name}": value for name, value in keys.items()}
    home = region or DEFAULT_REGION
    return Session(
        aws=_clients(endpoint, home, signing),
        anonymous=_clients(endpoint, home, {}),
        git_token=git_token or given.get("token", ""),
        git_mirrors=git_mirrors,
        git_local=git_local,
    )


def _clients(endpoint: str, home: str, signing: Mapping[str, str]) -> Callable[[str, str | None], Any]:
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str | None) -> Any:
        where = region or home
        with _MAKING:  # botocore's sessions are not thread-safe; its clients are
            if (service, where) not in made:
                made[service, where] = _client(service, where, endpoint, signing)
            return made[service, where]

    return client


def _client(service: str, region: str, endpoint: str, signing: Mapping[str, str]) -> Any:
    options: dict[str, Any] = {"ignore_configured_endpoint_urls": True}  # newer than the type stubs
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        signature_version=None if signing else UNSIGNED,
        s3={"addressing_style": "path" if endpoint else "auto"},
        proxies={},
        **options,
    )
    made: Any = _boto3()
    return made.client(service, region_name=region, endpoint_url=endpoint or None, config=config, **signing)


@cache
def _boto3() -> boto3.session.Session:
    """One for the process: what it loads of botocore's data is kept."""
    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=nowhere))
