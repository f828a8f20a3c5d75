"""Client settings, each with what it prevents; measured on Kafka 4.3.1 with librdkafka 2.16."""

import logging
from collections.abc import Mapping
from typing import Any, Final

ClientConfig = Mapping[str, Any]

SESSION_TIMEOUT_MS: Final = 10_000
"""A killed instance that does not come back loses its shards after this long."""
TRANSACTION_TIMEOUT_MS: Final = 15_000
"""A transaction left open by a killed instance hides later records from readers for at most this long."""
REBUILD_LIMIT_MS: Final = 900_000
"""An instance that rebuilds a large state is not taken for dead before this."""
FETCH_WAIT_MS: Final = 250
"""How long the broker holds a question for more, which is when the end behind a transaction's marker is seen."""

SHARED: Final[ClientConfig] = {
    # With the client's default a broker's kill -9 hung send_offsets_to_transaction for ever.
    "metadata.recovery.strategy": "none",
    "socket.keepalive.enable": True,
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 1_000,
    "log.connection.close": False,
}

PRODUCER: Final[ClientConfig] = {
    **SHARED,
    "acks": "all",
    "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
    # Default transactions often stall for about 100 ms.
    "retry.backoff.ms": 10,
    "retry.backoff.max.ms": 100,
    "linger.ms": 5,
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 1_048_576,
    "message.max.bytes": 9_437_184,
}

CONSUMER: Final[ClientConfig] = {
    **SHARED,
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    # A position that retention has passed is a loss: an error, never a silent jump.
    "auto.offset.reset": "error",
    "fetch.error.backoff.ms": 100,
    "fetch.wait.max.ms": FETCH_WAIT_MS,
    "fetch.message.max.bytes": 9_437_184,
    "allow.auto.create.topics": False,
}

STREAM: Final[ClientConfig] = {
    **CONSUMER,
    # Whoever follows many topics need not know of each record at once; being told of each would cost the broker a
    # request for every transaction of everybody. So records come by the armful, or after `FETCH_WAIT_MS`.
    "fetch.min.bytes": 65_536,
}

READ_ONCE_WAIT_MS: Final = 10
"""For processes that read to the end and are done: they need not wait as long as those that stay."""


def quietly(config: ClientConfig) -> dict[str, Any]:
    """A client that prints nothing by itself, for programs that people look at: what matters comes as an error."""
    logger = logging.getLogger(f"{__name__}.librdkafka")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    return {**config, "logger": logger}


MEMBER: Final[ClientConfig] = {
    **CONSUMER,
    "partition.assignment.strategy": "range",
    "session.timeout.ms": SESSION_TIMEOUT_MS,
    "heartbeat.interval.ms": 1_000,
    "max.poll.interval.ms": REBUILD_LIMIT_MS,
}
