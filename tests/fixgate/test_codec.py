"""The codec: what it refuses at start, what it refuses of bytes and of records, and what comes back."""

import dataclasses
import json
import shutil
import struct
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from fixgate.codec import Codec, FixedIds, Ids, Known
from fixgate.errors import Misconfigured, Poison, Reason, Transient
from fixgate.events import (
    RECORDS,
    Envelope,
    Finding,
    Record,
    Request,
    RequestStatement,
    Signal,
    SignalKind,
    StateEntry,
)
from fixgate.json_form import from_json
from fixgate.schemas import FOLDER, SchemaFolder

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
ENVELOPE = Envelope(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", parents=(DIGEST,), stream="gate/0", sequence=7)
SIGNAL = Signal(
    signal_id="sg-1",
    kind=SignalKind.BURST,
    lock_key="lock",
    subject="who",
    count=3,
    threshold=2,
    window_start_at=NOW,
    window_end_at=NOW,
    expires_at=NOW,
)


@pytest.fixture(scope="module")
def codec() -> Codec:
    """A codec with the fixed ids."""
    return Codec()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the schemas to break."""
    return Path(shutil.copytree(FOLDER, tmp_path / "schemas"))


def rewrite(path: Path, change: str, into: str) -> None:
    """Replace text in a file that has it."""
    text = path.read_text(encoding="utf-8")
    assert change in text
    path.write_text(text.replace(change, into), encoding="utf-8")


def reason_of(codec: Codec, value: bytes, expected: type[Record] = Signal) -> Reason:
    """Why a value is refused."""
    with pytest.raises(Poison) as caught:
        codec.decode(value, expected)
    return caught.value.reason


class OneMore:
    """The fixed ids, and one that is met later."""

    def __init__(self, known: Known | None, error: Exception | None = None) -> None:
        self._known, self._error = known, error
        self.asked: list[int] = []

    def current(self) -> Iterable[Known]:
        """As fixed."""
        return FixedIds(SchemaFolder()).current()

    def past(self) -> Iterable[Known]:
        """None."""
        return ()

    def find(self, schema_id: int) -> Known | None:
        """The one."""
        self.asked.append(schema_id)
        if self._error is not None:
            raise self._error
        return self._known


# At start


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no JSON": (lambda p: (p / "Signal.avsc").write_text("{"), "cannot be read"),
    "missing": (lambda p: (p / "Signal.avsc").unlink(), "not generated from these schemas: Signal"),
    "no folder": (shutil.rmtree, "no schemas in"),
    "other than the generated code": (
        lambda p: rewrite(p / "Signal.avsc", '"threshold"', '"limit"'),
        "not generated from these schemas: Signal",
    ),
    "a form that does not fit": (
        lambda p: rewrite(p / "types" / "Envelope.avsc", '"long"', '"string"'),
        "cannot have the form natural",
    ),
    "no such type": (lambda p: rewrite(p / "Signal.avsc", '"Envelope"', '"Envelop"'), "no schema defines Envelop"),
    "no ids": (lambda p: (p / "history" / "ids.json").unlink(), "cannot be read"),
    "no version": (lambda p: (p / "history" / "Signal" / "1.avsc").unlink(), "cannot be read"),
    "history of another schema": (
        lambda p: rewrite(p / "history" / "Signal" / "1.avsc", '"threshold"', '"limit"'),
        "not the newest version",
    ),
    "history of nothing": (
        lambda p: (p / "history" / "Signal" / "1.avsc").write_text('{"type": "record"}'),
        "does not define Signal",
    ),
    "one id for all": (
        lambda p: (p / "history" / "ids.json").write_text(
            json.dumps({r: [{"version": 1, "id": 1, "released": False}] for r in RECORDS})
        ),
        "an id or a version twice",
    ),
    "ids that are none": (lambda p: (p / "history" / "ids.json").write_text("[]"), "no index of versions"),
    "an id beyond four bytes": (
        lambda p: rewrite(p / "history" / "ids.json", '"id": 1,', '"id": 4294967296,'),
        "is no schema id",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_schemas_are_a_refusal_to_start(folder: Path, name: str) -> None:
    """Never a codec that passes what it does not know."""
    break_it, message = BROKEN[name]
    break_it(folder)
    with pytest.raises(Misconfigured, match=message):
        Codec(SchemaFolder(folder))


def test_a_schema_that_breaks_a_released_version_is_a_refusal_to_start(folder: Path) -> None:
    """Even when somebody wrote the history by hand."""
    index = json.loads((folder / "history" / "ids.json").read_text())
    index["Signal"] = [{"version": 1, "id": 900, "released": True}, {**index["Signal"][-1], "version": 2}]
    (folder / "history" / "ids.json").write_text(json.dumps(index))
    shutil.copy(folder / "history" / "Signal" / "1.avsc", folder / "history" / "Signal" / "2.avsc")
    rewrite(folder / "history" / "Signal" / "1.avsc", '"threshold"', '"limit"')
    with pytest.raises(Misconfigured, match=r"Signal.threshold was added without a default \(version 1\)"):
        Codec(SchemaFolder(folder))


def test_an_id_source_that_lacks_a_record_is_a_refusal_to_start() -> None:
    """Each record must be writable."""

    class Nothing(OneMore):
        def current(self) -> Iterable[Known]:
            return ()

    with pytest.raises(Misconfigured, match="there is no schema id for"):
        Codec(ids=Nothing(None))


# Bytes


def test_what_does_not_begin_with_a_schema_id_is_not_avro(codec: Codec) -> None:
    """Empty, short, another magic byte, or JSON from somebody who meant well."""
    value = codec.encode(SIGNAL)
    for bad in (b"", b"\0", value[:4], b"\1" + value[1:], b'{"signal_id": "sg-1"}'):
        assert reason_of(codec, bad) is Reason.NOT_AVRO


def test_an_unknown_id_is_unknown(codec: Codec) -> None:
    """Nothing is guessed from the bytes behind it."""
    assert reason_of(codec, b"\0\xff\xff\xff\xff" + codec.encode(SIGNAL)[5:]) is Reason.UNKNOWN_SCHEMA


def test_another_record_is_the_wrong_one(codec: Codec) -> None:
    """However well it is formed."""
    assert reason_of(codec, codec.encode(StateEntry(value=b"", input="tick"))) is Reason.WRONG_RECORD
    assert reason_of(codec, codec.encode(SIGNAL), StateEntry) is Reason.WRONG_RECORD


def test_every_truncation_is_refused(codec: Codec) -> None:
    """At whatever byte."""
    value = codec.encode(SIGNAL, ENVELOPE)
    for end in range(len(value)):
        assert reason_of(codec, value[:end]) in {Reason.NOT_AVRO, Reason.INVALID}


def test_trailing_bytes_are_refused(codec: Codec) -> None:
    """Two records in one value, or one and a zero."""
    value = codec.encode(SIGNAL)
    for bad in (value + b"\0", value + value):
        assert reason_of(codec, bad) is Reason.NOT_AVRO


def test_a_value_that_the_record_may_not_hold_is_invalid(codec: Codec) -> None:
    """It is Avro, and of the right schema."""
    value = codec.encode(SIGNAL)
    assert reason_of(codec, value.replace(b"\x08lock", b"\x08lo\nk")) is Reason.INVALID


def test_huge_claims_end_where_the_bytes_end(codec: Codec) -> None:
    """An array of 2^60 digests, a trace id of 2^60 characters: refused without a thought."""
    header = codec.encode(SIGNAL)[:5]
    claim = b"\x80\x80\x80\x80\x80\x80\x80\x80\x20"
    for bad in (header + claim, header + b"\0" + claim, header + b"\0\0" + claim + b"x"):
        assert reason_of(codec, bad) in {Reason.NOT_AVRO, Reason.INVALID}


def test_a_refusal_tells_nothing_of_the_content(codec: Codec) -> None:
    """Reasons end up in logs."""
    value = codec.encode(dataclasses.replace(SIGNAL, detail="hunter2"))
    with pytest.raises(Poison) as caught:
        codec.decode(value.replace(b"hunter2", b"hunter\xff"), Signal)
    assert caught.value.reason is Reason.NOT_AVRO
    assert "hunter" not in str(caught.value)
    assert caught.value.__suppress_context__, "a traceback would show it"


def test_a_refusal_to_write_tells_nothing_of_the_content(codec: Codec) -> None:
    """Fastavro's own words would."""
    for kind in ("hunter2", "hunter\ud800"):
        with pytest.raises(Poison) as caught:
            codec.encode(dataclasses.replace(SIGNAL, kind=cast(SignalKind, kind), detail=kind))
        assert "hunter" not in "".join(traceback.format_exception(caught.value))


def test_a_number_that_is_none_is_invalid_both_ways(codec: Codec) -> None:
    """A comparison with NaN would be false whatever is asked."""
    example = json.loads((FOLDER / "examples" / "Finding" / "valid-leaked-key.json").read_text(encoding="utf-8"))
    finding = from_json(Finding, example)
    good = dataclasses.replace(finding, severity=dataclasses.replace(finding.severity, score=0.1875))
    value, number = codec.encode(good), struct.pack("<d", 0.1875)
    assert value.count(number) == 1
    for bad in (float("nan"), float("inf"), float("-inf")):
        assert reason_of(codec, value.replace(number, struct.pack("<d", bad)), Finding) is Reason.INVALID
        with pytest.raises(Poison) as caught:
            codec.encode(dataclasses.replace(good, severity=dataclasses.replace(good.severity, score=bad)))
        assert caught.value.reason is Reason.INVALID


# Ids met later


def test_an_id_that_cannot_be_asked_for_now_is_no_poison() -> None:
    """It may be a good record: try again."""
    codec = Codec(ids=OneMore(None, Transient("down")))
    with pytest.raises(Transient):
        codec.decode(b"\0\0\0\xff\xff", Signal)


DEEP: dict[str, Any] = {
    "type": "record",
    "name": "Deep",
    "fields": [{"name": "deeper", "type": {"type": "array", "items": "Deep"}, "default": []}],
}
UNFIT: dict[str, tuple[str, dict[str, Any], Reason]] = {
    "of somebody else": ("Payment", {}, Reason.WRONG_RECORD),
    "without fields": ("Signal", {"fields": []}, Reason.UNKNOWN_SCHEMA),
    "no schema": ("Signal", {"fields": 7}, Reason.UNKNOWN_SCHEMA),
    "of another namespace": ("Signal", {"namespace": "other"}, Reason.UNKNOWN_SCHEMA),
    "with a required field": ("Signal", {"+": {"name": "n", "type": "long"}}, Reason.UNKNOWN_SCHEMA),
    "with an array of nothing": (
        "Signal",
        {"+": {"name": "n", "type": {"type": "array", "items": "null"}, "default": []}},
        Reason.UNKNOWN_SCHEMA,
    ),
    "with a type inside itself": (
        "Signal",
        {"+": {"name": "n", "type": {"type": "array", "items": DEEP}, "default": []}},
        Reason.UNKNOWN_SCHEMA,
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_registered_schema_that_does_not_fit_is_refused(name: str) -> None:
    """Who may register is not who decides what we read."""
    record, change, reason = UNFIT[name]
    schema = {**SchemaFolder().resolved("Signal"), "name": record, **change}
    if "+" in schema:
        schema["fields"] = [*schema["fields"], schema.pop("+")]
    codec = Codec(ids=OneMore(Known(id=5000, record=record, schema=schema)))
    assert reason_of(codec, b"\0\0\0\x13\x88" + codec.encode(SIGNAL)[5:]) is reason


def test_an_id_is_asked_for_once() -> None:
    """What was found stays true."""
    ids = OneMore(Known(id=5000, record="Signal", schema=SchemaFolder().resolved("Signal")))
    codec = Codec(ids=ids)
    value = b"\0\0\0\x13\x88" + codec.encode(SIGNAL)[5:]
    assert codec.decode(value, Signal) == codec.decode(value, Signal) == SIGNAL
    assert ids.asked == [5000]


# Records


def test_a_record_that_may_not_be_written_is_poison(codec: Codec) -> None:
    """A value that the schema does not allow is invalid; one of the wrong type is a defect of whoever made it."""
    wrong: list[tuple[dict[str, Any], Reason]] = [
        ({"lock_key": ""}, Reason.INVALID),
        ({"count": -1}, Reason.INVALID),
        ({"expires_at": NOW.replace(tzinfo=None)}, Reason.INVALID),
        ({"detail": "\ud800"}, Reason.INVALID),
        ({"detail": None}, Reason.DEFECT),
        ({"kind": "no such kind"}, Reason.DEFECT),
        ({"count": "3"}, Reason.DEFECT),
        ({"count": 3.5}, Reason.DEFECT),
        ({"count": 1 << 63}, Reason.INVALID),
        ({"detail": ("string", "a branch of fastavro's")}, Reason.DEFECT),
    ]
    for change, reason in wrong:
        with pytest.raises(Poison) as caught:
            codec.encode(dataclasses.replace(SIGNAL, **change))
        assert caught.value.reason is reason, change


def test_an_envelope_for_a_record_without_one_is_a_defect(codec: Codec) -> None:
    """A journal entry is not signed."""
    with pytest.raises(Poison) as caught:
        codec.encode(StateEntry(value=b"", input="tick"), ENVELOPE)
    assert caught.value.reason is Reason.DEFECT


def test_the_given_envelope_is_written(codec: Codec) -> None:
    """In place of the record's own, which stays as it is."""
    value = codec.encode(SIGNAL, ENVELOPE)
    assert codec.decode(value, Signal) == dataclasses.replace(SIGNAL, envelope=ENVELOPE)
    assert codec.encode(dataclasses.replace(SIGNAL, envelope=ENVELOPE)) == value
    assert SIGNAL.envelope == Envelope()


def test_the_wire_format_is_confluents(codec: Codec) -> None:
    """A zero byte and the fixed id in four bytes, big end first."""
    fixed = SchemaFolder().versions("Signal")[-1].id
    assert codec.encode(SIGNAL)[:5] == b"\0" + fixed.to_bytes(4, "big")


def test_what_was_read_is_frozen(codec: Codec) -> None:
    """Like every other record of its class."""
    read = codec.decode(codec.encode(SIGNAL), Signal)
    assert type(read) is Signal
    assert (read, hash(read), repr(read)) == (SIGNAL, hash(SIGNAL), repr(SIGNAL))
    with pytest.raises(dataclasses.FrozenInstanceError):
        cast(Any, read).count = 4


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "examples").glob("*/valid-*.json")), ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_every_example_comes_back(codec: Codec, path: Path) -> None:
    """By its own type, and by any."""
    record: Record = from_json(RECORDS[path.parent.name], json.loads(path.read_text(encoding="utf-8")))
    value = codec.encode(record)
    assert codec.decode(value, type(record)) == record
    assert codec.decode_any(value) == record


def test_decoding_any_refuses_like_decoding_one(codec: Codec) -> None:
    """Only the expectation is missing."""
    for bad in (b"", b"\0\xff\xff\xff\xff", codec.encode(SIGNAL) + b"\0"):
        with pytest.raises(Poison):
            codec.decode_any(bad)


def test_the_port_of_ids_is_what_the_codec_takes() -> None:
    """For the type checker as much as for the reader."""
    ids: Ids = FixedIds(SchemaFolder())
    assert ids.find(1) is None


def test_a_statement_is_a_record_of_its_own(codec: Codec) -> None:
    """What a person signs is encoded like everything else, and is no topic's record."""
    assert RECORDS["RequestStatement"] is RequestStatement
    with pytest.raises(Poison) as caught:
        codec.decode(codec.encode(SIGNAL), Request)
    assert caught.value.reason is Reason.WRONG_RECORD
