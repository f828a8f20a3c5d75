"""JWT-SVIDs kept until half their life is over, one per audience."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fixgate.errors import Refused, Unavailable
from fixgate.identity_api import Token

RETRY_S: Final = 1.0
"""How long a failed renewal is not tried again while the present token is good: callers must not wait each time."""
MARGIN_S: Final = 2.0
"""A token this close to its end is not given out: it would end on its way."""


@dataclass(slots=True)
class _Held:
    token: Token
    renew_at: float


class Tokens:
    """Gets tokens by `fetch` and keeps them; `clock` gives seconds since 1970. Safe to share between threads."""

    def __init__(self, fetch: Callable[[str], Token], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def get(self, audience: str) -> Token:
        """A token that is good for a while; may block while one is fetched.

        From half its life on each call tries to renew it, and falls back on the present one while it lasts. Raises
        Refused when this process has no identity any more, and forgets the token; Unavailable when there is no token
        and none to be had.
        """
        with self._lock:
            held = self._held.get(audience)
            now = self._clock()
            if held is not None and now < held.renew_at:
                return held.token
            try:
                token = self._fetch(audience)
            except Refused:
                self._held.clear()
                raise
            except Unavailable:
                if held is None or now >= held.token.expiry - MARGIN_S:
                    raise
                held.renew_at = min(now + RETRY_S, held.token.expiry - MARGIN_S)
                return held.token
            self._held[audience] = _Held(token, now + (token.expiry - now) / 2)
            return token

    def expire(self) -> None:
        """Renew every token at its next use: what vouches for them may have changed."""
        with self._lock:
            for held in self._held.values():
                held.renew_at = 0

    def forget(self) -> None:
        """Drop all tokens."""
        with self._lock:
            self._held.clear()
