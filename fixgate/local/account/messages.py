"""A request as the front sees it, and an answer."""

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: `path` and `query` as they were sent (percent-encoded), `headers` by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    environ: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def form(self) -> Mapping[str, str]:
        """The fields of a form in the body; raises ValueError when a name comes twice or it is no text."""
        pairs = urllib.parse.parse_qsl(self.body.decode("utf-8"), keep_blank_values=True)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise ValueError("a field comes twice")
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One permission that a request needs; `context` is what conditions may ask about besides the caller."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a request asks for: all demands must be met. `write` says whether it changes anything."""

    service: str
    name: str
    demands: tuple[Demand, ...]
    write: bool


class Denial(Exception):
    """The request is answered with an error; `code` as AWS names it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def unmapped(what: str) -> Denial:
    """For what the front does not know: it may mean anything, so it is denied."""
    return Denial(403, "AccessDenied", f"{what} is not known to this emulated account, and is denied")
