"""Whose JWT-SVID a bearer shows (JWT-SVID §5): signed under our trust domain's keys, for us, and not ended."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from spiffe import TrustDomain, WorkloadApiClient
from spiffe.bundle.jwt_bundle.jwt_bundle import JwtBundle
from spiffe.errors import PySpiffeError
from spiffe.svid.jwt_svid import JwtSvid

from fixgate.errors import Refused, Unavailable

AUDIENCE: Final = "fixgate-receiver"
KEPT_S: Final = 30.0
"""How long the keys are believed before the authority is asked again: a key that it withdrew serves no longer."""
AGAIN_S: Final = 2.0
"""How soon they may be asked for again because a token names a key that is not known: anybody can name one."""
ASKED_S: Final = 3.0
TOKEN_LIMIT: Final = 8 * 1024

Fetch = Callable[[], JwtBundle]


def from_workload_api(socket: str, domain: str) -> Fetch:
    """Asks the Workload API at `socket` for the keys of a trust domain; blocks, raises Unavailable."""

    def fetch() -> JwtBundle:
        try:
            with WorkloadApiClient(socket) as client:
                bundles = client.fetch_jwt_bundles(timeout=ASKED_S)
            found = bundles.get_bundle_for_trust_domain(TrustDomain(domain))
        except PySpiffeError as error:
            raise Unavailable(f"the keys of {domain} cannot be had: {type(error).__name__}") from None
        if found is None:
            raise Unavailable(f"the identity authority knows no keys of {domain}")
        return found

    return fetch


class Svids:
    """Verifies tokens; used within one event loop. `clock` gives seconds and never goes back."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._asking = asyncio.Lock()
        self._held: tuple[JwtBundle, float] | None = None

    async def spiffe_id(self, token: str) -> str:
        """The SPIFFE ID in a token that holds; raises Refused, or Unavailable when that cannot be found out."""
        if len(token) > TOKEN_LIMIT:
            raise Refused("the token is too long")
        bundle, at = await self._bundle(KEPT_S)
        try:
            return _judged(token, bundle)
        except Refused:
            if self._clock() - at < AGAIN_S:
                raise
        # It may be signed by a key that is newer than what is held.
        return _judged(token, (await self._bundle(AGAIN_S))[0])

    async def _bundle(self, oldest_s: float) -> tuple[JwtBundle, float]:
        async with self._asking:
            held = self._held
            if held is None or self._clock() - held[1] >= oldest_s:
                held = self._held = (await asyncio.to_thread(self._fetch), self._clock())
            return held


def _judged(token: str, bundle: JwtBundle) -> str:
    try:
        return str(JwtSvid.parse_and_validate(token, bundle, {AUDIENCE}).spiffe_id)
    except (PySpiffeError, LookupError, ValueError, TypeError) as error:
        # Its words may quote the token.
        raise Refused(f"the JWT-SVID does not hold: {type(error).__name__}") from None
