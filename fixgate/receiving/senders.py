"""Who sends this? By what the request shows, before anything of its body is believed.

Whatever is wrong, the sender hears the same. Each token that could be meant is compared, whether or not one fitted
before, so that the time tells nothing either.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.receiving.book import Book, SourceBook
from fixgate.receiving.declining import busy, unauthenticated
from fixgate.receiving.secrets import hashed, same, signed_by
from fixgate.receiving.sources import GithubSource, Source, SvidSource, TokenSource

SIGNATURE: Final = "x-hub-signature-256"
_SIGNED: Final = re.compile(r"sha256=([0-9a-f]{64})")
_JWT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_NOBODY: Final = "sha256:" + "0" * 64


class Shown(Protocol):
    """The headers of a request; names in any case."""

    def getlist(self, key: str) -> list[str]:
        """All values under a name."""
        ...


class SvidJudge(Protocol):
    """Verifies JWT-SVIDs."""

    async def spiffe_id(self, token: str) -> str:
        """Whose it is; raises Refused, Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A source that has proved who it is, or will have when its body fits `signature`."""

    name: str
    source: Source
    principal: str
    secret: bytes = field(default=b"", repr=False)
    signature: str = ""

    @property
    def signs(self) -> bool:
        """Whether the proof is in the body's signature."""
        return isinstance(self.source, GithubSource)

    def check(self, body: bytes) -> None:
        """Raise Declined (401) unless these exact bytes are signed, where the sender signs."""
        if self.signs and not signed_by(self.secret, body, self.signature):
            raise unauthenticated("a signature does not fit the body")


class Door:
    """Tells senders from each other."""

    def __init__(self, book: SourceBook, svids: SvidJudge) -> None:
        self._book = book
        self._svids = svids

    async def sender(self, named: str | None, shown: Shown) -> Sender:
        """Who shows these headers; `named` is the source in the address, where there is one.

        Raises Declined: 401, or 503 when the sources or the keys of identities cannot be read.
        """
        try:
            book = self._book.current()
        except Misconfigured as error:
            raise busy(error.message) from None
        if named is not None and isinstance(book.sources.get(named), GithubSource):
            return _signing(named, book, shown)
        found = _by_token(book, shown) or await self._by_svid(book, shown)
        if found is None:
            raise unauthenticated("no source has this token or identity")
        if named is not None and named != found.name:
            raise unauthenticated(f"{found.name} sent to another source's address")
        return found

    async def _by_svid(self, book: Book, shown: Shown) -> Sender | None:
        token = _authorization(shown)[1]
        known = {s.spiffe_id: (name, s) for name, s in book.sources.items() if isinstance(s, SvidSource)}
        if not known or not _JWT.fullmatch(token):
            return None
        try:
            spiffe_id = await self._svids.spiffe_id(token)
        except Refused as error:
            raise unauthenticated(error.message) from None
        except Unavailable as error:
            raise busy(error.message) from None
        if spiffe_id not in known:
            raise unauthenticated("an identity that is no source")
        name, source = known[spiffe_id]
        return Sender(name=name, source=source, principal=spiffe_id)


def _signing(name: str, book: Book, shown: Shown) -> Sender:
    signatures = shown.getlist(SIGNATURE)
    found = _SIGNED.fullmatch(signatures[0]) if len(signatures) == 1 else None
    if found is None:
        raise unauthenticated("there is no signature, or it is none")
    return Sender(
        name=name,
        source=book.sources[name],
        principal=f"github:{name}",
        secret=book.secrets[name],
        signature=found[1],
    )


def _by_token(book: Book, shown: Shown) -> Sender | None:
    user, token = _authorization(shown)
    presented = hashed(token) if token else _NOBODY
    found: Sender | None = None
    for name, source in book.sources.items():
        if not isinstance(source, TokenSource):
            continue
        mine = presented if source.header is None else _in_header(shown.getlist(source.header))
        if same(mine, source.token) and mine != _NOBODY and (source.header is not None or user in (None, name)):
            found = Sender(name=name, source=source, principal=f"token:{name}")
    return found


def _in_header(values: Sequence[str]) -> str:
    return hashed(values[0]) if len(values) == 1 and values[0] else _NOBODY


def _authorization(shown: Shown) -> tuple[str | None, str]:
    """The user, None where the scheme has none, and the token; "" where there is none (RFC 6750 §2.1, RFC 7617 §2)."""
    values = shown.getlist("authorization")
    if len(values) != 1:
        return None, ""
    scheme, _, rest = values[0].partition(" ")
    match scheme.lower():
        case "bearer":
            return None, rest.strip()
        case "basic":
            try:
                user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return None, ""
            return (user, password) if colon else (None, "")
        case _:
            return None, ""
