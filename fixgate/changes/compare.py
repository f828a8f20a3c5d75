"""What differs between two states of a target, and what of it nobody said would; pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from fixgate.events import Change, WriteSetEntry
from fixgate.resources.reading import Projection
from fixgate.telemetry.redaction import redact

_MISSING: Final = object()


def difference(before: Projection | None, after: Projection | None, resource: str) -> tuple[Change, ...]:
    """Every difference, as JSON Pointers (RFC 6901) in order; a target that is not there differs at the root.

    Objects are compared field by field, everything else as a whole. Values are masked, for they are shown.
    """
    return tuple(
        Change(resource=resource, path=path, before=_shown(one), after=_shown(other))
        for path, one, other in _differences(
            "", _MISSING if before is None else before, _MISSING if after is None else after
        )
    )


def outside(changes: Sequence[Change], write_set: Sequence[WriteSetEntry]) -> tuple[Change, ...]:
    """The differences that are not in the write-set; an entry covers its field and everything below."""
    return tuple(change for change in changes if not any(_covers(entry, change) for entry in write_set))


def pointer(*names: str) -> str:
    """The JSON Pointer to a field."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _covers(entry: WriteSetEntry, change: Change) -> bool:
    if entry.resource != change.resource:
        return False
    return change.path == entry.path or change.path.startswith(entry.path + "/")


def _differences(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        fields, others = cast(dict[str, Any], one), cast(dict[str, Any], other)
        for name in sorted(fields.keys() | others.keys()):
            yield from _differences(path + pointer(name), fields.get(name, _MISSING), others.get(name, _MISSING))
    elif _text(one) != _text(other):
        yield path, one, other


def _text(value: Any) -> str | None:
    # As text, for to Python True is 1 and 1.0 is 1.
    return None if value is _MISSING else json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _shown(value: Any) -> str | None:
    text = _text(value)
    return None if text is None else redact(text)
