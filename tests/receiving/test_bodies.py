"""Bodies, however they are cut into pieces."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.graph import MIB
from fixgate.receiving.bodies import Room, read
from fixgate.receiving.declining import Declined


def taken(body: bytes, cuts: Iterable[int], limit: int, encoding: str | None, room: Room | None = None) -> bytes:
    """Read the body in pieces of these sizes."""

    async def pieces() -> AsyncIterator[bytes]:
        rest = body
        for cut in cuts:
            piece, rest = rest[:cut], rest[cut:]
            yield piece
        yield rest

    async def reading() -> bytes:
        with (room or Room()).held() as held:
            return await read(pieces(), limit=limit, held=held, length=None, encoding=encoding)

    return asyncio.run(reading())


@given(st.binary(min_size=1, max_size=500), st.lists(st.integers(0, 100), max_size=8), st.integers(1, 500))
def test_a_body_is_whole_or_refused(body: bytes, cuts: list[int], limit: int) -> None:
    """Plain and compressed alike, wherever it is cut: over the limit never, within it the exact bytes."""
    for sent, encoding in ((body, None), (gzip.compress(body), "gzip")):
        if len(body) <= limit and len(sent) <= limit:
            assert taken(sent, cuts, limit, encoding) == body
        else:
            with pytest.raises(Declined) as declined:
                taken(sent, cuts, limit, encoding)
            assert declined.value.status == 413


@given(st.binary(max_size=300), st.lists(st.integers(0, 50), max_size=4))
def test_any_bytes_that_claim_to_be_compressed_are_answered(body: bytes, cuts: list[int]) -> None:
    """Without another error than the one that says so."""
    answers: set[int] = set()
    try:
        taken(body, cuts, 1_000, "gzip")
    except Declined as declined:
        answers.add(declined.status)
    assert answers <= {400, 413}


def test_a_body_takes_no_more_room_than_there_is() -> None:
    """And what it unpacks to is what counts."""
    with pytest.raises(Declined) as declined:
        taken(gzip.compress(b"x" * 1_000), [10], 5_000, "gzip", Room(999))
    assert declined.value.status == 503


def most_memory(body: bytes, limit: int, encoding: str | None, room: Room) -> int:
    """Bytes that reading the body took at the most."""
    view = memoryview(body)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(view), 65_536):
            yield bytes(view[start : start + 65_536])

    async def reading() -> None:
        with room.held() as held:
            await read(pieces(), limit=limit, held=held, length=None, encoding=encoding)

    tracemalloc.start()
    try:
        asyncio.run(reading())
    except Declined as declined:
        assert declined.status == 503  # noqa: PT017 - what else was refused would say nothing of memory
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def test_what_has_no_room_is_not_unpacked() -> None:
    """A piece at most is made before the room is asked, whatever the source may send."""
    assert most_memory(gzip.compress(b"\0" * (32 * MIB)), 48 * MIB, "gzip", Room(2 * MIB)) < 8 * MIB


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_body_is_in_memory_once(encoding: str | None) -> None:
    """Not once in pieces and once whole: the room counts it once."""
    body = bytes(range(256)) * (16 * MIB // 256)
    sent = gzip.compress(body, 1) if encoding else body
    assert most_memory(sent, 48 * MIB, encoding, Room()) < 22 * MIB
