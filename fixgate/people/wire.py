"""The SSH wire encoding (RFC 4251, section 5), read strictly: nothing is left over, nothing is cut short."""

from fixgate.errors import Refused

_LENGTH_BYTES = 4


class Reader:
    """Reads one SSH structure from its first byte to its last; raises Refused for anything that does not fit."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._at = 0
        self._what = what

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._at + count
        if end > len(self._data):
            raise Refused(f"{self._what} is cut short")
        found = self._data[self._at : end]
        self._at = end
        return found

    def number(self) -> int:
        """A `uint32`."""
        return int.from_bytes(self.take(_LENGTH_BYTES), "big")

    def string(self) -> bytes:
        """A `string`: its length, and that many bytes."""
        return self.take(self.number())

    def mpint(self) -> int:
        """A positive `mpint` in its only encoding: no leading zeros but the one that keeps it positive."""
        data = self.string()
        value = int.from_bytes(data, "big")
        if not value or len(data) != value.bit_length() // 8 + 1:
            raise Refused(f"{self._what} holds a number that is not written as it must be")
        return value

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            raise Refused(f"{self._what} has {len(self._data) - self._at} bytes too many")


def string(data: bytes) -> bytes:
    """`data` as a `string`."""
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data
