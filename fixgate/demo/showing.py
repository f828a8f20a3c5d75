"""How the demo is shown: tables that live on a terminal, plain lines elsewhere."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fixgate.demo.endings import Trouble
from fixgate.demo.watching import Stage
from fixgate.errors import FixgateError, Refused, Unavailable

_COLOURS: Final = {"done": "green", "allowed": "green", "waiting": "yellow", "refused": "red", "rolled_back": "magenta"}
_COMMAND_S: Final = 120.0
_WIDTH: Final = 100


class Show(Protocol):
    """How the demo is shown: on a terminal, or as plain lines."""

    def say(self, text: str) -> None:
        """A line of the story."""
        ...

    def detail(self, text: str) -> None:
        """A line below it."""
        ...

    def stages(self, stages: list[Stage], states: Mapping[str, str]) -> None:
        """The pipeline and each trouble's state as of now; called often."""
        ...

    def settle(self) -> None:
        """The pipeline stands still for a while: others may write."""
        ...

    def figures(self, stages: list[Stage]) -> None:
        """What each stage did, once and for good."""
        ...

    def ending(self, state: str, words: str, reasons: Sequence[str]) -> None:
        """How one trouble ended, and why."""
        ...

    def command(self, *arguments: str) -> None:
        """Run `fixgate` with these arguments and show both; raises Refused when it fails."""
        ...


class _Shown:
    """What both ways have in common: commands are run as programs of their own, on the stack in `home`."""

    def __init__(self, home: Path, troubles: Mapping[str, Trouble]) -> None:
        self._home = home
        self._troubles = troubles

    def _run(self, arguments: Sequence[str], *, captured: bool) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FIXGATE_")}
        environment["FIXGATE_HOME"] = str(self._home)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "fixgate.cli", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                # Ctrl-C is for the demo, which then ends this, too.
                start_new_session=True,
                stdout=subprocess.PIPE if captured else None,
                stderr=subprocess.PIPE if captured else None,
                text=True,
                timeout=_COMMAND_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"fixgate {arguments[0]} was not done in {_COMMAND_S:.0f} s") from None
        if done.returncode:
            kind: type[FixgateError] = Refused if done.returncode == Refused.exit_code else Unavailable
            raise kind(f"fixgate {arguments[0]} ended with {done.returncode} {(done.stderr or '').strip()}".strip())
        return done.stdout or ""

    def _typed(self, arguments: Sequence[str]) -> str:
        """The command as somebody would type it; paths in the home are shortened."""
        return f"$ fixgate {' '.join(_quoted(a.replace(str(self._home), '$FIXGATE_HOME')) for a in arguments)}"


class Lines(_Shown):
    """Plain lines: what changed, once."""

    def __init__(self, home: Path, troubles: Mapping[str, Trouble]) -> None:
        super().__init__(home, troubles)
        self._told: dict[str, str] = {}

    def say(self, text: str) -> None:
        """See `Show`."""
        self._print(f"\n{text}")

    def detail(self, text: str) -> None:
        """See `Show`."""
        self._print(f"  {text}")

    def stages(self, stages: list[Stage], states: Mapping[str, str]) -> None:
        """See `Show`: a line for each trouble whose state is another."""
        del stages
        for name, state in states.items():
            if state and self._told.get(name) != state:
                self._told[name] = state
                self.detail(f"{state:12} {self._troubles[name].words}")

    def settle(self) -> None:
        """See `Show`."""

    def figures(self, stages: list[Stage]) -> None:
        """See `Show`."""
        self._print("")
        Console(width=_WIDTH, file=sys.stdout, color_system=None).print(pipeline(stages))
        sys.stdout.flush()

    def ending(self, state: str, words: str, reasons: Sequence[str]) -> None:
        """See `Show`."""
        self.detail(f"{state:12} {words}")
        for reason in reasons:
            self.detail(f"{'':12} - {reason}")

    def command(self, *arguments: str) -> None:
        """See `Show`."""
        self.say(self._typed(arguments))
        self._print(self._run(arguments, captured=True).rstrip())

    @staticmethod
    def _print(text: str) -> None:
        print(text, flush=True)  # noqa: T201 - it is what the command prints


class Screen(_Shown):
    """A table of the stages and one of the troubles, redrawn in place; gone while something else is shown."""

    def __init__(self, home: Path, troubles: Mapping[str, Trouble]) -> None:
        super().__init__(home, troubles)
        self._console = Console(highlight=False)
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """See `Show`."""
        self.settle()
        self._console.print(Text(f"\n{text}", style="bold"))

    def detail(self, text: str) -> None:
        """See `Show`."""
        self.settle()
        self._console.print(Text(f"  {text}"))

    def stages(self, stages: list[Stage], states: Mapping[str, str]) -> None:
        """See `Show`."""
        drawn = Group("", pipeline(stages), "", self._account(states))
        if self._live is None:
            self._live = Live(drawn, console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(drawn, refresh=True)

    def settle(self) -> None:
        """See `Show`."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def figures(self, stages: list[Stage]) -> None:
        """See `Show`."""
        self.settle()
        self._console.print("", pipeline(stages))

    def ending(self, state: str, words: str, reasons: Sequence[str]) -> None:
        """See `Show`."""
        self.settle()
        self._console.print(Text.assemble("  ", (f"{state:12}", _COLOURS.get(state, "")), (words, "bold")))
        width = min(self._console.width, _WIDTH)
        for reason in reasons:
            filled = textwrap.fill(reason, width - 1, initial_indent=" " * 14, subsequent_indent=" " * 16)
            self._console.print(Text(filled))

    def command(self, *arguments: str) -> None:
        """See `Show`."""
        self.settle()
        self._console.print(Text(f"\n{self._typed(arguments)}", style="bold cyan"))
        sys.stdout.flush()
        self._run(arguments, captured=False)

    def _account(self, states: Mapping[str, str]) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("state", width=12)
        table.add_column("trouble", no_wrap=True)
        for name, state in states.items():
            table.add_row(Text(state or "…", style=_COLOURS.get(state, "")), Text(self._troubles[name].words))
        return table


def pipeline(stages: list[Stage]) -> Table:
    """The stages as a table."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("stage", width=12)
    for heading in ("in", "out", "rejected", "waiting", "latency"):
        table.add_column(heading, justify="right", no_wrap=True)
    for stage in stages:
        latency = "" if stage.latency is None else f"{stage.latency * 1000:.0f} ms"
        counts = (stage.taken, stage.made, stage.rejected, stage.waiting)
        table.add_row(stage.name, *map(str, counts), latency)
    return table


def show_on(home: Path, troubles: Mapping[str, Trouble]) -> Show:
    """What suits where the output goes."""
    return Screen(home, troubles) if sys.stdout.isatty() else Lines(home, troubles)


def _quoted(argument: str) -> str:
    return f"'{argument}'" if " " in argument else argument
