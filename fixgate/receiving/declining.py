"""What a sender is told when its report is not taken: a status, one fixed sentence, and when to come again."""

from typing import Final

RETRY_S: Final = 5
"""Seconds after which it is worth a try when the broker, or this process, could not take more."""


class Declined(Exception):
    """The report is not taken.

    `status` is that of RFC 9110 (and RFC 6585 for 429); `words` are ours and hold nothing of the request; `why` is for
    the log, and is no secret either; `retry_s` says after how many seconds another try makes sense.
    """

    def __init__(self, status: int, words: str, *, why: str = "", retry_s: int | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.why = why or words
        self.retry_s = retry_s


def unauthenticated(why: str) -> Declined:
    """The same answer whatever was wrong: a name that is unknown, a token, a signature. `why` is for the log alone."""
    return Declined(401, "the sender is not authenticated", why=why)


def too_large(limit: int) -> Declined:
    """It has more bytes than its source may send; what is larger still has another way in."""
    return Declined(
        413, f"the report has more than {limit} bytes: raise max_bytes of its source, or use `fixgate publish`"
    )


def busy(why: str) -> Declined:
    """Not now: the sender may send the same again, which does no harm."""
    return Declined(503, "the report was not taken; send it again", why=why, retry_s=RETRY_S)
