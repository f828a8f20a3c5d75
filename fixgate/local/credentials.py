"""How the stack itself speaks to its broker: as the provisioner, with an identity of its own authority."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from fixgate.identity import WorkloadIdentity

_DEADLINE_S = 10.0


@contextmanager
def kafka_credentials(bootstrap: str, socket: str) -> Generator[dict[str, Any]]:
    """A librdkafka configuration with the identity of a Workload API socket; good while the context is open.

    Blocks until the identity is there; raises Refused or Unavailable when there is none.
    """
    identity = WorkloadIdentity(socket, deadline_s=_DEADLINE_S)
    try:
        yield {
            **identity.kafka_client_config(bootstrap),
            # Refused connections are expected while a broker starts: try again soon, and do not complain.
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 250,
            "logger": _quiet(),
        }
    finally:
        identity.close()


def _quiet() -> logging.Logger:
    logger = logging.getLogger(f"{__name__}.librdkafka")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    return logger
