"""Avro's binary encoding (specification 1.12.0, "Binary Encoding"), which is fastavro's work.

Here is what fastavro leaves to its caller on bytes that nobody vouches for:

- a value that ends before its record, or goes on behind it, is refused, as is a branch or symbol counted from the end;
- whatever fastavro raises on bytes that are not Avro becomes `Malformed`;
- times pass as integers: `forms.py` makes moments of them, and can say which ones are none.

fastavro allocates nothing for a length that is only claimed: it reads from bytes in memory, and `schema_rules.py` sees
to it that each item of an array or map takes at least one of them. It is lenient about integers longer than they need
to be, booleans other than 0 and 1, blocks with negative counts and repeated map keys, which does no harm: signatures
and digests cover the exact bytes, and nothing is ever re-canonicalised.
"""

import io
from collections.abc import Callable
from typing import Any, cast

import fastavro

from fixgate.errors import Misconfigured
from fixgate.schema_rules import Json, is_object, is_union

Datum = dict[str, Any]
"""A record as fastavro has it: by field name, times as integers, enumerations as their symbols."""

# fastavro's own annotations leave the file object open.
_read = cast(Callable[[io.BytesIO, Json, Json], Datum], fastavro.schemaless_reader)  # pyright: ignore[reportUnknownMemberType]
_write = cast(Callable[[io.BytesIO, Json, Datum], None], fastavro.schemaless_writer)  # pyright: ignore[reportUnknownMemberType]


class Malformed(ValueError):
    """The bytes are not exactly one record."""


class _Places(list[Any]):
    """The branches of a union or symbols of an enumeration, without Python's counting from the end.

    fastavro is compiled to add the length to a negative place before it asks for it; the place arrives as it was read
    when the length is nothing.
    """

    __slots__ = ()

    def __len__(self) -> int:
        return 0

    def __getitem__(self, place: Any) -> Any:
        if place < 0:
            raise IndexError("a place before the first")
        return super().__getitem__(place)


class Writer:
    """Writes records with one schema, behind a header.

    Raises `Misconfigured` when fastavro cannot parse the schema. Not bound to a thread.
    """

    def __init__(self, header: bytes, schema: Json) -> None:
        self._header = header
        self._schema = _parsed(schema)

    def write(self, datum: Datum) -> bytes:
        """The header and the record; raises what fastavro raises on values that do not fit the schema."""
        out = io.BytesIO()
        out.write(self._header)
        _write(out, self._schema, datum)
        return out.getvalue()


class Reader:
    """Reads records that were written with one schema, as records of another one when that is given.

    Raises `Misconfigured` when fastavro cannot parse a schema. Not bound to a thread.
    """

    def __init__(self, writer: Json, reader: Json = None) -> None:
        self._writer = _guarded(_parsed(writer))
        self._reader = None if reader is None else _parsed(reader)

    def read(self, value: bytes, at: int) -> Datum:
        """The record that `value` holds from `at` to its end, and nothing else; raises `Malformed`."""
        datum = self._read(value, at, None)
        # Only now: resolving skips what the other schema does not have, and does not look at what it skips.
        return datum if self._reader is None else self._read(value, at, self._reader)

    def _read(self, value: bytes, at: int, reader: Json) -> Datum:
        source = io.BytesIO(value)
        source.seek(at)
        try:
            datum = _read(source, self._writer, reader)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - what fastavro raises on hostile bytes is not documented
            raise Malformed(_why(error)) from None
        if source.tell() != len(value):
            raise Malformed(f"a record of {source.tell()} bytes in a value of {len(value)}")
        return datum


def _why(error: Exception) -> str:
    # fastavro's own words may repeat what it stumbled over, which may be anything.
    match error:
        case UnicodeError():
            return "text that is no Unicode"
        case EOFError():
            return "the bytes end too early"
        case IndexError():
            return "a branch or symbol that does not exist, or bytes that end too early"
        case _:
            return type(error).__name__


def _parsed(schema: Json) -> Json:
    try:
        return fastavro.parse_schema(_without_logical_types(schema))
    except Exception as error:  # noqa: BLE001 - anything that keeps a schema from being parsed
        raise Misconfigured(f"the schema cannot be parsed: {error}") from None


def _without_logical_types(schema: Json) -> Json:
    if is_object(schema):
        return {key: _without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if is_union(schema):
        return [_without_logical_types(item) for item in schema]
    return schema


def _guarded(schema: Json) -> Json:
    """The same parsed schema, changed in place: fastavro finds types that are used again by reference."""
    if is_union(schema):
        return _Places([_guarded(branch) for branch in schema])
    if is_object(schema):
        for name in {"type", "items", "values"} & schema.keys():
            schema[name] = _guarded(schema[name])
        for field in schema.get("fields", ()):
            _guarded(field)
        if "symbols" in schema:
            schema["symbols"] = _Places(schema["symbols"])
    return schema
