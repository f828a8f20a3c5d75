"""Records that were written with an older or newer version of their schema: what is refused, then what is read."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fixgate.binary import Reader
from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import RECORDS, Asset, ControlKind, ControlStatement
from fixgate.json_form import from_json
from fixgate.schema_rules import named_types
from fixgate.schemas import FOLDER, SchemaFolder

Schema = dict[str, Any]
OTHER_ID = 9000
HEADER = b"\0" + OTHER_ID.to_bytes(4, "big")
NOTE = {"name": "note", "type": "string", "default": ""}
EXAMPLE = FOLDER / "examples" / "ControlStatement" / "valid-exception.json"


def older(schema: Schema) -> Schema:
    """The version before the ticket, and before one kind of control."""
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "ticket"]
    for definition in named_types(schema):
        if definition["name"] == "ControlKind":
            definition["symbols"].remove("end")
    return schema


def newer(schema: Schema) -> Schema:
    """A version with a field and a kind of control that nobody has heard of."""
    schema["fields"].append({"name": "urgent", "type": "boolean", "default": False})
    for definition in named_types(schema):
        if definition["name"] == "ControlKind":
            definition["symbols"].append("tea")
    return schema


def schema_of(change: Callable[[Schema], Schema]) -> Schema:
    """The schema of a control's statement, changed."""
    return change(json.loads(json.dumps(SchemaFolder().resolved("ControlStatement"))))


def codec_with(tmp_path: Path, schema: Schema) -> Codec:
    """A codec whose history has the schema as well."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "schemas"))
    index = json.loads((folder / "history" / "ids.json").read_text())
    (current,) = index["ControlStatement"]
    index["ControlStatement"] = [{"version": 0, "id": OTHER_ID, "released": True}, current]
    (folder / "history" / "ids.json").write_text(json.dumps(index))
    (folder / "history" / "ControlStatement" / "0.avsc").write_text(json.dumps(schema))
    return Codec(SchemaFolder(folder))


def written(codec: Codec, schema: Schema, **changes: Any) -> bytes:
    """The example as a writer with another version would have written it."""
    record = from_json(ControlStatement, json.loads(EXAMPLE.read_text(encoding="utf-8")))
    body = io.BytesIO(codec.encode(record)[5:])
    ours: Any = fastavro.parse_schema(SchemaFolder().resolved("ControlStatement"))
    theirs: Any = fastavro.parse_schema(schema)
    datum: Any = fastavro.schemaless_reader(body, ours, None)  # pyright: ignore[reportUnknownMemberType]
    out = io.BytesIO()
    fastavro.schemaless_writer(out, theirs, datum | changes)  # pyright: ignore[reportUnknownMemberType]
    return HEADER + out.getvalue()


def reason_of(codec: Codec, value: bytes) -> Reason:
    """Why a value is refused."""
    with pytest.raises(Poison) as caught:
        codec.decode(value, ControlStatement)
    return caught.value.reason


@pytest.mark.parametrize("change", [older, newer])
def test_what_is_refused_of_ours_is_refused_of_theirs(tmp_path: Path, change: Callable[[Schema], Schema]) -> None:
    """Truncated, trailing, altered: resolution is no way around the checks."""
    schema = schema_of(change)
    codec = codec_with(tmp_path, schema)
    value = written(codec, schema)
    assert reason_of(codec, value + b"\0") is Reason.NOT_AVRO
    for end in range(len(HEADER), len(value)):
        assert reason_of(codec, value[:end]) is Reason.NOT_AVRO
    with pytest.raises(Poison) as caught:
        codec.decode(value, Asset)
    assert caught.value.reason is Reason.WRONG_RECORD


def test_a_form_is_checked_in_their_records_too(tmp_path: Path) -> None:
    """What we may not hold, nobody can hand us."""
    schema = schema_of(older)
    codec = codec_with(tmp_path, schema)
    assert reason_of(codec, written(codec, schema, nonce="a\nb")) is Reason.INVALID


def test_what_is_skipped_is_looked_at_all_the_same(tmp_path: Path) -> None:
    """A field that this version does not have must still be whole: fastavro alone would not ask."""
    schema = schema_of(lambda schema: {**schema, "fields": [*schema["fields"], NOTE]})
    codec = codec_with(tmp_path, schema)
    value = written(codec, schema, note="note")
    assert codec.decode(value, ControlStatement).control_id == "co-3"
    assert value.endswith(b"\x08note")
    assert reason_of(codec, value[:-1]) is Reason.NOT_AVRO
    assert reason_of(codec, value[:-1] + b"\xff") is Reason.NOT_AVRO


def test_any_alteration_is_poison_or_a_record(tmp_path: Path) -> None:
    """Whatever fastavro raises on bytes that are not Avro."""
    schema = schema_of(newer)
    codec = codec_with(tmp_path, schema)
    value = written(codec, schema)
    for at in range(len(HEADER), len(value)):
        for byte in (0x00, 0x01, 0x7F, 0x80, 0xFF):
            with contextlib.suppress(Poison):
                codec.decode(value[:at] + bytes([byte]) + value[at + 1 :], ControlStatement)


def test_an_older_record_is_read_with_defaults(tmp_path: Path) -> None:
    """A ticket that could not be given was not given."""
    schema = schema_of(older)
    codec = codec_with(tmp_path, schema)
    read = codec.decode(written(codec, schema), ControlStatement)
    assert read.ticket is None
    assert read.reason == "Serves the public price list."
    assert read.kind is ControlKind.EXCEPTION


def test_a_newer_record_is_read_without_what_is_new(tmp_path: Path) -> None:
    """A symbol that this version does not know becomes the one that raises caution."""
    schema = schema_of(newer)
    codec = codec_with(tmp_path, schema)
    assert codec.decode(written(codec, schema, urgent=True), ControlStatement).ticket == "SEC-12"
    assert codec.decode(written(codec, schema, kind="tea"), ControlStatement).kind is ControlKind.UNKNOWN


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_every_record_resolves_to_itself(name: str) -> None:
    """The rare path and the common one read the same."""
    codec, schema = Codec(), SchemaFolder().resolved(name)
    for path in sorted((FOLDER / "examples" / name).glob("valid-*.json")):
        value = codec.encode(from_json(RECORDS[name], json.loads(path.read_text(encoding="utf-8"))))
        assert Reader({**schema, "doc": "Of theirs."}, schema).read(value, 5) == Reader(schema).read(value, 5)
