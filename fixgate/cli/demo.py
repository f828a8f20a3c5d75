"""`fixgate demo`: everything at work, on an account of its own; nothing is left running."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fixgate.errors import EXIT_REFUSED

if TYPE_CHECKING:
    from fixgate.demo.cast import Cast
    from fixgate.demo.play import Play
    from fixgate.demo.showing import Show
    from fixgate.local.stack import Stack

Keep = Annotated[
    Path | None, typer.Option("--home", help="Folder for the demo's stack; it must be new, and stays. Temporary else.")
]


def demo(*, home: Keep = None) -> None:
    """Start a stack, let scanners report on an emulated account, and show what becomes of it; about two minutes.

    Exit code 1 when something ended otherwise than it must; then the folder stays, to be looked at.
    """
    import shutil  # noqa: PLC0415 - not needed for help
    import tempfile  # noqa: PLC0415 - not needed for help

    from fixgate.errors import Misconfigured  # noqa: PLC0415 - not needed for help

    if home is not None and home.exists() and any(home.iterdir()):
        raise Misconfigured(f"{home} is not empty", remedy="Name a new folder, or leave --home out.")
    folder = Path(tempfile.mkdtemp(prefix="fixgate-demo-")) if home is None else home.absolute()
    keep = home is not None
    try:
        _play(folder)
    except KeyboardInterrupt:
        typer.echo("interrupted: everything is stopped", err=True)
        raise
    except BaseException:
        keep = True
        typer.echo(f"This demo's folder stays; the logs are in {folder / 'logs'}", err=True)
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _play(home: Path) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - not needed for help

    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.cli.progress import shown  # noqa: PLC0415 - slow to import
    from fixgate.demo.cast import Cast  # noqa: PLC0415 - slow to import
    from fixgate.demo.reports import ACCOUNT  # noqa: PLC0415 - slow to import
    from fixgate.local.pipeline import pipeline_services  # noqa: PLC0415 - slow to import
    from fixgate.local.stack import Stack  # noqa: PLC0415 - slow to import

    configured = settings.load().model_copy(update={"kafka_port": 0, "home": home})
    cast = Cast(home, ACCOUNT)
    cast.prepare(datetime.now(UTC))
    with _interruptible():
        with shown() as report:
            stack = Stack(home, settings=configured, services=pipeline_services, report=report).start()
        try:
            _perform(stack, cast)
        finally:
            with _undisturbed():
                stack.stop()
    typer.echo("\nNothing is left running.")


@contextmanager
def _interruptible() -> Generator[None]:
    """SIGTERM and a terminal that is closed end the demo as Ctrl-C does."""
    before = {n: signal.signal(n, signal.default_int_handler) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Generator[None]:
    """What is stopped is stopped whole; what hangs is killed after its grace."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {n: signal.signal(n, signal.SIG_IGN) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _perform(stack: "Stack", cast: "Cast") -> None:
    from fixgate import desk  # noqa: PLC0415 - slow to import
    from fixgate.demo.endings import troubles  # noqa: PLC0415 - slow to import
    from fixgate.demo.play import Play  # noqa: PLC0415 - slow to import
    from fixgate.demo.showing import show_on  # noqa: PLC0415 - slow to import
    from fixgate.local.account.acme import SHOP  # noqa: PLC0415 - slow to import
    from fixgate.local.pipeline import GIT  # noqa: PLC0415 - slow to import
    from fixgate.topology import DESK  # noqa: PLC0415 - slow to import

    host = stack.address(GIT)
    update = {"bootstrap_servers": stack.bootstrap, "workload_api": stack.socket(DESK)}
    with desk.opened(stack.settings.model_copy(update=update), staying=True) as opened:
        show = show_on(stack.home.path, troubles(cast.account, f"{host}/{SHOP}"))
        play = Play(stack, cast, opened, show, host)
        try:
            play.run()
            _epilogue(play, show)
        finally:
            show.settle()
            play.close()


def _epilogue(play: "Play", show: "Show") -> None:
    surprises = play.tell()
    if surprises:
        for surprise in surprises:
            typer.echo(f"not as it must be: {surprise}", err=True)
        raise typer.Exit(EXIT_REFUSED)
    show.say("Nothing else in the account changed.")
    finding = play.told("production")
    show.say("Now one change's whole story, once its credential is dead and the log's witness has seen it all.")
    play.await_end(finding)
    show.command("story", finding)
    show.command("verify", finding)
    show.say("To go on with a stack of your own (README, “Five minutes with it”):")
    for line in (
        "fixgate roster init --person YOU --key ~/.ssh/id_ed25519 --no-publish",
        "fixgate up && fixgate roster publish",
        "fixgate publish REPORT",
        "fixgate pending, then show, approve or reject",
        "fixgate story ID, and fixgate verify ID",
    ):
        show.detail(line)
