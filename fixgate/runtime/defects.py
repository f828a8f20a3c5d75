"""What a service's own code should have made impossible, told so that nothing of the record is told with it."""

import traceback
from pathlib import PurePath
from typing import Any, cast

from fixgate.errors import Poison, Reason
from fixgate.state import RESERVED
from fixgate.verbs import Result

STATE_LIMIT = 900_000
"""Bytes of a state entry, key and value: with what stands around it, it must fit into a message."""
KEY_LIMIT = 32_768
"""Bytes of a record's key: keys are names, and stand in front of every value."""


def defect(error: Exception) -> Poison:
    """The fault for an unexpected exception: its type and place, not what it says, which may quote a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    return Poison(Reason.DEFECT, f"{type(error).__name__} at {place}")


def check_result(result: object) -> None:
    """Raise Poison when a verb's answer is not one that can be written; its types are not taken on trust."""
    if not isinstance(result, Result):
        raise Poison(Reason.DEFECT, f"the verb answered with {type(result).__name__}")
    # What a verb answers has the types of its annotations only if its author checked them.
    untyped = cast("Any", result)
    for output in untyped.outputs:
        key = output.key
        if not isinstance(key, bytes) or not 0 < len(key) <= KEY_LIMIT:
            raise Poison(Reason.DEFECT, f"an output's key must be 1 to {KEY_LIMIT} bytes")
    _check_end(untyped)
    for name, value in untyped.state.items():
        if not isinstance(name, bytes) or not name or name.startswith(RESERVED):
            raise Poison(Reason.DEFECT, "a state key must be bytes, not empty and not reserved")
        if value is not None and not isinstance(value, bytes):
            raise Poison(Reason.DEFECT, f"a state value must be bytes or None, not {type(value).__name__}")
        if len(name) + len(value or b"") > STATE_LIMIT:
            raise Poison(Reason.OVERSIZED, f"a state entry has more than {STATE_LIMIT} bytes")


def _check_end(untyped: Any) -> None:
    """Raise Poison when what an answer says of the record as a whole does not fit together."""
    if untyped.partly is not None and not isinstance(untyped.partly, Poison):
        raise Poison(Reason.DEFECT, f"what could not be used is told by Poison, not {type(untyped.partly).__name__}")
    if not isinstance(untyped.unfinished, bool):
        raise Poison(Reason.DEFECT, f"unfinished is told by a bool, not {type(untyped.unfinished).__name__}")
    if untyped.unfinished and untyped.partly is not None:
        raise Poison(Reason.DEFECT, "what could not be used is told with the last answer about a record")
