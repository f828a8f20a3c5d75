"""The first rehearsal takes a second, for what it loads; so it is done before the first assessment comes."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from fixgate import targets
from fixgate.changes.copies import COPIES
from fixgate.events import Resource
from fixgate.resources import Reading

_ACCOUNT: Final = "0" * 12
_KEY: Final = "AKIA" + "A" * 16
_WHEN: Final = datetime(2020, 1, 1, tzinfo=UTC)
_USER: Final = targets.access_key(_ACCOUNT, "nobody", _KEY)
_BUCKET: Final = targets.bucket(_ACCOUNT, "nobodys-bucket", "us-east-1")
SAMPLES: Final[tuple[tuple[Resource, dict[str, Any]], ...]] = (
    (_USER, {"user": "nobody", "keys": {_KEY: {"status": "Active", "created": _WHEN.isoformat()}}, "tags": {}}),
    (
        _BUCKET,
        {"public_access_block": None, "policy": None, "acl": [], "ownership": None, "website": False, "tags": {}},
    ),
)


def copied(target: Resource, projection: dict[str, Any]) -> Reading:
    """A target that there is nowhere, read on a copy."""
    with COPIES[target.kind](target, projection, _WHEN) as copy:
        return copy.stage.read(target)


def warm() -> None:
    """Load all that a rehearsal needs; never fails, for the rehearsals themselves say what is wrong with them."""
    for target, projection in SAMPLES:
        with suppress(Exception):
            copied(target, projection)
