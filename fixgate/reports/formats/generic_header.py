"""The head of a generic report: which tool, and where in each result our fields stand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from fixgate.errors import Poison, Reason
from fixgate.reports.fields import mapping, said, sequence
from fixgate.reports.formats.generic_shapes import NAMES, NUMBERS

MARK: Final = "generic/"
VERSION: Final = "generic/1"
STEPS_LIMIT: Final = 20
"""Names in a path at most."""
_PLAIN: Final = re.compile(r"[a-z_]{1,40}")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_KNOWN: Final = frozenset({"fixgate", "tool", "mapping", "words", "constants", "complete", "results"})
"""Another field may be one of these, misspelt; one that begins with `x-` is the sender's own."""
Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """See the module.

    `paths` are our names, each with the first and the other steps to its field; None when the results use our names.
    """

    tool: str
    version: str | None
    paths: Sequence[tuple[str, str, Steps]] | None
    words: Mapping[str, Mapping[str, str]]
    severities: Mapping[str, str]
    """Words that the severity has: the tool's own one is kept beside ours."""
    constants: Mapping[str, object]
    complete: bool

    def fields(self, own: Mapping[str, object]) -> dict[str, object]:
        """What a result says, by our names; a field that it does not have is left out."""
        if self.paths is None:
            made = {name: value for name, value in own.items() if value is not None and name in NAMES}
        else:
            made = {}
            for name, first, others in self.paths:
                value = _below(own.get(first), others) if others else own.get(first)
                if value is not None:
                    made[name] = value
        for name, words in self.words.items():
            theirs = made.get(name)
            if isinstance(theirs, (str, int)):
                made[name] = words.get(str(theirs).strip().lower(), theirs)
        for name in NUMBERS:
            if name in made:
                made[name] = _number(made[name])
        return {**self.constants, **made}


def header(value: object) -> Header:
    """The head of a report; raises Poison, saying what is wrong with it."""
    fields = mapping(value) or {}
    if fields.get("fixgate") != VERSION:
        _refuse(f"is of a version of the generic format that is not known; known is {VERSION}")
    for name in fields:
        if name not in _KNOWN and not name.startswith("x-"):
            _refuse(f"has a field {_shown(name)} beside its results; known are {', '.join(sorted(_KNOWN))}")
    tool = mapping(fields.get("tool")) or {}
    named, version = said(tool.get("name")), said(tool.get("version"))
    if named is None:
        _refuse('does not say which tool made it: {"tool": {"name": "…"}}')
    complete = fields.get("complete", True)
    if not isinstance(complete, bool):
        _refuse('has a "complete" that is neither true nor false')
    mapped = _named(fields, "mapping")
    paths = None if mapped is None else tuple((name, *_steps(name, path)) for name, path in mapped.items())
    words = {name: _words(name, theirs) for name, theirs in (_named(fields, "words") or {}).items()}
    severities = words.pop("severity", {})
    return Header(
        tool=named,
        version=version,
        paths=paths,
        words=words,
        severities=severities,
        constants={field: _constant(field, c) for field, c in (_named(fields, "constants") or {}).items()},
        complete=complete,
    )


def _named(fields: Mapping[str, object], part: str) -> Mapping[str, object] | None:
    """A part of the head, which is by our names."""
    if fields.get(part) is None:
        return None
    found = mapping(fields[part])
    if found is None:
        _refuse(f'has a "{part}" that is no object')
    for name in found:
        if name not in NAMES:
            _refuse(f'has a "{part}" of {_shown(name)}, which is none of our names: {", ".join(sorted(NAMES))}')
    return found


def _steps(name: str, path: object) -> tuple[str, Steps]:
    """The first name on the way to a field and the others: a JSON Pointer (RFC 6901), or names with dots between."""
    if not isinstance(path, str) or not path.strip("./"):
        _refuse(f'has a mapping of "{name}" that is no path, such as "check.id" or "/check/id"')
    if path.startswith("/"):
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/"))
    else:
        steps = tuple(path.split("."))
        if "" in steps:
            _refuse(f'has a mapping of "{name}" with nothing between two dots')
    if len(steps) > STEPS_LIMIT:
        _refuse(f'has a mapping of "{name}" with more than {STEPS_LIMIT} steps')
    return steps[0], steps[1:]


def _words(name: str, words: object) -> Mapping[str, str]:
    found = mapping(words)
    if found is None or not all(isinstance(ours, str) for ours in found.values()):
        _refuse(f'has "words" of "{name}" that are not texts by texts, such as {{"blocker": "critical"}}')
    return {theirs.strip().lower(): str(ours) for theirs, ours in found.items()}


def _constant(name: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        _refuse(f'has a constant "{name}" that is neither a text nor a number')
    return value


def _below(value: object, steps: Steps) -> object:
    for step in steps:
        fields = mapping(value)
        value = _item(value, step) if fields is None else fields.get(step)
    return value


def _item(value: object, step: str) -> object:
    items = sequence(value)
    if items is None or not _DIGITS.fullmatch(step) or int(step) >= len(items):
        return None
    return items[int(step)]


def _number(value: object) -> object:
    """A number that the tool wrote as a text."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value.strip()) else value


def _shown(name: str) -> str:
    # What is no plain name may be a text of the report.
    return f'"{name}"' if _PLAIN.fullmatch(name) else '"…"'


def _refuse(why: str) -> NoReturn:
    raise Poison(Reason.INVALID, f"the report {why}")
