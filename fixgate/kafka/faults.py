"""From a client error to the error that the runtime decides by."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

from fixgate.broker import lost_position
from fixgate.errors import Fenced, FixgateError, Misconfigured, Transient, Unavailable

TAKEN_OVER: Final = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - librdkafka's local codes are public under this name
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.FENCED_INSTANCE_ID,
    }
)
FORBIDDEN: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - as above
    }
)
LOST: Final = frozenset({KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET})  # noqa: SLF001 - as above


def error_of(exception: KafkaException) -> KafkaError:
    """The client's error inside the exception."""
    error = exception.args[0]
    if not isinstance(error, KafkaError):
        raise exception
    return error


def translate(error: KafkaError, doing: str) -> FixgateError:
    """What the runtime should do about `error`, which happened while `doing`."""
    message = f"{doing}: {error.str()}"
    if error.code() in TAKEN_OVER:
        return Fenced(message, remedy="Another process runs with this slot, or this one was stopped for too long.")
    if error.code() in FORBIDDEN:
        return Misconfigured(message, remedy="Run `fixgate topology apply`, or check which identity this process has.")
    if error.code() in LOST:
        return lost_position(message)
    if error.fatal():
        return Unavailable(message, remedy="The client cannot go on; the process has to be started again.")
    return Transient(message)
