"""What a schema may use, which is deliberately little, so that the generator and every reader can be simple.

Records with fields, enumerations with a default, long, string, bytes, boolean, double, timestamp-micros, null-or-one
unions, the scalar union, arrays and maps of these. No recursion, no collection of collections, and nothing that takes
no bytes: an array of nothing could claim any length. Everything has a doc.
"""

import json
from collections.abc import Iterator
from typing import Any, TypeGuard

from fixgate.errors import Misconfigured
from fixgate.forms import LONG_FORMS, STRING_FORMS

Json = Any
"""A schema as JSON: a name, a union as list, or an object."""

NAMESPACE = "fixgate"
PRIMITIVES = frozenset({"boolean", "long", "string", "bytes", "double"})
TIME = {"type": "long", "logicalType": "timestamp-micros"}
SCALAR = ["null", "boolean", "long", "string", {"type": "array", "items": "string"}]


def is_object(schema: Json) -> TypeGuard[dict[str, Any]]:
    """True for anything but a name or a union."""
    return isinstance(schema, dict)


def is_union(schema: Json) -> TypeGuard[list[Any]]:
    """True for a union."""
    return isinstance(schema, list)


def is_collection(schema: Json) -> TypeGuard[dict[str, Any]]:
    """True for an array or a map."""
    return is_object(schema) and schema.get("type") in {"array", "map"}


def named_types(schema: Json) -> Iterator[Json]:
    """The records and enumerations defined in a schema, each before what is defined inside it."""
    if is_union(schema):
        for branch in schema:
            yield from named_types(branch)
    elif is_object(schema):
        if schema.get("type") in {"record", "enum"}:
            yield schema
        for field in schema.get("fields", ()):
            yield from named_types(field["type"])
        yield from named_types(schema.get("items", schema.get("values", ())))


def check_resolved(schema: Json) -> None:
    """Raises `Misconfigured` when a resolved schema, ours or a registry's, uses what it may not; docs are not asked."""
    try:
        _check_names(schema, set(), ())
        for definition in named_types(schema):
            check_definition(definition, docs=False)
    except (KeyError, TypeError, AttributeError) as error:
        raise Misconfigured(f"a schema is no Avro schema: {error!r}") from None


def check_definition(definition: Json, *, docs: bool = True) -> None:
    """Raises `Misconfigured` for what a record or enumeration may not use or must have."""
    name = definition["name"]
    if docs:
        _require_doc(definition, name)
    if definition["type"] == "enum":
        if definition.get("default") not in definition["symbols"]:
            raise Misconfigured(f"the enumeration {name} has no default for symbols that a reader does not know")
        return
    if not definition["fields"]:
        raise Misconfigured(f"{name} has no fields: an array of nothing could claim any length")
    for field in definition["fields"]:
        where = f"{name}.{field['name']}"
        if docs:
            _require_doc(field, where)
        _check_type(field["type"], where)
        _check_form(field, where)


def _require_doc(schema: Json, where: str) -> None:
    if not str(schema.get("doc", "")).strip():
        raise Misconfigured(f"{where} has no doc")


def _check_names(schema: Json, defined: set[str], around: tuple[str, ...]) -> None:
    """Every name is defined once, before it is used, and not used inside itself."""
    if is_union(schema):
        for branch in schema:
            _check_names(branch, defined, around)
    elif is_object(schema):
        if schema["type"] in {"record", "enum"}:
            if schema["name"] in defined or schema.get("namespace", NAMESPACE) != NAMESPACE:
                raise Misconfigured(f"{schema['name']} is defined twice or in another namespace")
            defined.add(schema["name"])
            around = (*around, schema["name"])
        for field in schema.get("fields", ()):
            _check_names(field["type"], defined, around)
        _check_names(schema.get("items", schema.get("values", [])), defined, around)
    elif schema in around or (schema not in defined and schema not in PRIMITIVES and schema != "null"):
        raise Misconfigured(f"the type {schema} is not defined, or is used inside itself")


def _check_type(schema: Json, where: str) -> None:
    if schema in (TIME, SCALAR) or (isinstance(schema, str) and schema != "null"):
        return
    if is_union(schema) and len(schema) == 2 and schema[0] == "null":  # noqa: PLR2004 - null or one
        if is_union(schema[1]) or is_collection(schema[1]):
            raise Misconfigured(f"{where} is null or a collection: an empty one says as much")
        _check_type(schema[1], where)
    elif is_collection(schema):
        inner = schema.get("items", schema.get("values"))
        if is_union(inner) or is_collection(inner):
            raise Misconfigured(f"{where} is a collection of collections or unions: name a record for the inner one")
        _check_type(inner, where)
    elif not is_object(schema) or schema.get("type") not in {"record", "enum"}:
        raise Misconfigured(f"{where} has a type that is not used here: {json.dumps(schema)}")


def _check_form(field: Json, where: str) -> None:
    form, schema = field.get("form"), field["type"]
    if form is None:
        return
    if is_union(schema):
        schema = schema[1]
    if is_object(schema):
        schema = schema.get("items")
    if form not in {"string": STRING_FORMS, "long": LONG_FORMS}.get(str(schema), ()):
        raise Misconfigured(f"{where} cannot have the form {form}")
