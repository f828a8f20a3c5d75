"""Avro's binary encoding through fastavro: hostile bytes first, then what is read and written."""

import struct
import tracemalloc
from typing import Any

import pytest

from fixgate.binary import Malformed, Reader, Writer
from fixgate.errors import Misconfigured

COLOUR = {"type": "enum", "name": "Colour", "symbols": ["unknown", "red", "green"], "default": "unknown"}
INNER = {"type": "record", "name": "Inner", "fields": [{"name": "colour", "type": COLOUR}]}
ENDLESS = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
LEAST = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
CLAIMS = {
    "2^20": b"\x80\x80\x80\x01",
    "2^60": b"\x80\x80\x80\x80\x80\x80\x80\x80\x20",
    "2^63-1": ENDLESS,
    "-2^63": LEAST,
}


def schema_of(*kinds: Any) -> dict[str, Any]:
    """A record with fields of these types."""
    fields = [{"name": f"f{number}", "type": kind} for number, kind in enumerate(kinds)]
    return {"type": "record", "name": "Thing", "namespace": "fixgate", "fields": fields}


def read(schema: dict[str, Any], data: bytes) -> Any:
    """What the bytes hold."""
    return list(Reader(schema).read(data, 0).values())


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("long", b"", id="nothing"),
        pytest.param("long", b"\x80", id="half an integer"),
        pytest.param("long", b"\xff" * 100_000, id="an integer without end"),
        pytest.param("boolean", b"", id="no boolean"),
        pytest.param("double", b"\0" * 7, id="half a number"),
        pytest.param("string", b"\x06ab", id="text cut short"),
        pytest.param("string", b"\x01", id="text of negative length"),
        pytest.param("string", b"\x01abc", id="text of negative length before more"),
        pytest.param("bytes", b"\x01abc", id="bytes of negative length"),
        pytest.param("string", b"\x02\xff", id="text that is not UTF-8"),
        pytest.param("string", b"\x04\xc0\x80", id="text that is overlong UTF-8"),
        pytest.param("string", b"\x06\xed\xa0\x80", id="text with half a surrogate pair"),
        pytest.param({"type": "map", "values": "long"}, b"\x02\x02\xff\x02\x00", id="a key that is not UTF-8"),
        pytest.param(COLOUR, b"\x06", id="a symbol that does not exist"),
        pytest.param(COLOUR, b"\x01", id="the last symbol, counted from the end"),
        pytest.param(COLOUR, b"\x05", id="the first symbol, counted from the end"),
        pytest.param(COLOUR, LEAST, id="a symbol far before the first"),
        pytest.param(["null", "string"], b"\x04\x02a", id="a branch that does not exist"),
        pytest.param(["null", "string"], b"\x01\x02a", id="the last branch, counted from the end"),
        pytest.param(["null", "string"], b"\x03", id="null, counted from the end"),
        pytest.param(["null", COLOUR], b"\x02\x01", id="a symbol from the end in a union"),
        pytest.param(["null", INNER], b"\x02\x01", id="a symbol from the end in a record in a union"),
        pytest.param({"type": "array", "items": INNER}, b"\x02\x01\x00", id="a symbol from the end in an array"),
        pytest.param({"type": "map", "values": COLOUR}, b"\x02\x02a\x01\x00", id="a symbol from the end in a map"),
        pytest.param("long", b"\x02\x00", id="a zero behind the record"),
        pytest.param("string", b"\x02a\x02a", id="a second record"),
    ],
)
def test_bytes_that_are_not_exactly_one_record_are_malformed(kind: Any, data: bytes) -> None:
    """And nothing else is raised."""
    with pytest.raises(Malformed):
        read(schema_of(kind), data)


def test_a_type_that_is_used_again_is_guarded_too() -> None:
    """Its second use names it only."""
    schema = schema_of(INNER, "Inner", ["null", "Inner"])
    assert read(schema, b"\x02\x04\x02\x00")[1:] == [{"colour": "green"}, {"colour": "unknown"}]
    for bad in (b"\x02\x01\x00", b"\x02\x02\x02\x01", b"\x02\x02\x01\x02"):
        with pytest.raises(Malformed):
            read(schema, bad)


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize(
    "kind",
    [
        "string",
        "bytes",
        {"type": "array", "items": "string"},
        {"type": "array", "items": "double"},
        {"type": "array", "items": INNER},
        {"type": "map", "values": "long"},
        {"type": "map", "values": "boolean"},
    ],
    ids=str,
)
def test_a_claimed_length_costs_nothing(kind: Any, claim: str) -> None:
    """Whatever is claimed, reading ends where the bytes end, with no memory asked for beyond theirs."""
    reader = Reader(schema_of(kind))
    tracemalloc.start()
    try:
        for rest in (b"", b"\x02", b"\x02a\x02a"):
            with pytest.raises(Malformed):
                reader.read(CLAIMS[claim] + rest, 0)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_refusal_does_not_repeat_the_bytes() -> None:
    """They may be anything, a secret too."""
    with pytest.raises(Malformed) as caught:
        read(schema_of("string"), b"\x10hunter2\xff")
    assert "hunter" not in str(caught.value)
    assert caught.value.__suppress_context__, "a traceback would show it"


def test_a_schema_that_cannot_be_parsed_is_a_refusal_to_start() -> None:
    """Fastavro has the last word on what is Avro."""
    bad = {"type": "record", "name": "StateEntry", "fields": 7}
    for make in (lambda: Reader(bad), lambda: Reader(schema_of("long"), bad), lambda: Writer(b"", bad)):
        with pytest.raises(Misconfigured, match="cannot be parsed"):
            make()


def test_times_are_integers() -> None:
    """Others convert them, and know which ones are none."""
    schema = schema_of({"type": "long", "logicalType": "timestamp-micros"})
    assert read(schema, ENDLESS) == [(1 << 63) - 1]
    assert Writer(b"", schema).write({"f0": -1}) == b"\x01"


def test_what_was_written_comes_back() -> None:
    """Behind the header, from the place that is asked for."""
    schema = schema_of("long", "double", ["null", INNER], {"type": "map", "values": "string"}, "bytes")
    datum = {"f0": -5, "f1": 0.5, "f2": ("fixgate.Inner", {"colour": "red"}), "f3": {"a": "b"}, "f4": b"\0"}
    value = Writer(b"head", schema).write(datum)
    assert value == b"head\x09" + struct.pack("<d", 0.5) + b"\x02\x02\x02\x02a\x02b\x00\x02\x00"
    assert Reader(schema).read(value, 4) == {**datum, "f2": {"colour": "red"}}


def test_a_symbol_that_the_reader_does_not_know_is_its_default() -> None:
    """Resolution, with all that is guarded."""
    newer = {**COLOUR, "symbols": [*COLOUR["symbols"], "blue"]}
    reader = Reader(schema_of(newer), schema_of(COLOUR))
    assert reader.read(b"\x06", 0) == {"f0": "unknown"}
    with pytest.raises(Malformed):
        reader.read(b"\x01", 0)
