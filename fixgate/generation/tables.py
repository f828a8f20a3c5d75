"""Renders what joins the modules of `fixgate/events/`: the tables for the codec, and the re-exports."""

from fixgate.generation.expressions import snake
from fixgate.generation.modules import HEADER, PACKAGE, Import, Renderer, import_lines
from fixgate.schemas import SchemaFolder, fingerprint


def render_tables(folder: SchemaFolder, renderer: Renderer) -> str:
    """`fixgate/events/tables.py`: what the codec does with each record, by its class."""
    records = folder.records
    embedding = tuple(r for r in records if renderer.holds_signed(r))
    enveloped = tuple(r for r in records if folder.definitions[r]["fields"][0]["name"] == "envelope")
    prints = "".join(f'    "{r}": "{fingerprint(folder.resolved(r))}",\n' for r in records)
    return f'''"""How each record becomes what fastavro writes, is made of what it read, and is taken apart.

{HEADER}
"""

{import_lines(_imports(records, embedding), "")}

Record = {_union(records)}
"""Every record that stands alone: on a topic, or signed by a person."""

Enveloped = {_union(enveloped)}
"""Every record that carries an envelope: what is written to topics and signed by its writer."""

RECORDS: Mapping[str, type[Record]] = {{
{_rows('"{r}": {r}', records)}}}
"""The class of each record, by its schema's name."""

ENVELOPED: frozenset[type[Record]] = frozenset(
    {{
{_rows("    {r}", enveloped)}    }}
)
"""The classes whose first field is an envelope."""

TO_DATUM: Mapping[type[Record], Callable[[Any], dict[str, Any]]] = {{
{_rows("{r}: datum_{s}", records)}}}
"""How to turn a record into what fastavro writes."""

OF_DATUM: Mapping[type[Record], Callable[[Mapping[str, Any]], Record]] = {{
{_rows("{r}: {s}_of", records)}}}
"""How to make a record of what fastavro read."""

EMBEDDED: Mapping[type[Record], Callable[[Any], tuple[Signed, ...]]] = {{
{_rows("{r}: embedded_{s}", embedding)}}}
"""What a record embeds, for those that embed anything."""

FINGERPRINTS: Mapping[str, str] = {{
{prints}}}
"""The schemas that this package was generated from."""
'''


def _imports(records: tuple[str, ...], embedding: tuple[str, ...]) -> set[Import]:
    imports: set[Import] = {("collections.abc", "Callable"), ("collections.abc", "Mapping"), ("typing", "Any")}
    imports |= {(f"{PACKAGE}.signed", "Signed")}
    for record in records:
        home = f"{PACKAGE}.{snake(record)}"
        imports |= {(home, record), (home, f"datum_{snake(record)}"), (home, f"{snake(record)}_of")}
    return imports | {(f"{PACKAGE}.{snake(r)}", f"embedded_{snake(r)}") for r in embedding}


def _rows(template: str, chosen: tuple[str, ...]) -> str:
    return "".join(f"    {template.format(r=record, s=snake(record))},\n" for record in chosen)


def _union(chosen: tuple[str, ...]) -> str:
    return "(\n    " + "\n    | ".join(chosen) + "\n)"


def render_package(renderer: Renderer) -> str:
    """`fixgate/events/__init__.py`: every class, re-exported."""
    imports: set[Import] = {(home, name) for name, home in renderer.homes.items()}
    imports |= {(f"{PACKAGE}.tables", name) for name in ("ENVELOPED", "RECORDS", "Enveloped", "Record")}
    names = sorted(name for _, name in imports)
    exported = "".join(f'    "{name}",\n' for name in names)
    return f'''"""The records of the pipeline, as frozen dataclasses.

{HEADER}
"""

{import_lines(imports, "")}

__all__ = [
{exported}]
'''
