"""Compatibility of schemas: first each change that is refused, in both directions, then those that are not."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from fixgate.compatibility import differences, require_compatible
from fixgate.errors import Misconfigured

Schema = dict[str, Any]
Change = Callable[[Schema], object]


def base() -> Schema:
    """A record with one of everything."""
    return {
        "type": "record",
        "name": "Thing",
        "namespace": "fixgate",
        "doc": "A thing.",
        "fields": [
            {"name": "id", "type": "string", "form": "key", "doc": "Its id."},
            {"name": "count", "type": "long", "default": 0, "doc": "How many."},
            {"name": "note", "type": ["null", "string"], "default": None, "doc": "A note."},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}, "doc": "When."},
            {
                "name": "colour",
                "type": {
                    "type": "enum",
                    "name": "Colour",
                    "doc": "A colour.",
                    "symbols": ["unknown", "red", "green"],
                    "default": "unknown",
                },
                "doc": "Its colour.",
            },
            {"name": "other", "type": "Colour", "doc": "Its other colour."},
            {
                "name": "parts",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Part",
                        "doc": "A part.",
                        "fields": [{"name": "name", "type": "string", "doc": "Its name."}],
                    },
                },
                "default": [],
                "doc": "Its parts.",
            },
            {"name": "tags", "type": {"type": "map", "values": "string"}, "default": {}, "doc": "Its tags."},
        ],
    }


def field(schema: Schema, name: str) -> Schema:
    """A field of the record."""
    found: Schema = next(f for f in schema["fields"] if f["name"] == name)
    return found


def part(schema: Schema) -> Schema:
    """The record inside the array."""
    found: Schema = field(schema, "parts")["type"]["items"]
    return found


def colour(schema: Schema) -> Schema:
    """The enumeration."""
    found: Schema = field(schema, "colour")["type"]
    return found


def without(schema: Schema, name: str) -> None:
    """Drop a field."""
    schema["fields"].remove(field(schema, name))


REFUSED: dict[str, tuple[Change, str]] = {
    "a new field that is required": (
        lambda s: s["fields"].append({"name": "new", "type": "string", "doc": "."}),
        "Thing.new was added without a default",
    ),
    "a new field that is required, inside": (
        lambda s: part(s)["fields"].append({"name": "new", "type": "string", "doc": "."}),
        "Part.new was added without a default",
    ),
    "a dropped field that was required": (lambda s: without(s, "id"), "Thing.id was dropped but has no default"),
    "a renamed field": (lambda s: field(s, "id").update(name="key"), "Thing.id was dropped but has no default"),
    "a renamed field with an alias": (
        lambda s: field(s, "at").update(name="when", aliases=["at"]),
        "Thing.at was dropped but has no default",
    ),
    "a promotion": (lambda s: field(s, "count").update(type="double"), "Thing.count changed its type from long"),
    "a narrowing": (lambda s: field(s, "count").update(type="int"), "Thing.count changed its type from long to int"),
    "text become bytes": (lambda s: field(s, "id").update(type="bytes"), "Thing.id changed its type from string"),
    "null now allowed": (
        lambda s: field(s, "id").update(type=["null", "string"]),
        "Thing.id changed its type from string to [null, string]",
    ),
    "null no longer allowed": (
        lambda s: field(s, "note").update(type="string", default=""),
        "Thing.note changed its type from [null, string] to string",
    ),
    "another branch": (
        lambda s: field(s, "note").update(type=["null", "string", "long"]),
        "Thing.note changed its union",
    ),
    "branches swapped": (
        lambda s: field(s, "note").update(type=["string", "null"]),
        "Thing.note changed its type from null to string",
    ),
    "a logical type dropped": (
        lambda s: field(s, "at").update(type="long"),
        "Thing.at changed its type from timestamp-micros to long",
    ),
    "a logical type changed": (
        lambda s: field(s, "at")["type"].update(logicalType="timestamp-millis"),
        "Thing.at changed its type from timestamp-micros to timestamp-millis",
    ),
    "items of another type": (
        lambda s: field(s, "parts").update(type={"type": "array", "items": "string"}),
        "Thing.parts[] changed its type from Part to string",
    ),
    "an array become a map": (
        lambda s: field(s, "tags").update(type={"type": "array", "items": "string"}, default=[]),
        "Thing.tags changed its type from map to array",
    ),
    "values of another type": (
        lambda s: field(s, "tags")["type"].update(values="long"),
        "Thing.tags{} changed its type from string to long",
    ),
    "a renamed type": (lambda s: part(s).update(name="Piece"), "changed its type from Part to Piece"),
    "a renamed record": (lambda s: s.update(name="Thingy"), "changed its type from Thing to Thingy"),
    "another namespace": (lambda s: s.update(namespace="fixgate.v2"), "Thing changed its namespace"),
    "a symbol dropped and no default": (
        lambda s: (colour(s)["symbols"].remove("green"), colour(s).pop("default")),
        "Colour lost green and has no default",
    ),
    "another default of an enumeration": (
        lambda s: colour(s).update(default="red"),
        "Colour changed its default",
    ),
    "another default of a field": (lambda s: field(s, "count").update(default=1), "Thing.count changed its default"),
    "a form added": (lambda s: field(s, "count").update(form="natural"), "Thing.count changed its form"),
    "a form dropped": (lambda s: field(s, "id").pop("form"), "Thing.id changed its form"),
}

ALLOWED: dict[str, Change] = {
    "nothing": lambda _: None,
    "docs": lambda s: (s.update(doc="Else."), field(s, "id").update(doc="Else."), colour(s).update(doc="Else.")),
    "a new field with a default": lambda s: s["fields"].append(
        {"name": "new", "type": "string", "default": "", "doc": "."}
    ),
    "a new field in the middle": lambda s: s["fields"].insert(
        1, {"name": "new", "type": ["null", "long"], "default": None, "doc": "."}
    ),
    "a new field with a default, inside": lambda s: part(s)["fields"].append(
        {"name": "new", "type": "long", "default": 0, "doc": "."}
    ),
    "a dropped field with a default": lambda s: without(s, "count"),
    "fields in another order": lambda s: s["fields"].insert(0, s["fields"].pop(1)),
    "a symbol added where there is a default": lambda s: colour(s)["symbols"].append("blue"),
    "a symbol dropped where there is a default": lambda s: colour(s)["symbols"].remove("green"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_change_that_breaks_somebody_is_refused(name: str) -> None:
    """One side could no longer read the other's records, or would read something else out of them."""
    change, message = REFUSED[name]
    changed = base()
    change(changed)
    assert any(message in fault for fault in differences(changed, base())), differences(changed, base())
    assert differences(base(), changed), "undoing the change breaks somebody as well"


