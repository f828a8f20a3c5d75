"""How the demo is shown: a table that lives on a terminal, plain lines elsewhere."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fixgate.demo.play import Show, Trouble
from fixgate.demo.watching import Stage
from fixgate.errors import Refused

_COLOURS: Final = {"done": "green", "allowed": "green", "waiting": "yellow", "refused": "red", "rolled_back": "magenta"}
_COMMAND_S: Final = 120.0


def command(home: Path, arguments: tuple[str, ...]) -> str:
    """Run `fixgate` on the stack in `home`, as a program of its own; its output. Raises Refused when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIXGATE_")}
    environment |= {"FIXGATE_HOME": str(home), "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, "-m", "fixgate.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_COMMAND_S,
        check=False,
    )
    if done.returncode:
        raise Refused(f"fixgate {arguments[0]} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


class Lines:
    """Plain lines: what changed, once."""

    def __init__(self, home: Path, troubles: Mapping[str, Trouble]) -> None:
        self._home = home
        self._troubles = troubles
        self._told: dict[str, str] = {}

    def say(self, text: str) -> None:
        """See `Show`."""
        print(text, flush=True)  # noqa: T201 - it is what the command prints

    def stages(self, stages: list[Stage], states: Mapping[str, str]) -> None:
        """See `Show`: a line for each trouble whose state is another."""
        del stages
        for name, state in states.items():
            if state and self._told.get(name) != state:
                self._told[name] = state
                self.say(f"  {self._troubles[name].words}: {state}")

    def settle(self) -> None:
        """See `Show`."""

    def command(self, *arguments: str) -> None:
        """See `Show`."""
        self.say(f"\n$ fixgate {' '.join(arguments)}")
        self.say(command(self._home, arguments))


class Screen:
    """A table of the stages and one of the troubles, redrawn in place."""

    def __init__(self, home: Path, troubles: Mapping[str, Trouble]) -> None:
        self._home = home
        self._troubles = troubles
        self._console = Console()
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """See `Show`."""
        self.settle()
        self._console.print(Text(text, style="bold"))

    def stages(self, stages: list[Stage], states: Mapping[str, str]) -> None:
        """See `Show`."""
        drawn = Group(pipeline(stages), self._account(states))
        if self._live is None:
            self._live = Live(drawn, console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(drawn, refresh=True)

    def settle(self) -> None:
        """See `Show`."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def command(self, *arguments: str) -> None:
        """See `Show`."""
        self.settle()
        self._console.print(Text(f"\n$ fixgate {' '.join(arguments)}", style="bold cyan"))
        self._console.print(Text(command(self._home, arguments)))

    def _account(self, states: Mapping[str, str]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("trouble")
        table.add_column("state")
        for name, state in states.items():
            table.add_row(Text(self._troubles[name].words), Text(state or "…", style=_COLOURS.get(state, "")))
        return table


def pipeline(stages: list[Stage]) -> Table:
    """The stages as a table."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("stage")
    for heading in ("in", "out", "rejected", "waiting", "latency"):
        table.add_column(heading, justify="right")
    for stage in stages:
        latency = "" if stage.latency is None else f"{stage.latency * 1000:.0f} ms"
        counts = (stage.taken, stage.made, stage.rejected, stage.waiting)
        table.add_row(stage.name, *map(str, counts), latency)
    return table


def show_on(home: Path, troubles: Mapping[str, Trouble]) -> Show:
    """What suits where the output goes."""
    return Screen(home, troubles) if sys.stdout.isatty() else Lines(home, troubles)
