"""Properties of the codec: every record comes back, and no bytes and no values raise anything but `Poison`."""

import dataclasses
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.codec import Codec
from fixgate.errors import Poison
from fixgate.events import RECORDS, Record, Severity
from fixgate.forms import Scalar
from fixgate.json_form import from_json, to_json
from fixgate.schemas import SchemaFolder

CODEC = Codec()
FOLDER = SchemaFolder()
TEXT = st.text(max_size=20)
LONGS = st.integers(-(1 << 63), (1 << 63) - 1)
HEX = "0123456789abcdef"
FORMS: Mapping[str, st.SearchStrategy[Any]] = {
    "digest": st.text(HEX, min_size=64, max_size=64).map("sha256:".__add__),
    "trace_id": st.just("") | st.text(HEX, min_size=32, max_size=32),
    "spiffe_id": st.text("abz09._-", min_size=1, max_size=9).map("spiffe://fixgate.internal/fixgate/".__add__),
    "fingerprint": st.text("!az~:", min_size=1, max_size=20).map("v1:".__add__),
    "key": st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20),
    "natural": st.integers(0, (1 << 63) - 1),
}
SIMPLE: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: LONGS,
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Scalar: st.none() | st.booleans() | LONGS | TEXT | st.lists(TEXT, max_size=2).map(tuple),
}


def values(hint: Any, form: str | None) -> st.SearchStrategy[Any]:
    """Values for a field."""
    if hint in SIMPLE:
        return SIMPLE[hint] if form is None else FORMS[form]
    if dataclasses.is_dataclass(hint):
        return records(cast(type, hint))
    arguments = get_args(hint)
    if get_origin(hint) is UnionType:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return st.none() | values(inner, form)
    if get_origin(hint) is tuple:
        return st.lists(values(arguments[0], form), max_size=2).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(TEXT, values(arguments[1], form), max_size=2)
    assert issubclass(hint, StrEnum)
    return st.sampled_from(list(hint))


def records(cls: type) -> st.SearchStrategy[Any]:
    """Records of a class, with what its schema says of each field."""
    forms = {field["name"]: field.get("form") for field in FOLDER.definitions[cls.__name__]["fields"]}
    hints = get_type_hints(cls)
    return st.builds(cls, **{name: values(hints[name], form) for name, form in forms.items()})


EXAMPLES: list[Record] = [
    from_json(RECORDS[path.parent.name], json.loads(path.read_text(encoding="utf-8")))
    for path in sorted((FOLDER.path / "examples").glob("*/valid-*.json"))
]


@pytest.mark.parametrize("name", sorted(RECORDS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_record_comes_back(name: str, data: st.DataObject) -> None:
    """The same record, and the same bytes when it is written again."""
    record: Record = data.draw(records(RECORDS[name]))
    value = CODEC.encode(record)
    read = CODEC.decode(value, RECORDS[name])
    assert read == record
    assert CODEC.encode(read) == value


@pytest.mark.parametrize("name", sorted(RECORDS))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_whoever_has_the_schema_reads_the_bytes(name: str, data: st.DataObject) -> None:
    """As it is registered, logical types and all; what they write again are the same bytes."""
    schema = fastavro.parse_schema(FOLDER.resolved(name))
    value = CODEC.encode(data.draw(records(RECORDS[name])))
    source, again = io.BytesIO(value[5:]), io.BytesIO()
    datum: Any = fastavro.schemaless_reader(source, schema, None)  # pyright: ignore[reportUnknownMemberType]
    assert source.read() == b""
    fastavro.schemaless_writer(again, schema, datum)  # pyright: ignore[reportUnknownMemberType]
    # fastavro keeps a map's order, which is the order in which it was read.
    assert again.getvalue() == value[5:]


@pytest.mark.parametrize("name", sorted(RECORDS))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_record_survives_json(name: str, data: st.DataObject) -> None:
    """For people, nothing is lost either."""
    record: Record = data.draw(records(RECORDS[name]))
    assert from_json(type(record), to_json(record)) == record


def mutated(draw: st.DrawFn, value: bytes) -> bytes:
    """The bytes with some of them changed, cut out, put in or repeated."""
    data = bytearray(value)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0 if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case 1:
                del data[at : at + draw(st.integers(1, 8))]
            case 2:
                data[at:at] = draw(st.binary(min_size=1, max_size=12))
            case _:
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
    return bytes(data)


@st.composite
def hostile(draw: st.DrawFn) -> tuple[type[Record], bytes]:
    """A record's bytes, altered; half the time with its header whole."""
    record = draw(st.sampled_from(EXAMPLES))
    value = CODEC.encode(record)
    if draw(st.booleans()):
        return type(record), value[:5] + mutated(draw, value[5:])
    return type(record), mutated(draw, value)


@settings(max_examples=1500, deadline=None)
@given(case=hostile())
def test_altered_bytes_are_poison_or_a_record(case: tuple[type[Record], bytes]) -> None:
    """Whatever was altered: nothing else is raised, and what is read is a record that can be written."""
    expected, value = case
    try:
        read = CODEC.decode(value, expected)
    except Poison:
        return
    assert CODEC.decode(CODEC.encode(read), expected) == read


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(sorted(RECORDS)), body=st.binary(max_size=200))
def test_any_bytes_are_poison_or_a_record(name: str, body: bytes) -> None:
    """Behind a header that is known."""
    header = b"\0" + FOLDER.versions(name)[-1].id.to_bytes(4, "big")
    try:
        read = CODEC.decode(header + body, RECORDS[name])
    except Poison:
        return
    assert CODEC.decode(CODEC.encode(read), RECORDS[name]) == read


WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(),
    st.text(st.characters(), max_size=5),
    st.sampled_from(["\ud800", "string", "fixgate.Signed"]),
    st.binary(max_size=5),
    st.datetimes(),
    st.datetimes(timezones=st.sampled_from([timezone(timedelta(hours=h)) for h in (-23, 23)])),
    st.sampled_from([*EXAMPLES, Severity.HIGH, object(), EXAMPLES]),
)
WILDER = st.recursive(
    WILD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.tuples(st.sampled_from(["string", "long", "bytes", "array"]), inner)
        | st.dictionaries(st.text(max_size=2) | st.none() | st.integers(), inner, max_size=2)
    ),
    max_leaves=4,
)


def spoiled(draw: st.DrawFn, record: Any) -> Any:
    """The record with one of its fields, or one inside it, holding anything at all."""
    name = draw(st.sampled_from([field.name for field in dataclasses.fields(record)]))
    value: Any = getattr(record, name)
    first: Any = next(iter(cast(Any, value)), None) if isinstance(value, tuple) else value
    if not dataclasses.is_dataclass(first) or draw(st.booleans()):
        return dataclasses.replace(record, **{name: draw(WILDER)})
    inner = spoiled(draw, first)
    return dataclasses.replace(record, **{name: inner if first is value else (inner, *value[1:])})


@st.composite
def nonsense(draw: st.DrawFn) -> Record:
    """A record that no type checker would pass."""
    record: Record = spoiled(draw, draw(st.sampled_from(EXAMPLES)))
    return record


@settings(max_examples=1000, deadline=None)
@given(record=nonsense())
def test_any_values_are_poison_or_a_record(record: Record) -> None:
    """Whatever a verb answers with: nothing else is raised, and what is written can be read."""
    try:
        value = CODEC.encode(record)
    except Poison:
        return
    CODEC.decode(value, type(record))
