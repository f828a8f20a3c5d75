"""Shows the steps of a long work: bars on a terminal, plain lines elsewhere."""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from fixgate.local.progress import Report, Step


@contextmanager
def shown() -> Generator[Report]:
    """Show what is reported, on standard error, for as long as the context is open."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    # The note gives way when the terminal is narrow.
    note = TextColumn("{task.fields[note]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=20, table_column=Column(min_width=20)),
        TimeElapsedColumn(),
        note,
    )
    with Progress(*columns, console=Console(stderr=True), expand=True) as progress:
        yield _bars(progress)


def _bars(progress: Progress) -> Report:
    tasks: dict[str, TaskID] = {}

    def report(step: Step) -> None:
        if step.name not in tasks:
            tasks[step.name] = progress.add_task(step.name, note="")
        note = f"{step.done}/{step.total} {step.note}" if step.total > 1 else step.note
        # A bar without steps pulses until it is over.
        total = None if step.total == 1 and not step.done else step.total
        progress.update(tasks[step.name], total=total, completed=step.done, note=note)

    return report


def _lines() -> Report:
    told: set[tuple[str, bool]] = set()
    lock = threading.Lock()

    def report(step: Step) -> None:
        over = step.done == step.total
        with lock:
            if (step.name, over) in told:
                return
            told.add((step.name, over))
            note = f": {step.note}" if step.note and step.total == 1 else ""
            sys.stderr.write(f"{step.name} {'done' if over else '…'}{note}\n")
            sys.stderr.flush()

    return report
