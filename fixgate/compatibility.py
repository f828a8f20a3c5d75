"""FULL_TRANSITIVE compatibility: every version reads what every other one wrote, and reads the same out of it.

The rules are Avro's (specification 1.12.0, "Schema Resolution"), held more strictly where resolution would succeed and
mean something else. Between two versions of a record:

1. a field that only one of them has needs a default there: the other's records lack it; where both have a default it
   is the same;
2. fields are matched by name alone, so a renamed field is one dropped and one added; aliases do not help a reader that
   was built before them;
3. types stay: a promotion (long to double, string to bytes) works one way only, and what is null in one must be
   allowed to be null in the other;
4. a union keeps its branches and their order;
5. an enumeration may gain or lose symbols only while both versions have the same default;
6. a named type keeps its name and namespace, a logical type stays, and a `form` stays: what one version may hold, the
   other must take.
"""

from collections.abc import Callable, Iterator, Mapping

from fixgate.errors import Misconfigured
from fixgate.schema_rules import Json, is_object, is_union, named_types


def require_compatible(record: str, schema: Json, versions: Mapping[str, Json]) -> None:
    """Raises `Misconfigured` with every difference that keeps `schema` and any of `versions` (by title) apart."""
    faults = [f"{fault} ({title})" for title, other in versions.items() for fault in differences(schema, other)]
    if faults:
        raise Misconfigured(
            f"the schema of {record} is not compatible with what was released: {'; '.join(faults)}",
            remedy="Add fields with defaults; leave what is there as it is.",
        )


def differences(new: Json, old: Json) -> tuple[str, ...]:
    """What keeps two versions from reading each other's records, in words; empty when nothing does."""
    return tuple(_Comparison(new, old).run())


class _Comparison:
    """One comparison; each pair of named types is compared once."""

    def __init__(self, new: Json, old: Json) -> None:
        self._new, self._old = new, old
        self._new_types = {definition["name"]: definition for definition in named_types(new)}
        self._old_types = {definition["name"]: definition for definition in named_types(old)}
        self._seen: set[tuple[str, str]] = set()

    def run(self) -> Iterator[str]:
        root = str(self._new.get("name", "the record"))
        if self._new.get("namespace") != self._old.get("namespace"):
            yield f"{root} changed its namespace"
        yield from self._types(self._new, self._old, root)

    def _types(self, new: Json, old: Json, where: str) -> Iterator[str]:
        new = self._new_types.get(new, new) if isinstance(new, str) else new
        old = self._old_types.get(old, old) if isinstance(old, str) else old
        if is_union(new) and is_union(old):
            yield from self._unions(new, old, where)
            return
        match new, old:
            case str(), str():
                if new != old:
                    yield f"{where} changed its type from {old} to {new}"
            case {"type": "record"}, {"type": "record"}:
                yield from self._named(new, old, where, self._records)
            case {"type": "enum"}, {"type": "enum"}:
                yield from self._named(new, old, where, self._enums)
            case {"type": "array"}, {"type": "array"}:
                yield from self._types(new["items"], old["items"], f"{where}[]")
            case {"type": "map"}, {"type": "map"}:
                yield from self._types(new["values"], old["values"], f"{where}{{}}")
            case _:
                if new != old:
                    yield f"{where} changed its type from {_title(old)} to {_title(new)}"

    def _unions(self, new: Json, old: Json, where: str) -> Iterator[str]:
        if len(new) != len(old):
            yield f"{where} changed its union from {_title(old)} to {_title(new)}"
            return
        for branch, other in zip(new, old, strict=True):
            yield from self._types(branch, other, where)

    def _named(self, new: Json, old: Json, where: str, compare: Callable[[Json, Json], Iterator[str]]) -> Iterator[str]:
        if new["name"] != old["name"]:
            yield f"{where} changed its type from {old['name']} to {new['name']}"
        elif (new["name"], old["name"]) not in self._seen:
            self._seen.add((new["name"], old["name"]))
            yield from compare(new, old)

    def _records(self, new: Json, old: Json) -> Iterator[str]:
        news = {field["name"]: field for field in new["fields"]}
        olds = {field["name"]: field for field in old["fields"]}
        for name in sorted(news.keys() - olds.keys()):
            if "default" not in news[name]:
                yield f"{new['name']}.{name} was added without a default"
        for name in sorted(olds.keys() - news.keys()):
            if "default" not in olds[name]:
                yield f"{new['name']}.{name} was dropped but has no default"
        for name in sorted(news.keys() & olds.keys()):
            yield from self._fields(news[name], olds[name], f"{new['name']}.{name}")

    def _fields(self, new: Json, old: Json, where: str) -> Iterator[str]:
        if new.get("form") != old.get("form"):
            yield f"{where} changed its form"
        if "default" in new and "default" in old and new["default"] != old["default"]:
            yield f"{where} changed its default: a record without it would be read as two things"
        yield from self._types(new["type"], old["type"], where)

    def _enums(self, new: Json, old: Json) -> Iterator[str]:
        name, news, olds = new["name"], new["symbols"], old["symbols"]
        added = [symbol for symbol in news if symbol not in olds]
        dropped = [symbol for symbol in olds if symbol not in news]
        if added and "default" not in old:
            yield f"{name} gained {', '.join(added)}, which an older reader without a default refuses"
        if dropped and "default" not in new:
            yield f"{name} lost {', '.join(dropped)} and has no default for them"
        if new.get("default") != old.get("default"):
            yield f"{name} changed its default: one record would be read as two things"


def _title(schema: Json) -> str:
    if is_union(schema):
        return "[" + ", ".join(_title(branch) for branch in schema) + "]"
    if is_object(schema):
        return str(schema.get("name") or schema.get("logicalType") or schema["type"])
    return str(schema)
