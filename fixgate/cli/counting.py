"""Progress of work that is counted: a bar on a terminal, a line now and then elsewhere, nothing when it is quick."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import typer

_QUIET_S: Final = 1.0
_LINE_S: Final = 10.0


@contextmanager
def counted(what: str) -> Generator[Callable[[int, int], None]]:
    """Call the result with what is done and the whole; it writes on standard error."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import Progress, TimeRemainingColumn  # noqa: PLC0415 - slow to import

    with Progress(
        *Progress.get_default_columns()[:-1], TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int], None]:
    due = time.monotonic() + _QUIET_S

    def report(done: int, total: int) -> None:
        nonlocal due
        if time.monotonic() >= due and done < total:
            due = time.monotonic() + _LINE_S
            typer.echo(f"{done} of {total} {what}", err=True)

    return report
