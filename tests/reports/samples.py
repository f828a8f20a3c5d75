"""Each format's sample, and what can be done to it without knowing the format: walked, changed, written out.

`SAMPLE` of `formats/test_<name>.py` is a JSON value, or bytes of JSON lines.
"""

import copy
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from fixgate.events import Finding
from fixgate.reports.adapter import Hints
from fixgate.reports.findings import findings
from fixgate.reports.report import Report, read
from tests.reports.making import KEY, ORIGIN

Path_ = tuple[str | int, ...]
MODULES: Final = Path(__file__).parent / "formats"


class Lines(list[Any]):
    """The values of a report of JSON lines."""


@cache
def module_names() -> tuple[str, ...]:
    """Names of formats as their tests' files have them."""
    return tuple(sorted(path.stem.removeprefix("test_") for path in MODULES.glob("test_*.py")))


def sample(name: str) -> Any:
    """The format's sample, one's own to change; fails when its tests have none."""
    module = importlib.import_module(f"tests.reports.formats.test_{name.replace('-', '_')}")
    given = module.SAMPLE
    if isinstance(given, bytes):
        return Lines(json.loads(line) for line in given.splitlines() if line.strip())
    return json.loads(json.dumps(given))


def written(value: Any) -> bytes:
    """The report's bytes."""
    if isinstance(value, Lines):
        return b"".join(json.dumps(line).encode() + b"\n" for line in value)
    return json.dumps(value).encode()


def read_as(value: Any, name: str = "") -> Report:
    """The report, by its content or by name."""
    return read(written(value), Hints(format=name))


def made_of(value: Any) -> tuple[Finding, ...]:
    """The findings of the report."""
    return tuple(findings(read_as(value), KEY, ORIGIN))


def walked(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Everything in a value with its path, what holds before what is held."""
    yield path, value
    if isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            yield from walked(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(cast("Sequence[Any]", value)):
            yield from walked(item, (*path, number))


def at(value: Any, path: Path_) -> Any:
    """What stands at a path."""
    for part in path:
        value = value[part]
    return value


def replaced(value: Any, path: Path_, by: Any) -> Any:
    """A copy with something else at the path."""
    changed = copy.deepcopy(value)
    at(changed, path[:-1])[path[-1]] = by
    return changed


Fields = dict[str, Any]


def rebuilt(
    value: Any,
    *,
    leaf: Callable[[Path_, Any], Any] = lambda _, scalar: scalar,
    fields: Callable[[Path_, Fields], Fields] = lambda _, held: held,
    path: Path_ = (),
) -> Any:
    """A copy with each scalar made anew, and each object once what it holds was."""
    if isinstance(value, dict):
        held = cast("Fields", value)
        made = {name: rebuilt(item, leaf=leaf, fields=fields, path=(*path, name)) for name, item in held.items()}
        return fields(path, made)
    if isinstance(value, list):
        items = enumerate(cast("Sequence[Any]", value))
        copied = [rebuilt(item, leaf=leaf, fields=fields, path=(*path, number)) for number, item in items]
        return Lines(copied) if isinstance(value, Lines) else copied
    return leaf(path, value)


def path_of(pointer: str, value: Any) -> Path_:
    """The path of a pointer: `line 3/a/0` of lines, else a JSON Pointer (RFC 6901)."""
    root, *parts = pointer.split("/")
    path: list[str | int] = []
    if isinstance(value, Lines):
        path.append(int(root.removeprefix("line ")) - 1)
    for part in parts:
        inner = at(value, tuple(path))
        path.append(int(part) if isinstance(inner, list) else part.replace("~1", "/").replace("~0", "~"))
    return tuple(path)
