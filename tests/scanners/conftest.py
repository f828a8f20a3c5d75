"""What the scanners wrote: each is run once over a project."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.account.world import World, new_world
from tests.scanners import osv
from tests.scanners.programs import PRINTED, Printed, Scanner
from tests.scanners.project import PROJECTS, written

Scans = Callable[..., Printed]
"""`scans(scanner, project)`, of `PROJECTS`."""


@pytest.fixture(scope="session")
def vulnerabilities() -> Iterator[str]:
    """The address of the database that pip-audit asks."""
    with osv.serving() as address:
        yield address


@pytest.fixture(scope="session")
def account(short_tmp: Path) -> Iterator[World]:
    """An emulated account in which a key has leaked."""
    world = new_world(short_tmp / "scanned")
    with world.account:
        yield world


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory, vulnerabilities: str) -> Scans:
    """Runs a scanner, unless it ran before; skips by name when it is not installed."""
    ran: dict[tuple[str, str, str], tuple[Path, str]] = {}

    def scan(scanner: Scanner, project: str = "shop") -> Printed:
        key = (scanner.name, scanner.arguments, project)
        if key not in ran:
            folder = tmp_path_factory.mktemp(scanner.name)
            where = written(folder / project, PROJECTS[project])
            ran[key] = (folder / "out", scanner.run(where, folder / "out", vulnerabilities))
        out, said = ran[key]
        report = out / (scanner.file or PRINTED)
        assert report.is_file(), said[-2000:]
        return Printed(report=report.read_bytes(), said=said)

    return scan
