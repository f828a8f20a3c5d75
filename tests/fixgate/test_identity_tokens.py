"""When a token is fetched, kept and forgotten."""

from collections.abc import Callable

import pytest

from fixgate.errors import Refused, Unavailable
from fixgate.identity_api import Token
from fixgate.identity_tokens import MARGIN_S, RETRY_S, Tokens


class Authority:
    """Gives numbered tokens of 100 seconds, or fails as it is told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.calls = 0
        self.failure: Callable[[], Exception] | None = None

    def fetch(self, audience: str) -> Token:
        """The next token."""
        self.calls += 1
        if self.failure is not None:
            raise self.failure()
        return Token("spiffe://d/x", f"{audience}-{self.calls}", self.now + 100)


def tokens() -> tuple[Authority, Tokens]:
    """An authority and the cache in front of it."""
    authority = Authority()
    return authority, Tokens(authority.fetch, lambda: authority.now)


def test_a_revoked_identity_gets_no_token_not_even_a_kept_one() -> None:
    """When the authority refuses, all tokens are forgotten, though they would still be valid."""
    authority, cache = tokens()
    cache.get("kafka")
    cache.get("sts")
    authority.now += 60
    authority.failure = lambda: Refused("no identity")
    with pytest.raises(Refused):
        cache.get("kafka")
    authority.failure = lambda: Unavailable("down")
    with pytest.raises(Unavailable):
        cache.get("sts")


def test_an_ended_token_is_not_given_out() -> None:
    """Without the authority a token serves until just before its end, and not longer."""
    authority, cache = tokens()
    cache.get("kafka")
    authority.failure = lambda: Unavailable("down")
    authority.now += 100 - MARGIN_S - 0.1
    assert cache.get("kafka").text == "kafka-1"
    authority.now += 0.1
    with pytest.raises(Unavailable):
        cache.get("kafka")


def test_a_failed_renewal_is_not_tried_at_every_call() -> None:
    """While the present token is good, callers do not wait for an authority that is down more than once a second."""
    authority, cache = tokens()
    cache.get("kafka")
    authority.failure = lambda: Unavailable("down")
    authority.now += 60
    for _ in range(5):
        cache.get("kafka")
    assert authority.calls == 2
    authority.now += RETRY_S
    authority.failure = None
    assert cache.get("kafka").text == "kafka-3"


def test_a_token_is_kept_for_half_its_life() -> None:
    """The same token until half its life is over, then a new one; each audience has its own."""
    authority, cache = tokens()
    assert cache.get("kafka").text == "kafka-1"
    assert cache.get("sts").text == "sts-2"
    authority.now += 49
    assert cache.get("kafka").text == "kafka-1"
    authority.now += 1
    assert cache.get("kafka").text == "kafka-3"


def test_expired_tokens_are_renewed_at_the_next_use() -> None:
    """When keys were rotated every token is fetched anew, and the old one serves if that fails."""
    authority, cache = tokens()
    cache.get("kafka")
    cache.expire()
    assert cache.get("kafka").text == "kafka-2"
    cache.expire()
    authority.failure = lambda: Unavailable("down")
    assert cache.get("kafka").text == "kafka-2"


def test_forgotten_tokens_are_gone() -> None:
    """After forgetting, only the authority can give a token."""
    authority, cache = tokens()
    cache.get("kafka")
    cache.forget()
    authority.failure = lambda: Unavailable("down")
    with pytest.raises(Unavailable):
        cache.get("kafka")


def test_a_tokens_text_does_not_show() -> None:
    """A token that ends up in a log line or an error shows whose it is, not what it is."""
    assert "secret" not in repr(Token("spiffe://d/x", "secret", 1.0))
