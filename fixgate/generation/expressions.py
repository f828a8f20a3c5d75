"""How one Avro type reads in Python: its annotation, and the expressions that turn it into fastavro's and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fixgate.errors import Misconfigured
from fixgate.schema_rules import NAMESPACE, SCALAR, TIME, Json, is_collection, is_object, is_union

FORMS = "fixgate.forms"
_SIMPLE = {
    "boolean": ("bool", "truth"),
    "long": ("int", "integer"),
    "double": ("float", "finite"),
    "string": ("str", ""),
    "bytes": ("bytes", ""),
}
# fastavro reads booleans and integers as what they are; what it would write as such is the trouble.
_SURE_WHEN_READ = frozenset({"truth", "integer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One type, with the functions that turn a value into fastavro's and back; an empty name where nothing is done."""

    annotation: str
    to_datum: str
    of_datum: str
    branch: str
    """What a union calls the type."""
    imports: frozenset[tuple[str, str]]
    shape: str = ""
    """How many: `optional`, `array`, `map`, or just one."""

    def written(self, value: str) -> str:
        """The expression for fastavro's side of `value`."""
        made = f"{self.to_datum}({value})" if self.to_datum else value
        match self.shape:
            case "optional":
                return f'None if {value} is None else ("{self.branch}", {made})'
            case "array":
                return f"list(map({self.to_datum}, {value}))" if self.to_datum else value
            case "map":
                item = f"{self.to_datum}({value}[name])" if self.to_datum else f"{value}[name]"
                return f"{{name: {item} for name in sorted({value})}}"
            case _:
                return made

    def reading(self, datum: str) -> str:
        """The expression for our side of `datum`."""
        match self.shape:
            case "optional" if self.of_datum:
                return f"None if (value := {datum}) is None else {self.of_datum}(value)"
            case "array":
                return f"tuple(map({self.of_datum}, {datum}))" if self.of_datum else f"tuple({datum})"
            case "map":
                if not self.of_datum:
                    return f"dict({datum})"
                return f"{{name: {self.of_datum}(value) for name, value in {datum}.items()}}"
            case _:
                return f"{self.of_datum}({datum})" if self.of_datum and self.shape != "optional" else datum


def snake(name: str) -> str:
    """The lower-case name of a type: its module and part of its functions' names."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def describe(schema: Json, form: str | None, homes: Mapping[str, str], enums: frozenset[str]) -> Expression:
    """The expression for a type; `homes` has the module of each named type, `enums` the names of the enumerations.

    Raises `Misconfigured` for a type that `schema_rules.py` should have refused.
    """
    if schema == SCALAR:
        return _own("Scalar", "scalar_datum", "scalar_of", "", {(FORMS, "Scalar")})
    if schema == TIME:
        return _own("datetime", "micros", "moment", "long", {("datetime", "datetime")})
    if is_union(schema):
        inner = describe(schema[1], form, homes, enums)
        return replace(inner, annotation=f"{inner.annotation} | None", shape="optional")
    if is_collection(schema):
        inner = describe(schema.get("items", schema.get("values")), form, homes, enums)
        if schema["type"] == "array":
            return replace(inner, annotation=f"tuple[{inner.annotation}, ...]", shape="array")
        imports = inner.imports | {("collections.abc", "Mapping")}
        return replace(inner, annotation=f"Mapping[str, {inner.annotation}]", shape="map", imports=imports)
    return _named(schema["name"] if is_object(schema) else schema, form, homes, enums)


def _named(name: str, form: str | None, homes: Mapping[str, str], enums: frozenset[str]) -> Expression:
    if name in _SIMPLE:
        annotation, check = _SIMPLE[name]
        if form is not None:
            return _own(annotation, form, form, name, set())
        return _own(annotation, check, "" if check in _SURE_WHEN_READ else check, name, set())
    if name not in homes:
        raise Misconfigured(f"no Python for the type {name}")
    home, branch = homes[name], f"{NAMESPACE}.{name}"
    if name in enums:
        return Expression(annotation=name, to_datum="", of_datum=name, branch=branch, imports=frozenset({(home, name)}))
    low = snake(name)
    imports = {(home, name), (home, f"datum_{low}"), (home, f"{low}_of")}
    return Expression(
        annotation=name,
        to_datum=f"datum_{low}",
        of_datum=f"{low}_of",
        branch=branch,
        imports=frozenset(imports),
    )


def _own(annotation: str, to_datum: str, of_datum: str, branch: str, more: set[tuple[str, str]]) -> Expression:
    """A type whose functions, if any, are in `forms.py`."""
    imports = {(FORMS, name) for name in (to_datum, of_datum) if name} | more
    return Expression(
        annotation=annotation, to_datum=to_datum, of_datum=of_datum, branch=branch, imports=frozenset(imports)
    )
