"""The command line as a table for the README: every command with its arguments and its one line of help.

It is taken from the commands themselves, never from what `--help` prints: that is laid out for a terminal's width.
"""

from collections.abc import Iterator
from typing import Any

import typer.main
from typer.core import TyperArgument, TyperGroup

from fixgate.cli import app


def lines() -> tuple[tuple[str, str], ...]:
    """Each command as one types it, and what it does in one line. Groups are their commands."""
    return tuple(_below(typer.main.get_command(app), "fixgate"))


def _below(command: Any, typed: str) -> Iterator[tuple[str, str]]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from _below(child, f"{typed} {name}")
    elif not command.hidden:
        named = [p.metavar or (p.name or "").upper() for p in command.params if isinstance(p, TyperArgument)]
        # The first paragraph: what follows it is for whoever asks for that command's help.
        yield " ".join([typed, *named]), " ".join((command.help or "").partition("\n\n")[0].split())
