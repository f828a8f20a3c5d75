"""The generator and the history: what they refuse, then what they write."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Misconfigured
from fixgate.generation.expressions import describe, snake
from fixgate.generation.history import render_history
from fixgate.generation.modules import Renderer
from fixgate.generation.tables import render_tables
from fixgate.schema_rules import check_resolved
from fixgate.schemas import FOLDER, SchemaFolder

Schema = dict[str, Any]


def thing(**changes: Any) -> Schema:
    """A record with one field."""
    return {
        "type": "record",
        "name": "Thing",
        "namespace": "fixgate",
        "doc": "A thing.",
        "fields": [{"name": "value", "type": "string", "doc": "Its value.", **changes}],
    }


def enumeration(**changes: Any) -> Schema:
    """An enumeration as a field's type."""
    return {"type": "enum", "name": "Kind", "doc": "A kind.", "symbols": ["unknown"], "default": "unknown", **changes}


def folder_of(path: Path, *schemas: Schema) -> SchemaFolder:
    """A folder with these schemas."""
    path.mkdir(exist_ok=True)
    for schema in schemas:
        (path / f"{schema['name']}.avsc").write_text(json.dumps(schema), encoding="utf-8")
    return SchemaFolder(path)


def render(folder: SchemaFolder) -> str:
    """Every module of the package as one text."""
    renderer = Renderer(folder)
    return "\n".join(renderer.modules().values()) + render_tables(folder, renderer)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        pytest.param(thing(doc=""), "Thing.value has no doc", id="a field without doc"),
        pytest.param({**thing(), "doc": " "}, "Thing has no doc", id="a record without doc"),
        pytest.param({**thing(), "namespace": "else"}, "must define fixgate.Thing", id="another namespace"),
        pytest.param({**thing(), "fields": []}, "Thing has no fields", id="nothing in it"),
        pytest.param(thing(type="null"), "a type that is not used here", id="nothing as a type"),
        pytest.param(thing(type="int"), "no schema defines int", id="a short integer"),
        pytest.param(thing(type="Other"), "no schema defines Other", id="an unknown type"),
        pytest.param(thing(type="Thing"), "used inside itself", id="itself"),
        pytest.param(thing(type={"type": "array", "items": "Thing"}), "used inside itself", id="many of itself"),
        pytest.param(thing(type={"type": "array", "items": "null"}), "a type that is not used", id="array of nothing"),
        pytest.param(
            thing(type={"type": "array", "items": {"type": "array", "items": "string"}}),
            "collection of collections",
            id="array of arrays",
        ),
        pytest.param(
            thing(type=["null", {"type": "array", "items": "string"}]), "null or a collection", id="null or array"
        ),
        pytest.param(thing(type=["string", "long"]), "a type that is not used here", id="a union of two"),
        pytest.param(thing(type=["string", "null"]), "a type that is not used here", id="null second"),
        pytest.param(
            thing(type={"type": "fixed", "name": "F", "size": 0}), "a type that is not used here", id="a fixed of none"
        ),
        pytest.param(
            thing(type={"type": "long", "logicalType": "timestamp-millis"}), "not used here", id="another time"
        ),
        pytest.param(thing(type=enumeration(default="else")), "has no default", id="an enumeration without default"),
        pytest.param(thing(type=enumeration(doc="")), "Kind has no doc", id="an enumeration without doc"),
        pytest.param(thing(form="colour"), "cannot have the form colour", id="no such form"),
        pytest.param(thing(form="natural"), "cannot have the form natural", id="a form of another type"),
        pytest.param(thing(type="bytes", form="key"), "cannot have the form key", id="a form of bytes"),
        pytest.param(thing(name="class"), "that name is taken", id="a keyword as a name"),
        pytest.param(thing(name="at"), "that name is taken", id="a name that the generator uses"),
    ],
)
def test_a_schema_beyond_the_rules_is_refused(tmp_path: Path, schema: Schema, message: str) -> None:
    """Before a line is generated."""
    with pytest.raises(Misconfigured, match=message):
        render(folder_of(tmp_path / "schemas", schema))


def test_a_type_defined_twice_is_refused(tmp_path: Path) -> None:
    """Two records would mean two things by one name."""
    other = {**thing(type=enumeration()), "name": "Other"}
    with pytest.raises(Misconfigured, match="Kind, which is already defined"):
        render(folder_of(tmp_path / "schemas", thing(type=enumeration()), other))