def test_a_symbol_added_where_an_older_reader_has_no_default_is_refused() -> None:
    """It would meet a symbol that it does not know."""
    old, new = base(), base()
    for schema in (old, new):
        colour(schema).pop("default")
    colour(new)["symbols"].append("blue")
    assert differences(new, old) == ("Colour gained blue, which an older reader without a default refuses",)


def test_every_version_counts_and_not_only_the_last() -> None:
    """A field dropped in the second version cannot come back with another type in the third."""
    first, second, third = base(), base(), base()
    without(second, "count")
    field(third, "count").update(type="string", default="")
    require_compatible("Thing", third, {"version 2": second})
    with pytest.raises(Misconfigured, match=r"Thing.count changed its type from long to string \(version 1\)"):
        require_compatible("Thing", third, {"version 1": first, "version 2": second})


def test_all_faults_are_told_at_once() -> None:
    """Not one after the other, run by run."""
    changed = base()
    without(changed, "id")
    field(changed, "count").update(type="string")
    with pytest.raises(Misconfigured) as caught:
        require_compatible("Thing", changed, {"version 1": base()})
    assert "Thing.id" in caught.value.message
    assert "Thing.count" in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("name", ALLOWED)
def test_a_change_that_breaks_nobody_is_accepted_both_ways(name: str) -> None:
    """Forwards and backwards."""
    changed = base()
    ALLOWED[name](changed)
    assert differences(changed, base()) == ()
    assert differences(base(), copy.deepcopy(changed)) == ()
