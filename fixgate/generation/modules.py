"""Renders the modules of `fixgate/events/`: one for each file of `schemas/`.

A module holds frozen, slotted, keyword-only dataclasses and enumerations with the schema's docs, and for each record
two functions: one turns it into what fastavro writes, one makes it of what fastavro read; no reflection is left to run
time. What a record defines inside itself goes to `<record>_parts.py`.
"""

import keyword
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from fixgate.errors import Misconfigured
from fixgate.generation.expressions import Expression, describe, snake
from fixgate.schema_rules import Json, is_collection, is_object, is_union, named_types
from fixgate.schemas import SchemaFolder

PACKAGE = "fixgate.events"
HEADER = "Generated from schemas/ by `make generate`; do not edit."
WIDTH = 112
"""Of docstrings and imports."""
LINE = 120
Import = tuple[str, str]
_TAKEN = frozenset({"data", "at", "record"})  # what the generated functions have called something, now or before


def docstring(text: str, indent: str) -> str:
    """A docstring wrapped to the project's width."""
    if len(text) + len(indent) <= WIDTH:
        return f'{indent}"""{text}"""'
    first, *rest = textwrap.wrap(text, WIDTH - len(indent))
    body = "\n".join(indent + line for line in rest)
    return f'{indent}"""{first}\n{body}\n{indent}"""'


def import_lines(imports: Iterable[Import], own: str) -> str:
    """Import statements, standard library first, without what the module itself defines."""
    by_module: dict[str, set[str]] = {}
    for module, name in imports:
        if module != own:
            by_module.setdefault(module, set()).add(name)
    blocks: list[str] = []
    for ours in (False, True):
        chosen = sorted(m for m in by_module if m.startswith("fixgate") is ours)
        block = [_import_line(module, sorted(by_module[module], key=_isort_key)) for module in chosen]
        if block:
            blocks.append("\n".join(block))
    return "\n\n".join(blocks)


