"""The schemas as they are on disk: read, resolved, and every version that was ever released, with its fixed id.

    schemas/<Record>.avsc           a record that stands alone: on a topic, or signed by a person
    schemas/types/<Type>.avsc       a named type that several of them use
    schemas/history/<Record>/N.avsc each version, resolved: all types inlined at their first use
    schemas/history/ids.json        the fixed id of each version, and whether it was released

A type that only one record uses is defined inside it. Everything is in the namespace `fixgate`; a type is referred to
by its bare name. Beyond Avro, a field may have a `form` (see `forms.py`). `schema_rules.py` has what a schema may use.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fixgate.errors import Misconfigured
from fixgate.schema_rules import (
    NAMESPACE,
    PRIMITIVES,
    Json,
    check_definition,
    check_resolved,
    is_object,
    is_union,
    named_types,
)

FOLDER = Path(__file__).resolve().parent.parent / "schemas"


def fingerprint(resolved: Json) -> str:
    """What tells two schemas apart for readers and writers: a digest of everything but the docs."""
    text = json.dumps(_without_docs(resolved), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _without_docs(schema: Json) -> Json:
    if is_object(schema):
        return {key: _without_docs(value) for key, value in schema.items() if key != "doc"}
    if is_union(schema):
        return [_without_docs(item) for item in schema]
    return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one record's schema."""

    record: str
    number: int
    id: int
    released: bool
    schema: Json

    @property
    def path(self) -> str:
        """Its file, relative to the history."""
        return f"{self.record}/{self.number}.avsc"


@dataclass(frozen=True)
class SchemaFolder:
    """The schemas of one folder; what is wrong in it raises `Misconfigured` when it is first read."""

    path: Path = FOLDER

    @cached_property
    def records(self) -> tuple[str, ...]:
        """The names of the records that stand alone, sorted."""
        names = tuple(sorted(path.stem for path in self.path.glob("*.avsc")))
        if not names:
            raise Misconfigured(f"there are no schemas in {self.path}", remedy="Run from a complete checkout.")
        return names

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The names of the shared types, sorted."""
        return tuple(sorted(path.stem for path in self.path.glob("types/*.avsc")))

    @cached_property
    def definitions(self) -> Mapping[str, Json]:
        """Every named type by its name, as it is written."""
        found: dict[str, Json] = {}
        paths = [f"{name}.avsc" for name in self.records] + [f"types/{name}.avsc" for name in self.types]
        for path in (self.path / name for name in paths):
            schema = read_json(path)
            if not is_object(schema) or schema.get("name") != path.stem or schema.get("namespace") != NAMESPACE:
                raise Misconfigured(f"{path} must define {NAMESPACE}.{path.stem}")
            for definition in named_types(schema):
                if definition["name"] in found:
                    raise Misconfigured(f"{path} defines {definition['name']}, which is already defined")
                check_definition(definition)
                found[definition["name"]] = definition
        return found

    def resolved(self, name: str) -> Json:
        """The schema of `name` with every type inlined at its first use: as it goes into history and registries."""
        schema = self._inline(name, set())
        check_resolved(schema)
        return schema

    @cached_property
    def history(self) -> tuple[Version, ...]:
        """Every version of every record, by id."""
        index = read_json(self.path / "history" / "ids.json")
        try:
            versions = [
                Version(record=record, number=entry["version"], id=entry["id"], released=entry["released"], schema=None)
                for record, entries in index.items()
                for entry in entries
            ]
        except (AttributeError, KeyError, TypeError) as error:
            raise Misconfigured(f"schemas/history/ids.json is no index of versions: {error!r}") from None
        if len({v.id for v in versions}) != len(versions) or len({v.path for v in versions}) != len(versions):
            raise Misconfigured("schemas/history/ids.json gives an id or a version twice")
        return tuple(sorted((self._with_schema(v) for v in versions), key=lambda v: v.id))

    def versions(self, record: str) -> tuple[Version, ...]:
        """The versions of one record, oldest first."""
        return tuple(sorted((v for v in self.history if v.record == record), key=lambda v: v.number))

    def _with_schema(self, version: Version) -> Version:
        schema = read_json(self.path / "history" / version.path)
        if not is_object(schema) or schema.get("name") != version.record:
            raise Misconfigured(f"schemas/history/{version.path} does not define {version.record}")
        check_resolved(schema)
        return Version(
            record=version.record, number=version.number, id=version.id, released=version.released, schema=schema
        )

    def _inline(self, schema: Json, seen: set[str]) -> Json:
        if is_union(schema):
            return [self._inline(branch, seen) for branch in schema]
        if not is_object(schema):
            if schema == "null" or schema in PRIMITIVES or schema in seen:
                return schema
            if schema not in self.definitions:
                raise Misconfigured(f"no schema defines {schema}")
            schema = self.definitions[schema]
        inlined = dict(schema)
        if schema["type"] in {"record", "enum"}:
            seen.add(schema["name"])
        if "fields" in schema:
            inlined["fields"] = [{**field, "type": self._inline(field["type"], seen)} for field in schema["fields"]]
        for inner in ("items", "values"):
            if inner in schema:
                inlined[inner] = self._inline(schema[inner], seen)
        return inlined


def read_json(path: Path) -> Json:
    """The JSON in a file; raises `Misconfigured` when it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be read: {error}", remedy="Restore schemas/ from git.") from None
