"""`python -m fixgate.generation [--check | --release]`: see the package's docstring."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from fixgate.errors import EXIT_REFUSED, FixgateError
from fixgate.generation.history import render_history
from fixgate.generation.modules import Renderer
from fixgate.generation.tables import render_package, render_tables
from fixgate.schemas import FOLDER, SchemaFolder

EVENTS = FOLDER.parent / "fixgate" / "events"


def render(folder: SchemaFolder, *, release: bool = False) -> Mapping[Path, str]:
    """Every generated file by its absolute path; raises `Misconfigured` when the schemas are not fit for it."""
    renderer = Renderer(folder)
    events = {
        **renderer.modules(),
        Path("tables.py"): render_tables(folder, renderer),
        Path("__init__.py"): render_package(renderer),
        Path("py.typed"): "",
    }
    history = render_history(folder, release=release)
    return {
        **{EVENTS / path: text for path, text in events.items()},
        **{folder.path / path: text for path, text in history.items()},
    }


def differing(files: Mapping[Path, str]) -> list[Path]:
    """The files that are not as they should be, and those in `fixgate/events/` that should not be there."""
    wrong = [p for p, text in files.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    return [*wrong, *(p for p in EVENTS.glob("*.py") if p not in files)]


def main(arguments: list[str]) -> int:
    """Exit code 0 when everything is as it should be, 1 when `--check` found a difference, 2 for bad schemas."""
    parser = argparse.ArgumentParser(prog="python -m fixgate.generation", description="Generate from schemas/.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; exit 1 when something differs")
    mode.add_argument("--release", action="store_true", help="mark the current versions as released")
    chosen = parser.parse_args(arguments)
    try:
        files = render(SchemaFolder(), release=chosen.release)
    except FixgateError as error:
        sys.stderr.write(f"{error.message} {error.remedy}".strip() + "\n")
        return error.exit_code
    wrong = differing(files)
    for path in wrong:
        sys.stdout.write(f"{path.relative_to(FOLDER.parent)}\n")
        if not chosen.check:
            _correct(path, files)
    return EXIT_REFUSED if chosen.check and wrong else 0


def _correct(path: Path, files: Mapping[Path, str]) -> None:
    if path not in files:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(files[path], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
