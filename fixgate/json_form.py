"""Records as plain JSON and back: for people, examples and `--json`, never for what is signed or sent.

Times are RFC 3339 in UTC, bytes base64, enumerations their symbols, an absent field its default. Reading is strict: an
unknown field, a missing one, or a value of another type is refused, so that an example that has gone stale shows.
Works from the type hints of the generated classes, and is slow.
"""

import base64
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from fixgate.forms import Scalar, Unfit

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A record, or a value in one, as what `json.dumps` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [to_json(item) for item in _items(value)]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in cast(Mapping[str, Any], value).items()}
    return value.value if isinstance(value, StrEnum) else value


def from_json(cls: type[T], value: Any) -> T:
    """The record in a JSON object; raises `Unfit` with the path to what does not fit.

    Forms (`forms.py`) are checked when the record is encoded.
    """
    return cast(T, _convert(value, cls, cls.__name__))


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _convert(value: Any, hint: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _record(value, cast(type, hint), where)
    if hint == Scalar:
        return _scalar(value, where)
    arguments = get_args(hint)
    if get_origin(hint) is UnionType:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return None if value is None else _convert(value, inner, where)
    if get_origin(hint) is tuple:
        items = _items(_typed(value, list, where))
        return tuple(_convert(item, arguments[0], f"{where}[{n}]") for n, item in enumerate(items))
    if get_origin(hint) is Mapping:
        entries = cast(dict[str, Any], _typed(value, dict, where))
        return {key: _convert(item, arguments[1], f"{where}.{key}") for key, item in entries.items()}
    return _simple(value, hint, where)


def _record(value: Any, cls: type, where: str) -> Any:
    entries = cast(dict[str, Any], _typed(value, dict, where))
    hints = _hints(cls)
    unknown = sorted(entries.keys() - hints.keys())
    if unknown:
        raise Unfit(f"{where} has no {', '.join(unknown)}")
    values = {name: _convert(entries[name], hints[name], f"{where}.{name}") for name in entries}
    try:
        return cls(**values)
    except TypeError as error:
        raise Unfit(f"{where}: {error}") from None


def _simple(value: Any, hint: Any, where: str) -> Any:
    read: Mapping[Any, Callable[[str], Any]] = {bytes: _bytes, datetime: _time}
    try:
        if hint in read:
            return read[hint](_typed(value, str, where))
        if issubclass(hint, StrEnum):
            return hint(_typed(value, str, where))
    except ValueError as error:
        raise Unfit(f"{where}: {error}") from None
    if hint is float and type(value) is int:
        return float(value)
    return _typed(value, hint, where)


def _typed(value: Any, expected: type, where: str) -> Any:
    # Exactly: a boolean is an int to Python, and not here.
    if type(value) is not expected:
        raise Unfit(f"{where} must be {expected.__name__}, not {type(value).__name__}")
    return value


def _scalar(value: Any, where: str) -> Scalar:
    if isinstance(value, list):
        return tuple(_typed(item, str, where) for item in _items(value))
    if value is None or type(value) in {bool, int, str}:
        return cast(Scalar, value)
    raise Unfit(f"{where} must be null, a boolean, an integer, a string or strings")


def _items(value: Any) -> Iterable[Any]:
    return value  # type: ignore[no-any-return]  # narrowed by the caller, to items of who knows what


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment
