"""Reads a report off the wire: never more than its source may send, never for longer than a body may take.

What a header claims of the length is compared and never believed. A compressed body is unpacked as it comes, a piece
at a time, and ends as soon as what it unpacks to is too large or has no room: a small body cannot become a large one in
memory.
"""

import asyncio
import io
import zlib
from collections.abc import AsyncIterable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from fixgate.graph import MIB
from fixgate.receiving.declining import Declined, busy, too_large

WITHIN_S: Final = 30.0
"""Seconds in which a whole body must have come: 8 MiB at 2.3 Mbit/s, 48 MiB at 13.5."""
ROOM: Final = 64 * MIB
"""Bytes of all bodies that are held at once, of senders that are authenticated."""
PORCH: Final = 32 * MIB
"""Bytes of those besides whose sender is known only when they are whole: they take no room from the others."""
DRAINED: Final = 64 * MIB
"""Bytes of a body that is refused which are let come, for its sender's sake: more than any source may send."""
DRAINED_S: Final = 5.0
_PIECE: Final = MIB
"""Bytes that are unpacked at once, before anybody has looked whether there is room for them."""
_GZIP: Final = 16 + zlib.MAX_WBITS
"""Tells zlib to expect the gzip format (RFC 1952) and no other."""
_DIGITS: Final = 18


class Room:
    """Bounds what all bodies together take in memory; used within one event loop."""

    def __init__(self, size: int = ROOM) -> None:
        self._free = size

    @contextmanager
    def held(self) -> Generator["Held", None, None]:
        """A part of it, given back at the end."""
        part = Held(self)
        try:
            yield part
        finally:
            self._free += part.size

    def take(self, size: int) -> None:
        """Take so many bytes; raises Declined (503) when they are not there."""
        if size > self._free:
            raise busy("too many reports are being read at once")
        self._free -= size


class Held:
    """What one body has taken of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size = 0

    def take(self, size: int) -> None:
        """Take more; raises Declined (503) when there is no more."""
        self._room.take(size)
        self.size += size


async def read(
    chunks: AsyncIterable[bytes],
    *,
    limit: int,
    held: Held,
    length: str | None,
    encoding: str | None,
    within_s: float = WITHIN_S,
) -> bytes:
    """The whole body, unpacked; `length` and `encoding` are the headers' claims.

    Raises Declined: 413 over `limit` bytes, on the wire or unpacked, 415 for an encoding that is not known, 400 for
    what is none, or nothing, 408 when it does not come in time, 503 when there is no room.
    """
    unpack = _unpacking(encoding)
    if length is not None and (not length.isdecimal() or len(length) > _DIGITS):
        raise Declined(400, "the length is no number")
    if length is not None and int(length) > limit:
        raise too_large(limit)
    try:
        async with asyncio.timeout(within_s):
            body = await _gathered(chunks, unpack, limit, held)
    except TimeoutError:
        raise Declined(408, f"the body did not come in {within_s:.0f} s") from None
    unpack.end()
    if not body:
        raise Declined(400, "the report is empty")
    return body


async def drained(chunks: AsyncIterable[bytes]) -> None:
    """Let a body that is refused come, and forget it: who still sends when the connection is closed hears no answer.

    Ends after `DRAINED` bytes or `DRAINED_S` seconds, whatever is still to come.
    """
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAINED_S):
            async for chunk in chunks:
                size += len(chunk)
                if size > DRAINED:
                    return


async def _gathered(chunks: AsyncIterable[bytes], unpack: "_Plain | _Gzip", limit: int, held: Held) -> bytes:
    # Whose value is its own buffer: joined parts would be there twice, which the room does not know of.
    body = io.BytesIO()
    wire = 0
    async for chunk in chunks:
        wire += len(chunk)
        for piece in unpack.feed(chunk):
            if wire > limit or body.tell() + len(piece) > limit:
                raise too_large(limit)
            held.take(len(piece))
            body.write(piece)
    return body.getvalue()


class _Plain:
    """As it is."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The chunk."""
        yield chunk

    def end(self) -> None:
        """Nothing is missing."""


class _Gzip:
    """One member of RFC 1952, as senders make it."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What it unpacks to, piece by piece, the next one only when it is asked for."""
        full = True
        while full:  # a piece that is not full is the last: zlib has used up the chunk
            try:
                made = self._inflate.decompress(chunk, _PIECE)
            except zlib.error:
                raise Declined(400, "the body is not compressed as it says") from None
            if self._inflate.unused_data:
                raise Declined(400, "something stands behind the compressed body")
            yield made
            chunk, full = self._inflate.unconsumed_tail, len(made) == _PIECE

    def end(self) -> None:
        """Raise Declined (400) when the body was cut off."""
        if not self._inflate.eof:
            raise Declined(400, "the compressed body is cut off")


def _unpacking(encoding: str | None) -> _Plain | _Gzip:
    match (encoding or "identity").strip().lower():
        case "identity":
            return _Plain()
        case "gzip" | "x-gzip":  # RFC 9110 §8.4.1.3: the two mean the same
            return _Gzip()
        case _:
            raise Declined(415, "the body's encoding is not known; gzip is")
