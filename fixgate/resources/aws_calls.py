"""One call to AWS, and what its answer means: a value, certainly nothing, not to be told, or worth another try."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from fixgate.errors import Transient
from fixgate.resources.reading import Unreadable

T = TypeVar("T")

THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "ServiceUnavailable",
        "InternalError",
        "InternalFailure",
        "ServiceFailure",
        "RequestTimeout",
    }
)
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_NOT_BUILT: Final = 501


class Absent(Exception):
    """AWS says that there is no such thing."""


def ask(call: Callable[[], T], absent: frozenset[str] = frozenset()) -> T:
    """The call's answer; blocks for it.

    Raises Absent for an error code in `absent`, Transient for throttling, errors of the server and an endpoint that
    cannot be reached, Unreadable for everything else: denied, timed out, misunderstood. Only what AWS says in a code
    of `absent` is ever taken for nothing.
    """
    try:
        return call()
    except ClientError as error:
        code = error_code(error)
        if code in absent:
            raise Absent(code) from None
        if is_passing(error):
            raise Transient(f"AWS answered {code}") from None
        raise Unreadable(f"AWS answered {code}") from None
    except (ConnectTimeoutError, ReadTimeoutError):
        raise Unreadable("AWS did not answer in time") from None
    except (EndpointConnectionError, ConnectionClosedError):
        raise Transient("AWS cannot be reached") from None
    except BotoCoreError as error:
        raise Unreadable(f"the call to AWS failed: {type(error).__name__}") from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Unreadable("what AWS answered lacks what it must have") from None


def error_code(error: ClientError) -> str:
    """AWS's word for what went wrong."""
    described: Any = error.response.get("Error", {})
    return str(described.get("Code", "an error without a code"))


def is_passing(error: ClientError) -> bool:
    """Whether another try may help."""
    answer: Any = error.response.get("ResponseMetadata", {})
    status = int(answer.get("HTTPStatusCode", 0))
    return error_code(error) in THROTTLED or status == _TOO_MANY or (status >= _SERVER_ERROR and status != _NOT_BUILT)
