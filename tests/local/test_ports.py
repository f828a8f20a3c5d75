"""Ports that are free now and stay takeable while a killed broker is away."""

import socket

import pytest

from fixgate.errors import Unavailable
from fixgate.local import ports


def test_a_port_in_use_is_refused() -> None:
    """The error names the port and the setting."""
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} .* already in use") as error:
            ports.check_free(port)
    assert "FIXGATE_KAFKA_PORT" in error.value.remedy


def test_no_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not search for ever."""

    def taken(_port: int) -> bool:
        return False

    monkeypatch.setattr(ports, "_is_free", taken)
    with pytest.raises(Unavailable, match="no free port"):
        ports.free_ports(1)


def test_free_ports_differ_and_can_be_used() -> None:
    """Each can be listened on at once."""
    found = ports.free_ports(3)
    servers = [socket.create_server((ports.LOOPBACK, port)) for port in found]
    assert len(set(found)) == 3
    for server in servers:
        server.close()


def test_free_ports_are_not_those_of_outgoing_connections() -> None:
    """A client's own connection cannot take the port of a broker that is being restarted."""
    assert all(port < ports.first_outgoing_port() for port in ports.free_ports(20))
