"""Each service's group of requirements holds what the service imports, wherever it does, and asks for nothing else."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
GROUPS: Final = {
    "ingest": "rails",
    "analyzer": "rails",
    "proposer": "proposer",
    "gate": "gate",
    "issuer": "issuer",
    "executor": "executor",
}
"""The group that each service is installed with."""
OURS: Final = ("fixgate", "services")
DISTRIBUTIONS: Final = packages_distributions()
NOT_IMPORTED: Final = {
    "flask": "moto's server, which answers behind the account's front, imports it",
    "flask-cors": "likewise",
    "setuptools": "installs the command",
    "grpcio-tools": "run as a program",
}
"""What is installed without being imported by us, and why."""
WITHOUT: Final = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"{name} is not in the group", name=name)
sys.meta_path.insert(0, Refuse())
import services.SERVICE.service
"""


def normal(distribution: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def locked(group: str) -> set[str]:
    """What a group's compiled file installs."""
    text = (ROOT / "requirements" / f"{group}.txt").read_text(encoding="utf-8")
    return {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}


def asked(group: str) -> set[str]:
    """What a group names itself."""
    lines = (ROOT / "requirements" / f"{group}.in").read_text(encoding="utf-8").splitlines()
    return {normal(re.split(r"[\[<>=]", line)[0]) for line in lines if line and line[0] not in "#-"}


def source(module: str) -> Path | None:
    """The file of one of our modules; None when it is none."""
    path = ROOT / Path(*module.split("."))
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if p.exists()), None)


def statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import below a node, in functions too; not those for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from statements(child)


@cache
def imported(path: Path) -> set[str]:
    """The modules that a file names, and those that the names it takes from them may be."""
    found: set[str] = set()
    for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
        else:
            assert statement.module, f"{path}: relative imports are not followed"
            found.add(statement.module)
            found.update(f"{statement.module}.{alias.name}" for alias in statement.names)
    if path.name == "catalogue.py":  # it imports each template's operations by the folder's name
        folders = (p.parent for p in path.parent.glob("*/operations.py"))
        found.update(f"fixgate.changes.{folder.name}.operations" for folder in folders)
    return found


def outside(start: str) -> dict[str, str]:
    """What a module imports that is not ours, however far away, by its top-level name; with one file that does."""
    waiting, seen, found = [start], {start}, dict[str, str]()
    while waiting:
        module = waiting.pop()
        if module.partition(".")[0] not in OURS:
            found.setdefault(module.partition(".")[0], "")
            continue
        parts = module.split(".")
        parents = {".".join(parts[:end]) for end in range(1, len(parts))}
        path = source(module)
        names = imported(path) if path else set[str]()
        for name in names:
            if name.partition(".")[0] not in OURS:
                found[name.partition(".")[0]] = str(path)
        fresh = {n for n in names | parents if n.partition(".")[0] in OURS} - seen
        seen |= fresh
        waiting += fresh
    return {name: file for name, file in found.items() if name not in sys.stdlib_module_names}


@pytest.mark.parametrize("service", GROUPS)
def test_a_group_has_all_that_its_service_may_import(service: str) -> None:
    """At its start or later: each module comes from a distribution that the group pins."""
    have = locked(GROUPS[service])
    needed = outside(f"services.{service}.__main__")
    assert {"confluent_kafka", "grpc"} & set(needed)
    missing = {n: file for n, file in needed.items() if not {normal(d) for d in DISTRIBUTIONS.get(n, ())} & have}
    assert not missing


@pytest.mark.parametrize("service", GROUPS)
def test_a_service_is_imported_where_only_its_group_is_installed(service: str) -> None:
    """With every other module of this environment refused, the wiring is importable."""
    have = locked(GROUPS[service])
    refused = {m for m, names in DISTRIBUTIONS.items() if not {normal(n) for n in names} & have} - set(OURS)
    assert {"pytest", "hypothesis"} <= refused
    program = f"REFUSED = {refused!r}" + WITHOUT.replace("SERVICE", service)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_service_has_a_group() -> None:
    """A new service says what it is installed with."""
    assert set(GROUPS) == {p.parent.name for p in (ROOT / "services").glob("*/__main__.py")}


def test_the_receivers_group_has_all_that_it_may_import() -> None:
    """It is no service, and is installed by itself all the same."""
    have = locked("receiver")
    needed = outside("fixgate.receiving.__main__")
    assert {"starlette", "uvicorn", "confluent_kafka"} <= set(needed)
    missing = {n: file for n, file in needed.items() if not {normal(d) for d in DISTRIBUTIONS.get(n, ())} & have}
    assert not missing


@pytest.mark.parametrize("group", ["rails", "proposer", "gate", "issuer", "executor", "receiver", "local"])
def test_a_group_asks_for_nothing_that_nobody_imports(group: str) -> None:
    """What is no longer used goes from the requirements too."""
    used: set[str] = set()
    for folder in OURS:
        for path in (ROOT / folder).rglob("*.py"):
            used.update(name.partition(".")[0] for name in imported(path))
    distributions = {normal(d) for name in used for d in DISTRIBUTIONS.get(name, ())}
    assert asked(group) <= distributions | set(NOT_IMPORTED)


def test_what_only_builds_and_tests_need_is_with_no_service() -> None:
    """A service's environment is no larger than it must be."""
    for group in {*GROUPS.values(), "local"}:
        assert not asked("dev") & locked(group)
