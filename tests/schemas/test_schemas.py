"""The schemas themselves: conventions, examples, the generated code and the history."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import fastavro
import pytest

from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import RECORDS
from fixgate.events.tables import ENVELOPED, Enveloped
from fixgate.forms import Unfit
from fixgate.generation.__main__ import differing, main, render
from fixgate.json_form import from_json
from fixgate.schema_rules import is_object, is_union
from fixgate.schemas import FOLDER, SchemaFolder, fingerprint
from fixgate.topology import PIPELINE

SCHEMAS = SchemaFolder()
DEFINITIONS = [SCHEMAS.definitions[name] for name in sorted(SCHEMAS.definitions)]
FIELDS = [(d["name"], f) for d in DEFINITIONS if d["type"] == "record" for f in d["fields"]]
EXAMPLES = FOLDER / "examples"
CAUTIOUS = {"FactState": "unreadable", "OracleVerdict": "inconclusive"}
SENTENCE = re.compile(r"[A-Z0-9<].*[.…]", re.DOTALL)


def example_id(path: Path) -> str:
    """The name of an example's case."""
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/invalid-*.json")), ids=example_id)
def test_every_invalid_example_is_refused_for_its_reason(path: Path) -> None:
    """Reading or encoding says what the example says."""
    case = json.loads(path.read_text(encoding="utf-8"))
    assert case.pop("_why")
    message = case.pop("_message")
    with pytest.raises((Unfit, Poison)) as caught:
        Codec().encode(from_json(RECORDS[path.parent.name], case))
    assert message in str(caught.value)
    assert getattr(caught.value, "reason", Reason.INVALID) is Reason.INVALID


@pytest.mark.parametrize("record", sorted(RECORDS))
def test_every_record_has_examples_of_both_kinds(record: str) -> None:
    """What a record may hold, and what it may not."""
    assert list((EXAMPLES / record).glob("valid-*.json"))
    assert list((EXAMPLES / record).glob("invalid-*.json"))


def test_no_example_is_of_nothing() -> None:
    """Each folder is a record's, each file valid or invalid."""
    assert {path.name for path in EXAMPLES.iterdir()} == set(RECORDS)
    for path in EXAMPLES.glob("*/*"):
        assert re.fullmatch(r"(valid|invalid)-[a-z0-9-]+\.json", path.name), path


def shown(value: Any, schema: Any) -> Iterator[tuple[str, str]]:
    """The fields, by type and name, that a value sets to something else than their default."""
    if is_union(schema):
        schema = schema[1] if len(schema) == 2 else "string"
    schema = SCHEMAS.definitions.get(schema, schema) if isinstance(schema, str) else schema
    if value is None or not is_object(schema):
        return
    for item in value if schema["type"] == "array" else ():
        yield from shown(item, schema["items"])
    for field in schema.get("fields", ()):
        if value.get(field["name"], field.get("default")) != field.get("default"):
            yield schema["name"], field["name"]
        yield from shown(value.get(field["name"]), field["type"])


def test_every_field_is_set_in_some_example() -> None:
    """An example that leaves a field at its default shows nothing of it."""
    seen: set[tuple[str, str]] = set()
    for path in EXAMPLES.glob("*/valid-*.json"):
        seen |= set(shown(json.loads(path.read_text(encoding="utf-8")), path.parent.name))
    missing = sorted(f"{name}.{field['name']}" for name, field in FIELDS if (name, field["name"]) not in seen)
    assert not missing, ", ".join(missing)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: d["name"])
def test_every_type_and_field_is_documented(definition: Any) -> None:
    """In sentences."""
    assert SENTENCE.fullmatch(definition["doc"]), definition["doc"]
    for field in definition.get("fields", ()):
        assert SENTENCE.fullmatch(field["doc"]), field


@pytest.mark.parametrize("definition", [d for d in DEFINITIONS if d["type"] == "enum"], ids=lambda d: d["name"])
def test_what_an_older_reader_does_not_know_raises_caution(definition: Any) -> None:
    """Each enumeration's default is the symbol for not knowing, and its doc says what that means where it matters."""
    assert definition["default"] == CAUTIOUS.get(definition["name"], "unknown")
    assert definition["symbols"] == list(dict.fromkeys(definition["symbols"]))
    if definition["default"] == "unknown":
        assert definition["symbols"][0] == "unknown"


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=lambda v: v if isinstance(v, str) else v["name"])
def test_names_say_what_is_in_a_field(name: str, field: Any) -> None:
    """Times end in `_at`, durations in `_seconds`, digests in `digest` or `digests`."""
    schema = field["type"][1] if is_union(field["type"]) and len(field["type"]) == 2 else field["type"]
    is_time = is_object(schema) and schema.get("logicalType") == "timestamp-micros"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", field["name"])
    assert is_time == field["name"].endswith("_at"), f"{name}.{field['name']}"
    if field["name"].endswith(("_digest", "_digests")):
        assert field["form"] == "digest"
    if "_seconds" in field["name"]:
        assert (schema, field["form"]) == ("long", "natural")


def test_the_envelope_is_the_first_field_of_what_is_signed() -> None:
    """And only there; statements are signed by people, and the journal by nobody."""
    for record in SCHEMAS.records:
        names = [field["name"] for field in SCHEMAS.definitions[record]["fields"]]
        enveloped = not record.endswith("Statement") and record != "StateEntry"
        assert ("envelope" in names[:1]) is enveloped
        assert "envelope" not in names[1:]
        assert (RECORDS[record] in ENVELOPED) is enveloped
    assert set(get_args(Enveloped)) == ENVELOPED


def test_every_topic_has_its_record_and_every_record_its_topic() -> None:
    """But for statements, which travel inside."""
    topics = {topic.record for topic in PIPELINE.topics.values() if topic.record is not None}
    assert topics == {record for record in SCHEMAS.records if not record.endswith("Statement")}
    for topic in PIPELINE.topics.values():
        if topic.record is not None:
            assert (RECORDS[topic.record] in ENVELOPED) is topic.signed, topic.name


@pytest.mark.parametrize("record", SCHEMAS.records)
def test_a_resolved_schema_is_avro(record: str) -> None:
    """For others' libraries and registries."""
    assert fastavro.parse_schema(SCHEMAS.resolved(record))


def test_what_is_generated_is_as_generated() -> None:
    """`make generate` would change nothing, in the code and in the history."""
    assert differing(render(SCHEMAS)) == []
    assert main(["--check"]) == 0


def test_ids_are_never_used_twice() -> None:
    """And the newest version of each record is the current schema."""
    assert len({version.id for version in SCHEMAS.history}) == len(SCHEMAS.history)
    for record in SCHEMAS.records:
        versions = SCHEMAS.versions(record)
        assert [version.number for version in versions] == list(range(1, len(versions) + 1))
        assert all(version.released for version in versions[:-1])
        assert fingerprint(versions[-1].schema) == fingerprint(SCHEMAS.resolved(record))
