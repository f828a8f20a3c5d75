"""A few requests of the Kafka protocol, spoken by hand over one connection.

Versions are the last before each request's flexible encoding; Kafka 4 still speaks all of them (KIP-896). Nothing here
changes anything on the cluster, whoever is let in: what is produced has no record in it.
"""

import socket
import ssl
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from fixgate.errors import Unavailable

NONE = 0
TOPIC_AUTHORIZATION_FAILED = 29
GROUP_AUTHORIZATION_FAILED = 30
CLUSTER_AUTHORIZATION_FAILED = 31
UNSUPPORTED_SASL_MECHANISM = 33
TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
SASL_AUTHENTICATION_FAILED = 58

_PRODUCE, _FETCH, _METADATA, _FIND_COORDINATOR = (0, 3), (1, 4), (3, 1), (10, 1)
_SASL_HANDSHAKE, _SASL_AUTHENTICATE, _DESCRIBE_ACLS = (17, 1), (36, 1), (29, 1)
_LEAST = 4
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a broker listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Closed(Exception):
    """The broker ended the connection instead of answering."""


class Connection:
    """One connection to one broker; every call blocks, at most `timeout` seconds for each answer.

    Raises `Unavailable` when the broker cannot be reached or does not answer in time, `Closed` when it hangs up.
    """

    def __init__(self, address: Address, *, tls: ssl.SSLContext | None = None, timeout: float = 10.0) -> None:
        self.address = address
        self._correlation = 0
        try:
            plain = socket.create_connection((address.host, address.port), timeout)
            self._socket = tls.wrap_socket(plain, server_hostname=address.host) if tls else plain
        except OSError as error:
            raise Unavailable(
                f"the broker {address} cannot be reached: {error}", remedy="Is it up, and is TLS set as it is there?"
            ) from error

    def authenticate(self, token: str) -> bool:
        """Offer the token (RFC 7628); False when the broker said in so many words that it refuses it.

        True is not yet a proof that it was accepted: `brokers` is.
        """
        handshake = _Reader(self._ask(_SASL_HANDSHAKE, _string("OAUTHBEARER")))
        if handshake.int16() == UNSUPPORTED_SASL_MECHANISM:
            raise Unavailable(
                f"the broker {self.address} knows no OAUTHBEARER on this listener",
                remedy="Give its listener for clients.",
            )
        code, answer = self._offer(b"n,,\x01auth=Bearer " + token.encode() + b"\x01\x01")
        if code == NONE and answer:
            # RFC 7628 3.2.3: a refusal comes as data first; the client acknowledges it and then gets the failure.
            code, _ = self._offer(b"\x01")
            return code == NONE
        return code == NONE

    def _offer(self, data: bytes) -> tuple[int, bytes]:
        answer = _Reader(self._ask(_SASL_AUTHENTICATE, _bytes(data)))
        code = answer.int16()
        answer.string()
        return code, answer.bytes()

    def brokers(self) -> tuple[Address, ...]:
        """All brokers of the cluster: what only those who were let in are told."""
        answer = _Reader(self._ask(_METADATA, struct.pack(">i", 0)))
        found: list[Address] = []
        for _ in range(answer.int32()):
            answer.int32()  # the node's id
            found.append(Address(answer.string(), answer.int32()))
            answer.string()  # the rack
        return tuple(sorted(found))

    def write(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Ask to write nothing to the first partition of each topic: the error code for each.

        Whoever may write is told that there was no record (INVALID_RECORD), after the authorization.
        """
        parts = [_string(topic) + struct.pack(">ii", 1, 0) + _bytes(b"") for topic in topics]
        body = struct.pack(">hhii", -1, 1, 5000, len(parts)) + b"".join(parts)
        answer = _Reader(self._ask(_PRODUCE, body))
        codes: dict[str, int] = {}
        for _ in range(answer.int32()):
            topic = answer.string()
            for _ in range(answer.int32()):
                answer.int32()
                codes[topic] = answer.int16()
                answer.skip(16)  # offset, time
        return codes

    def read(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Ask for the beginning of the first partition of each topic: the error code for each; the data is dropped."""
        parts = [_string(topic) + struct.pack(">iiqi", 1, 0, 0, 1) for topic in topics]
        body = struct.pack(">iiiibi", -1, 0, 0, 1, 1, len(parts)) + b"".join(parts)
        answer = _Reader(self._ask(_FETCH, body))
        answer.int32()  # the throttle
        codes: dict[str, int] = {}
        for _ in range(answer.int32()):
            topic = answer.string()
            for _ in range(answer.int32()):
                answer.int32()
                codes[topic] = answer.int16()
                answer.skip(16)  # the two ends
                answer.skip(16 * max(0, answer.int32()))  # aborted transactions
                answer.bytes()
        return codes

    def coordinator(self, name: str, *, transactional: bool) -> int:
        """Ask who coordinates a group or a transactional id: the error code."""
        answer = _Reader(self._ask(_FIND_COORDINATOR, _string(name) + struct.pack(">b", transactional)))
        answer.int32()  # the throttle
        return answer.int16()

    def grants(self) -> int:
        """Ask to see all grants: the error code."""
        answer = _Reader(self._ask(_DESCRIBE_ACLS, struct.pack(">bhbhhbb", 1, -1, 1, -1, -1, 1, 1)))
        answer.int32()  # the throttle
        return answer.int16()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.close()

    def _ask(self, request: tuple[int, int], body: bytes) -> bytes:
        self._correlation += 1
        message = struct.pack(">hhi", *request, self._correlation) + _string("fixgate-doctor") + body
        try:
            self._socket.sendall(struct.pack(">i", len(message)) + message)
            (size,) = struct.unpack(">i", self._exactly(4))
            if not _LEAST <= size <= _LARGEST:
                raise Unavailable(f"{self.address} does not speak the Kafka protocol without TLS, or not at all")
            answer = self._exactly(size)
        except TimeoutError as error:
            raise Unavailable(f"the broker {self.address} did not answer in time") from error
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed(str(error)) from error
        if answer[:_LEAST] != struct.pack(">i", self._correlation):
            raise Unavailable(f"the broker {self.address} answered another question than was asked")
        return answer[_LEAST:]

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise Closed("the broker hung up")
            data += piece
        return bytes(data)


class _Reader:
    """Reads an answer from its beginning; what is too short raises `Unavailable`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def skip(self, size: int) -> bytes:
        """The next bytes, as they are."""
        self._at += size
        if self._at > len(self._data):
            raise Unavailable("the broker's answer is shorter than the protocol says")
        return self._data[self._at - size : self._at]

    def int16(self) -> int:
        return int.from_bytes(self.skip(2), signed=True)

    def int32(self) -> int:
        return int.from_bytes(self.skip(4), signed=True)

    def string(self) -> str:
        """A text; one that is null is empty here."""
        return self.skip(max(0, self.int16())).decode(errors="replace")

    def bytes(self) -> bytes:
        """Bytes; null ones are empty here."""
        return self.skip(max(0, self.int32()))


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _bytes(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data
