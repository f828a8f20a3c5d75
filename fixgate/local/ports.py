"""Ports on the loopback address for the embedded broker."""

import errno
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from fixgate.errors import Unavailable

LOOPBACK = "127.0.0.1"
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 15_000


def check_free(port: int) -> None:
    """Raises Unavailable when something listens on the port already."""
    if not _is_free(port):
        raise Unavailable(
            f"port {port} on {LOOPBACK} is already in use",
            remedy="Stop what uses it, or set FIXGATE_KAFKA_PORT to another port (0 takes a free one).",
        )


def free_ports(count: int) -> list[int]:
    """Different ports on which nothing listens.

    They lie below the range from which the system takes the ports of outgoing connections. A port of that range can be
    taken while a killed broker is down, even by a client's own attempt to connect to it, and the broker cannot return.
    """
    found = list(_take(count))
    if len(found) < count:
        raise Unavailable("no free port was found", remedy="Set FIXGATE_KAFKA_PORT to a port that is free.")
    return found


def _take(count: int) -> Iterator[int]:
    candidates = list(range(_LOWEST, first_outgoing_port()))
    random.shuffle(candidates)
    for port in candidates:
        if count == 0:
            return
        if _is_free(port):
            count -= 1
            yield port


def first_outgoing_port() -> int:
    """The least port that the system takes for outgoing connections."""
    try:
        return max(int(_RANGE.read_text().split()[0]), _LOWEST + 1_000)
    except (OSError, ValueError, IndexError):
        return 32_768


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the broker does it: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True
