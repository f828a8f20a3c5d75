"""What all adapters need to read what they do not trust: shapes, times, words.

Each format declares with msgspec what it reads of a result. A value of another type than the format has rejects that
result, with its pointer: a guess would be worse than a person's look. Fields that are not read may hold anything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import Annotated, Final, TypeVar, cast

import msgspec

from fixgate.reports.document import Broken, Document, Elements, Unusable

M = TypeVar("M", bound="Shape")

Word = Annotated[str, msgspec.Meta(min_length=1)]
"""A text that is not empty."""
Count = Annotated[int, msgspec.Meta(ge=0)]
"""A number of a line, a column, or of anything else that cannot be negative."""
_FAULT: Final = re.compile(
    r"(Expected `[^`]*`(?: of length)?(?: >= \d+)?(?:, got `\w+`)?|Number out of range)(?: - at `\$(.*)`)?"
)
_MISSING: Final = re.compile(r"Object missing required field `([^`]*)`(?: - at `\$(.*)`)?")
_STEP: Final = re.compile(r"\[(\d+)\]|\[\.\.\.\]|\.([^.\[]+)")
_MILLISECONDS: Final = 100_000_000_000
"""A time of more seconds than this would be in the year 5138: it is in milliseconds."""
_PLACEHOLDER: Final = re.compile(r"<[^<>]*>|requires login|n/?a|none|null|unknown", re.IGNORECASE)
_PLACEHOLDERS_BEGIN: Final = frozenset("<rRnNuU")
_NO_ARRAYS: Final = frozenset({dict, str, int, float, bool, type(None)})
"""What else JSON has; to ask an abstract class of each value costs ten times as much."""
LOOKED_AT: Final = 20
"""Results that an adapter looks at before it says that a document is none of its own."""


class Shape(msgspec.Struct, gc=False):
    """A part of a result: types exactly as the format has them, everything else in it ignored."""


def shaped(model: type[M], value: object, pointer: str) -> M | Unusable:
    """The value as the model has it, or why it is none: the first field that is wrong, never what is in it."""
    try:
        return converted(model, value)
    except msgspec.ValidationError as fault:
        why = value.why if isinstance(value, Broken) else f"wrong types: {_told(str(fault))}"
        return Unusable(pointer, why)


def converted(model: type[M], value: object) -> M:
    """The value as the model has it; raises ValidationError, whose message may hold a text of the report.

    What holds half of a surrogate pair is the name of no field that is read; as a text it is none of another type.
    """
    try:
        return msgspec.convert(value, model)
    except UnicodeEncodeError:
        pass
    try:
        return msgspec.convert(_escaped(value, texts=False), model)
    except UnicodeEncodeError:
        return msgspec.convert(_escaped(value, texts=True), model)


def _escaped(value: object, *, texts: bool) -> object:
    """The value with half surrogates in names written out, and in texts if asked."""
    if isinstance(value, str):
        return _whole(value) if texts else value
    fields = mapping(value)
    if fields is not None:
        return {_whole(name): _escaped(inner, texts=texts) for name, inner in fields.items()}
    return [_escaped(v, texts=texts) for v in cast("list[object]", value)] if isinstance(value, list) else value


def _whole(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()


def _told(fault: str) -> str:
    """A fault in our words; what msgspec says of other kinds may hold a text of the report."""
    if (wrong := _FAULT.fullmatch(fault)) is not None:
        return f"{_place(wrong[2]) or '/'} {wrong[1].replace('`', '').lower()}"
    if (missing := _MISSING.fullmatch(fault)) is not None:
        return f"{_place(missing[2])}/{missing[1]} is missing"
    return "a value of another kind"


def _place(path: str | None) -> str:
    """A JSON Pointer; what is no name of a field of ours may be a text of the report, and msgspec does not tell it."""
    return "".join(f"/{found[1] or found[2] or '…'}" for found in _STEP.finditer(path or ""))


def respelled(value: object, names: Mapping[str, str], *within: str) -> object:
    """An object with each of the names that scanners also give (left) in place of the one that is read (right).

    Where it has both, or several, the one that is read wins, then the earlier one. The objects that stand `within` it
    under these names are treated alike.
    """
    fields = mapping(value)
    if fields is None or (not within and names.keys().isdisjoint(fields)):
        return value
    made = dict(fields)
    if not names.keys().isdisjoint(fields):
        for other, read in names.items():
            if other in fields:
                made.setdefault(read, fields[other])
    for name in within:
        if name in made:
            made[name] = respelled(made[name], names, *within)
    return made


def mapping(value: object) -> Mapping[str, object] | None:
    """The value if it is an object."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def sequence(value: object) -> Sequence[object] | None:
    """The value if it is an array; a long one may be read from the report's bytes each time that it is walked."""
    if isinstance(value, list) or (type(value) not in _NO_ARRAYS and isinstance(value, Elements)):
        return cast("Sequence[object]", value)
    return None


