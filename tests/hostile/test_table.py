"""The table of faults names tests that there are, and every fault has one."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("README.md")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """The table's rows as cells."""
    lines = (line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| "))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@cache
def held_by(file: str) -> frozenset[str]:
    """The tests of a file; none when there is no such file."""
    path = ROOT / file
    if not path.exists():
        return frozenset()
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(n.name for n in nodes if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def test_every_fault_has_tests_that_exist() -> None:
    """Three cells, and at least one test in the last."""
    told = [row for row in rows() if row[0] != "fault"]
    assert all(len(row) == 3 and row[1] for row in told)
    missing = {row[0]: [n for n in NAMED.findall(row[2]) if n[1] not in held_by(n[0])] for row in told}
    assert {fault: names for fault, names in missing.items() if names} == {}
    assert [row[0] for row in told if not NAMED.findall(row[2])] == []


def test_every_test_of_this_folder_is_in_the_table() -> None:
    """What is shown here stands there."""
    named = {name for row in rows() for _, name in NAMED.findall(row[-1])}
    here = {name for path in TABLE.parent.glob("test_*.py") for name in held_by(str(path.relative_to(ROOT)))}
    unlisted = here - named - held_by("tests/hostile/test_table.py")
    assert unlisted == {
        "test_a_change_of_each_kind_is_made_with_one_credential",
        "test_a_credential_that_the_host_can_kill_is_killed_and_proved_dead",
    }, "these two are what the faults are measured by"
