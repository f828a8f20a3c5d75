"""A broker that is as careless as a test wants it: enough of the Kafka protocol for the doctor to be let in or not."""

import socketserver
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from fixgate.doctor.wire import Address

Admit = Callable[[str], bool]
Answer = Callable[[int, bytes], int]


class FakeBroker:
    """Listens on loopback until it is closed.

    `admit` says whether a token is accepted; `answer` gives the error code to a request by API key and body; `polite`
    refuses by the error code at once, otherwise as RFC 7628 says, by data first; `mute` never answers anything.
    """

    def __init__(
        self, admit: Admit, answer: Answer, *, polite: bool = True, mute: bool = False, hang_up: bool = False
    ) -> None:
        self.admit, self.answer, self.polite, self.mute, self.hang_up = admit, answer, polite, mute, hang_up
        self.tokens: list[str] = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Session(outer, self.request.recv, self.request.sendall).run()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self.close()


class _Session:
    """One connection."""

    def __init__(self, broker: FakeBroker, receive: Callable[[int], bytes], send: Callable[[bytes], None]) -> None:
        self.broker, self.receive, self.send = broker, receive, send
        self.admitted = False
        self.challenged = False

    def run(self) -> None:
        while head := self._exactly(4):
            message = self._exactly(struct.unpack(">i", head)[0])
            if self.broker.mute:
                self._exactly(1)
                return
            key, _version, correlation, name = struct.unpack(">hhih", message[:10])
            body = self._respond(key, message[10 + name :])
            if body is None:
                return
            answer = struct.pack(">i", correlation) + body
            self.send(struct.pack(">i", len(answer)) + answer)

    def _respond(self, key: int, body: bytes) -> bytes | None:
        if key == 17:
            return struct.pack(">hi", 0, 0)
        if key == 36:
            return self._authenticate(body[4:])
        if not self.admitted or self.broker.hang_up:
            return None
        code = self.broker.answer(key, body)
        if key == 3:
            address = self.broker.address
            host = address.host.encode()
            return struct.pack(">iih", 1, 1, len(host)) + host + struct.pack(">ihii", address.port, -1, 1, 0)
        if key in (0, 1):
            return self._topics(key, body, code)
        return struct.pack(">ih", 0, code)

    def _authenticate(self, offered: bytes) -> bytes:
        if self.challenged:
            return _authenticated(58, b"")
        token = offered.split(b"Bearer ")[1].split(b"\x01")[0].decode()
        self.broker.tokens.append(token)
        if self.broker.admit(token):
            self.admitted = True
            return _authenticated(0, b"")
        if self.broker.polite:
            return _authenticated(58, b"")
        self.challenged = True
        return _authenticated(0, b'{"status":"invalid_token"}')

    def _topics(self, key: int, body: bytes, code: int) -> bytes:
        at = 8 if key == 0 else 17
        count = int.from_bytes(body[at : at + 4])
        at += 4
        parts: list[bytes] = []
        for _ in range(count):
            size = int.from_bytes(body[at : at + 2])
            topic = body[at : at + 2 + size]
            at += 2 + size + (12 if key == 0 else 20)
            rest = struct.pack(">qq", 0, 0) if key == 0 else struct.pack(">qqii", 0, 0, -1, 0)
            parts.append(topic + struct.pack(">iih", 1, 0, code) + rest)
        listed = struct.pack(">i", count) + b"".join(parts)
        return listed + struct.pack(">i", 0) if key == 0 else struct.pack(">i", 0) + listed

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.receive(size - len(data))
            if not piece:
                return b""
            data += piece
        return data


def _authenticated(code: int, data: bytes) -> bytes:
    return struct.pack(">hhi", code, -1, len(data)) + data + struct.pack(">q", 0)
