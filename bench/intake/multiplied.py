"""A large report of any format: the results of a small one many times, each with another identity.

The samples of tests have short results. With `FIXGATE_TEST_CORPUS` real reports are multiplied, whose results are as
long as real ones are.
"""

import copy
import json
import os
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final, cast

from fixgate.errors import Poison
from fixgate.reports.opening import document
from fixgate.reports.report import read
from tests.reports.samples import Lines, at, path_of, sample, written

CORPUS: Final = "FIXGATE_TEST_CORPUS"
SHORTEST: Final = 2
"""Characters of a part of an identity that is changed where it stands; shorter ones stand anywhere."""
FAR: Final = 1_000
"""So far from each other are the numbers that identify copies; larger ones are classes and the like."""


def multiplied(name: str, size: int) -> bytes:
    """A report of the format with at least `size` bytes; raises ValueError when its copies are repeats.

    A report has few rules, and each of them many results: rules are multiplied only where nothing else identifies.
    """
    for value, rules_too in product((*_real(name), sample(name)), (False, True)):
        made, copies = _made(copy.deepcopy(value), size, rules_too=rules_too)
        report = read(made)
        if len(report.findings) >= copies and report.repeated <= len(report.findings):
            return made
    raise ValueError(f"{name}: the copies are repeats")


def _made(value: Any, size: int, *, rules_too: bool) -> tuple[bytes, int]:
    """The report, and how many copies of each result are in it."""
    report = read(written(value))
    parts = {p.lower() for told in report.findings for p in told.draft.identity}
    own = parts | {word for part in parts for word in part.split()}
    if not rules_too:
        own -= {told.draft.rule_id.lower() for told in report.findings}
    places = [path_of(told.draft.pointer, value) for told in report.findings]
    times = size // max(1, sum(len(json.dumps(at(value, place))) for place in places)) + 1
    for parent in dict.fromkeys(place[:-1] for place in places):
        _multiply(at(value, parent), {p[-1] for p in places if p[:-1] == parent}, own, times)
    return written(value), times


def _real(name: str) -> Iterator[Any]:
    """The largest real report of the format, if there are any."""
    folder = os.environ.get(CORPUS)
    if folder is None:
        return
    listed = json.loads((Path(folder) / "manifest.json").read_bytes())["files"]
    files = [Path(folder) / entry["file"] for entry in listed if entry["format"] == name and entry["kind"] == "real"]
    for file in sorted(files, key=lambda f: f.stat().st_size, reverse=True)[:1]:
        try:
            values = document(file.read_bytes()).values
        except Poison:
            continue  # a table, which is named and not read
        yield Lines(v for _, v in values) if values[0][0] else values[0][1]


def _multiply(holder: Any, names: set[str | int], own: set[str], times: int) -> None:
    if isinstance(holder, list):
        items = cast("list[Any]", holder)  # type: ignore[redundant-cast]  # pyright does not know what is in it
        results = [items[int(n)] for n in sorted(names)]
        items += [_another(result, own, number) for number in range(1, times) for result in results]
    else:
        fields = cast("dict[str, Any]", holder)
        for number in range(1, times):
            fields.update({f"{name}{number}": _another(fields[str(name)], own, number) for name in names})


def _another(value: Any, own: set[str], number: int) -> Any:
    """A copy with another identity."""
    if isinstance(value, str):
        return f"{value}{number}" if len(value) >= SHORTEST and value.lower() in own else value
    if isinstance(value, int) and not isinstance(value, bool) and value < FAR:
        return value + number * FAR if str(value) in own else value
    if isinstance(value, dict):
        return {name: _another(inner, own, number) for name, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)  # type: ignore[redundant-cast]  # likewise
        return [_another(inner, own, number) for inner in items]
    return value


def long_sarif(size: int) -> Iterator[bytes]:
    """Pieces of a SARIF log of so many bytes, whose rules stand behind its results."""
    region = {"startLine": 3, "snippet": {"text": "code = of(this, thing)  # %d"}}
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/module%d/file.py"}, "region": region}}
    result = {"ruleId": "r1", "message": {"text": "Somebody should look at this. " * 12}, "locations": [place]}
    pattern = json.dumps(result).replace("%", "%%").replace("%%d", "%d")
    written_so_far, number = 0, 0
    yield b'{"version": "2.1.0", "runs": [{"results": ['
    while written_so_far < size:
        piece = (", " if number else "") + pattern % (number % 5000, number)
        yield piece.encode()
        written_so_far += len(piece)
        number += 1
    rules: Mapping[str, Any] = {"driver": {"name": "Scanner", "rules": [{"id": "r1"}]}}
    yield b'], "tool": %b}]}' % json.dumps(rules).encode()