def results(document: Document, *lists: str) -> Iterator[tuple[str, object]]:
    """Each result with its pointer, out of arrays, EventBridge envelopes and objects that hold it under `lists`."""
    return _unfolded(document.values, lists, depth=0)


def _unfolded(values: Iterable[tuple[str, object]], lists: tuple[str, ...], depth: int) -> Iterator[tuple[str, object]]:
    deepest = 3  # an array of envelopes that hold arrays
    for pointer, value in values:
        held = _held(pointer, value, lists) if depth <= deepest else None
        if held is None:
            yield pointer, value
        else:
            yield from _unfolded(held, lists, depth + 1)


def _held(pointer: str, value: object, lists: tuple[str, ...]) -> Iterable[tuple[str, object]] | None:
    """What an array or an envelope holds; None when the value is neither, so that it is a result."""
    fields = mapping(value)
    if fields is None:
        items = sequence(value)
        return None if items is None else ((f"{pointer}/{number}", item) for number, item in enumerate(items))
    for name in lists:
        if name in fields and sequence(fields[name]) is not None:
            return ((f"{pointer}/{name}", fields[name]),)
    if "detail-type" in fields and mapping(fields.get("detail")) is not None:
        return ((f"{pointer}/detail", fields["detail"]),)
    return None


def first_values(document: Document) -> Iterator[object]:
    """As many of the document's values as an adapter looks at; one of lines has very many."""
    return (value for _, value in islice(document.values, LOOKED_AT))


def first_objects(document: Document, *lists: str) -> Sequence[Mapping[str, object]]:
    """The objects among the first results; looked for once, for many adapters ask."""
    known = document.looked_at.get(lists)
    if known is None:
        first = (mapping(value) for _, value in islice(results(document, *lists), LOOKED_AT))
        known = document.looked_at[lists] = tuple(fields for fields in first if fields is not None)
    return known


def word(value: str | None) -> str | None:
    """The text, unless it is empty or stands for nothing: `<finding_uid>`, `requires login`, `None`."""
    made = value.strip() if value is not None else ""
    if not made or (made[0] in _PLACEHOLDERS_BEGIN and _PLACEHOLDER.fullmatch(made)):
        return None
    return made


def said(value: object) -> str | None:
    """The word of a field that is no more than decoration: a value of another type is dropped."""
    return word(value) if isinstance(value, str) else None


def inside(value: object, *names: str) -> object:
    """What stands below these names in objects within objects; None where there is nothing."""
    for name in names:
        fields = mapping(value)
        if fields is None:
            return None
        value = fields.get(name)
    return value


def text(value: object) -> str:
    """The value if it is a text, else "": of a field that only decorates, a wrong type costs nothing."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The words in an array, or the one word that stands in its place; what is no text is left out."""
    if isinstance(value, str):
        return alone(value)
    items = sequence(value)
    return _once([w for item in items if isinstance(item, str) and (w := word(item)) is not None]) if items else ()


def step(name: str) -> str:
    """A name as it stands in a JSON Pointer (RFC 6901, 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def some(values: Iterable[str | None]) -> tuple[str, ...]:
    """The words among the values, each once, in order."""
    return _once([w for v in values if v is not None and (w := word(v)) is not None])


def _once(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words)) if len(words) > 1 else tuple(words)


def alone(value: object) -> tuple[str, ...]:
    """The same of one value; what is no text is no word either."""
    made = said(value)
    return () if made is None else (made,)


def labelled(**values: str | None) -> dict[str, str]:
    """Labels without those that have no value."""
    return {name: w for name, value in values.items() if value is not None and (w := word(value)) is not None}


def moment(value: object) -> datetime | None:
    """A time in ISO 8601, seconds or milliseconds since 1970; without a zone it is UTC. None when it is no time."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        if isinstance(value, str):
            # Some write nine digits of a second; Python leaves the last three out.
            made = datetime.fromisoformat(value.strip())
            return made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)
        if not isfinite(value) or value <= 0:
            return None
        return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
