"""The hand-spoken protocol: whatever a broker answers, there is an error of ours or a value, never a crash."""

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.doctor.wire import Address, Closed, Connection
from fixgate.errors import Unavailable

CALLS: list[Callable[[Connection], object]] = [
    lambda c: c.authenticate("token"),
    lambda c: c.brokers(),
    lambda c: c.write(["a"]),
    lambda c: c.read(["a"]),
    lambda c: c.coordinator("a", transactional=True),
    lambda c: c.grants(),
]


class Answering:
    """A socket that answers everything with the same bytes."""

    def __init__(self, body: bytes) -> None:
        self._message = struct.pack(">ii", len(body) + 4, 1) + body
        self._left = b""

    def sendall(self, _data: bytes) -> None:
        """Take the question and have the answer ready."""
        self._left = self._message

    def recv(self, size: int) -> bytes:
        """Some of the answer."""
        piece, self._left = self._left[:size], self._left[size:]
        return piece

    def close(self) -> None:
        """Do nothing."""


def always(made: object) -> Callable[[object, object], object]:
    """In place of `socket.create_connection`."""

    def connect(_address: object, _timeout: object) -> object:
        return made

    return connect


def answered(body: bytes, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection to something that always answers so."""
    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", always(Answering(body)))
        return Connection(Address("x", 1))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [b"", b"\x00", b"\x00\x00\x00\x7f", b"\x7f" * 5])
def test_a_short_or_senseless_answer_is_unavailable(
    call: Callable[[Connection], object], body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that ends too early proves nothing."""
    with pytest.raises(Unavailable):
        call(answered(body, monkeypatch))


@given(st.binary(max_size=80), st.integers(0, len(CALLS) - 1))
def test_no_answer_breaks_it(body: bytes, index: int) -> None:
    """Random answers give a value or one of our two errors, and in bounded time."""
    with pytest.MonkeyPatch.context() as patch:
        connection = answered(body, patch)
        try:
            CALLS[index](connection)
        except (Unavailable, Closed):
            return


@pytest.mark.parametrize("size", [-1, 0, 3, 2**31 - 1])
def test_a_size_that_cannot_be_is_refused(size: int) -> None:
    """What does not speak the protocol, such as a web server, is not waited for nor read into memory."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", always(ours))
        theirs.sendall(struct.pack(">i", size))
        with pytest.raises(Unavailable, match="does not speak the Kafka protocol"):
            Connection(Address("x", 1)).brokers()


def test_a_hang_up_is_told_apart_from_silence() -> None:
    """An end of the connection is `Closed`; no answer in time is `Unavailable`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address("127.0.0.1", server.getsockname()[1])
        held: list[socket.socket] = []

        def accept() -> None:
            server.accept()[0].close()
            held.append(server.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        with pytest.raises(Closed), Connection(address) as connection:
            connection.brokers()
        with pytest.raises(Unavailable), Connection(address, timeout=0.1) as connection:
            connection.brokers()
        thread.join()
        held[0].close()