def test_a_default_that_is_not_the_types_own_is_refused(tmp_path: Path) -> None:
    """The generated default is the type without arguments."""
    inner = {**thing(default=""), "name": "Inner"}
    outer = {**thing(type="Inner", default={"value": "x"}), "name": "Outer"}
    with pytest.raises(Misconfigured, match="the default of value must be that of all its fields"):
        render(folder_of(tmp_path / "schemas", inner, outer))


def test_a_type_that_python_has_no_name_for_is_refused() -> None:
    """The generator does not guess."""
    with pytest.raises(Misconfigured, match="no Python for the type Other"):
        describe("Other", None, {}, frozenset())


@pytest.mark.parametrize("schema", [{}, {"type": "record"}, {"type": "record", "name": "T", "fields": [7]}, "Thing"])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    """As it may come from a registry."""
    with pytest.raises(Misconfigured):
        check_resolved(schema)


@pytest.mark.parametrize(
    ("name", "low"), [("Finding", "finding"), ("StateEntry", "state_entry"), ("BlastRadius", "blast_radius")]
)
def test_modules_are_named_after_types(name: str, low: str) -> None:
    """In lower case with underscores."""
    assert snake(name) == low


class TestHistory:
    """Versions and ids."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A copy of the schemas."""
        return Path(shutil.copytree(FOLDER, tmp_path / "schemas"))

    def generate(self, folder: Path, *, release: bool = False) -> dict[str, Any]:
        """Write the history, and answer with the ids."""
        for path, text in render_history(SchemaFolder(folder), release=release).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        ids: dict[str, Any] = json.loads((folder / "history" / "ids.json").read_text())
        return ids

    def change(self, folder: Path, edit: Callable[[list[Schema]], object]) -> None:
        """Edit the fields of a record."""
        path = folder / "StateEntry.avsc"
        schema = json.loads(path.read_text())
        edit(schema["fields"])
        path.write_text(json.dumps(schema))

    def test_a_released_version_cannot_be_broken(self, folder: Path) -> None:
        """Nothing is written then."""
        self.generate(folder, release=True)
        before = (folder / "history" / "ids.json").read_text()
        self.change(folder, lambda fields: fields.append({"name": "new", "type": "string", "doc": "New."}))
        with pytest.raises(Misconfigured, match=r"StateEntry\.new was added without a default"):
            self.generate(folder)
        assert (folder / "history" / "ids.json").read_text() == before

    def test_a_released_version_stays_even_in_its_docs(self, folder: Path) -> None:
        """A better doc is no new version and does not reach into the history."""
        self.generate(folder, release=True)
        released = (folder / "history" / "StateEntry" / "1.avsc").read_text()
        self.change(folder, lambda fields: fields[0].update(doc="Better."))
        assert len(self.generate(folder)["StateEntry"]) == 1
        assert (folder / "history" / "StateEntry" / "1.avsc").read_text() == released

    def test_a_version_in_work_is_replaced_in_place(self, folder: Path) -> None:
        """It keeps its number and id until it is released."""
        before = self.generate(folder)["StateEntry"]
        if before[-1]["released"]:
            pytest.skip("everything is released")
        self.change(folder, lambda fields: fields.append({"name": "new", "type": "string", "doc": "New."}))
        assert self.generate(folder)["StateEntry"] == before
        assert "new" in (folder / "history" / "StateEntry" / "1.avsc").read_text()

    def test_a_change_after_a_release_is_the_next_version_with_a_new_id(self, folder: Path) -> None:
        """No id means two schemas."""
        before = self.generate(folder, release=True)
        highest = max(entry["id"] for entries in before.values() for entry in entries)
        self.change(
            folder, lambda fields: fields.append({"name": "new", "type": "string", "default": "", "doc": "New."})
        )
        after = self.generate(folder)
        number = before["StateEntry"][-1]["version"] + 1
        new = {"version": number, "id": highest + 1, "released": False}
        assert after == {**before, "StateEntry": [*before["StateEntry"], new]}
        assert self.generate(folder) == after, "doing it again changes nothing"

    def test_a_record_that_is_no_more_keeps_its_ids(self, folder: Path) -> None:
        """What was written stays readable for whoever has the old code."""
        before = self.generate(folder, release=True)
        (folder / "StateEntry.avsc").unlink()
        assert self.generate(folder) == before

    def test_ids_begin_at_one(self, folder: Path) -> None:
        """Zero is what an unset id looks like."""
        shutil.rmtree(folder / "history")
        (folder / "history").mkdir()
        ids = self.generate(folder)
        assert sorted(entry["id"] for entries in ids.values() for entry in entries) == list(range(1, len(ids) + 1))