def _isort_key(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _import_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


class Renderer:
    """Renders the package for one folder of schemas."""

    def __init__(self, folder: SchemaFolder) -> None:
        self._folder = folder
        self._homes: dict[str, str] = {}
        for name in (*folder.records, *folder.types):
            folder.resolved(name)  # raises when a type is unknown, or inside itself
            for definition in named_types(folder.definitions[name]):
                part = "" if definition["name"] == name else "_parts"
                self._homes[definition["name"]] = f"{PACKAGE}.{snake(name)}{part}"
        self._enums = frozenset(n for n, d in folder.definitions.items() if d["type"] == "enum")

    @property
    def homes(self) -> Mapping[str, str]:
        """The module of each named type."""
        return self._homes

    def modules(self) -> Mapping[Path, str]:
        """The modules of the schema files, by path within the package."""
        modules: dict[Path, str] = {}
        for name in (*self._folder.records, *self._folder.types):
            # What is defined inside comes first: a class must exist before another one mentions it.
            *parts, root = reversed(list(named_types(self._folder.definitions[name])))
            modules[Path(f"{snake(name)}.py")] = self._module(root["doc"], [root])
            if parts:
                modules[Path(f"{snake(name)}_parts.py")] = self._module(f"What {name} is made of.", parts)
        return modules

    def holds_signed(self, schema: Json) -> bool:
        """True when a value of the type may embed another record."""
        if is_union(schema):
            return any(self.holds_signed(branch) for branch in schema)
        if not is_object(schema):
            definition = self._folder.definitions.get(schema)
            return schema == "Signed" or (definition is not None and self.holds_signed(definition))
        inner = [field["type"] for field in schema.get("fields", ())]
        inner += [schema[key] for key in ("items", "values") if key in schema]
        return any(self.holds_signed(kind) for kind in inner)

    def _module(self, doc: str, definitions: Iterable[Json]) -> str:
        imports: set[Import] = set()
        parts: list[str] = []
        own = ""
        for definition in definitions:
            own = self._homes[definition["name"]]
            render = self._enum if definition["type"] == "enum" else self._record
            part, needed = render(definition)
            parts.append(part)
            imports |= needed
        head = f'{docstring(doc, "")[:-3].rstrip()}\n\n{HEADER}\n"""'
        return "\n\n".join([head, import_lines(imports, own)]) + "\n\n\n" + "\n\n\n".join(parts) + "\n"

    def _enum(self, schema: Json) -> tuple[str, set[Import]]:
        name = schema["name"]
        members = "\n".join(f'    {symbol.upper()} = "{symbol}"' for symbol in schema["symbols"])
        text = f"class {name}(StrEnum):\n{docstring(schema['doc'], '    ')}\n\n{members}"
        return text, {("enum", "StrEnum")}

    def _record(self, schema: Json) -> tuple[str, set[Import]]:
        name = schema["name"]
        imports: set[Import] = {("collections.abc", "Mapping"), ("dataclasses", "dataclass"), ("typing", "Any")}
        expressions: dict[str, Expression] = {}
        lines = [
            "@dataclass(frozen=True, slots=True, kw_only=True)",
            f"class {name}:",
            docstring(schema["doc"], "    "),
        ]
        lines.append("")
        for field in schema["fields"]:
            if keyword.iskeyword(field["name"]) or field["name"] in _TAKEN:
                raise Misconfigured(f"{name}.{field['name']}: that name is taken")
            expression = self._describe(field["type"], field.get("form"))
            expressions[field["name"]] = expression
            imports |= expression.imports
            default, needed = self._default(field)
            imports |= needed
            lines += [f"    {field['name']}: {expression.annotation}{default}", docstring(field["doc"], "    ")]
        parts = ["\n".join(lines), _to_datum(name, expressions), _of_datum(name, expressions)]
        if name != "Signed" and self.holds_signed(schema):
            text, needed = self._embedded(schema)
            parts.append(text)
            imports |= needed
        return "\n\n\n".join(parts), imports

    def _describe(self, schema: Json, form: str | None) -> Expression:
        return describe(schema, form, self._homes, self._enums)

    def _default(self, field: Json) -> tuple[str, set[Import]]:
        if "default" not in field:
            return "", set()
        value, schema = field["default"], field["type"]
        if value == {} and is_collection(schema):
            inner = self._describe(schema, None).annotation.removeprefix("Mapping")
            return f" = field(default_factory=dict{inner})", {("dataclasses", "field")}
        return f" = {self._literal(value, schema, field['name'])}", set()

    def _literal(self, value: Json, schema: Json, name: str) -> str:
        definition = self._folder.definitions.get(schema) if isinstance(schema, str) else None
        if definition is not None and definition["type"] == "enum":
            return f"{schema}.{value.upper()}"
        if definition is not None:
            if value != {inner["name"]: inner.get("default") for inner in definition["fields"]}:
                raise Misconfigured(f"the default of {name} must be that of all its fields")
            return f"{schema}()"
        if value == []:
            return "()"
        if isinstance(value, str):
            return f'{"b" if schema == "bytes" else ""}"{value}"'
        return repr(value)

    def _embedded(self, schema: Json) -> tuple[str, set[Import]]:
        name, low = schema["name"], snake(schema["name"])
        imports: set[Import] = {(f"{PACKAGE}.signed", "Signed")}
        terms: list[str] = []
        for field in schema["fields"]:
            value, kind = f"record.{field['name']}", field["type"]
            if kind == "Signed":
                terms.append(value)
            elif kind == ["null", "Signed"]:
                terms.append(f"*(() if {value} is None else ({value},))")
            elif kind == {"type": "array", "items": "Signed"}:
                terms.append(f"*{value}")
            elif self.holds_signed(kind):
                raise Misconfigured(f"{name}.{field['name']} embeds a record too deep for the generator")
        inside = ", ".join(terms) + ("," if len(terms) == 1 else "")
        if len(inside) + len("    return ()") > LINE:
            inside = "\n" + "".join(f"        {term},\n" for term in terms) + "    "
        return (
            f"def embedded_{low}(record: {name}) -> tuple[Signed, ...]:\n"
            f'    """Every record that this one embeds, as it was sent."""\n'
            f"    return ({inside})"
        ), imports


def _to_datum(name: str, expressions: Mapping[str, Expression]) -> str:
    terms = [_term(f'"{field}": ', expression.written(f"record.{field}")) for field, expression in expressions.items()]
    return "\n".join(
        [
            f"def datum_{snake(name)}(record: {name}) -> dict[str, Any]:",
            '    """The record as fastavro writes it."""',
            "    return {",
            *terms,
            "    }",
        ]
    )


def _of_datum(name: str, expressions: Mapping[str, Expression]) -> str:
    terms = [_term(f"{field}=", expression.reading(f'datum["{field}"]')) for field, expression in expressions.items()]
    return "\n".join(
        [
            f"def {snake(name)}_of(datum: Mapping[str, Any]) -> {name}:",
            '    """The record in what fastavro read."""',
            f"    return {name}(",
            *terms,
            "    )",
        ]
    )


def _term(name: str, expression: str) -> str:
    """One line of a call or dictionary, or three when that would be too long."""
    line = f"        {name}{expression},"
    return line if len(line) <= LINE else f"        {name}(\n            {expression}\n        ),"
