"""Whether the authority and the broker answer, asked as a client would ask them."""

import socket

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from fixgate.errors import FixgateError
from fixgate.identity_api import WorkloadApi
from fixgate.local.broker import AUDIENCE
from fixgate.local.credentials import kafka_credentials
from fixgate.local.ports import LOOPBACK

_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 1.0


def authority_answers(workload_api: str) -> bool:
    """Whether the authority gives this socket's identity a token; blocks for some seconds at most."""
    if not _listens(socket.AF_UNIX, workload_api.removeprefix("unix://")):
        return False
    try:
        return bool(WorkloadApi(workload_api).fetch_token(AUDIENCE).text)
    except FixgateError:
        return False


def broker_answers(bootstrap: str, workload_api: str) -> bool:
    """Whether the broker gives its metadata to this socket's identity; blocks for some seconds at most."""
    host, port = bootstrap.rsplit(":", 1)
    if not _listens(socket.AF_INET, (host, int(port))):
        return False
    try:
        with kafka_credentials(bootstrap, workload_api) as credentials:
            return bool(AdminClient(credentials).list_topics(timeout=_TIMEOUT_S).brokers)
    except (KafkaException, FixgateError):
        return False


def port_answers(port: int) -> bool:
    """Whether something listens on this port of the loopback interface; blocks for a second at most."""
    return _listens(socket.AF_INET, (LOOPBACK, port))


def _listens(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        return probe.connect_ex(address) == 0
