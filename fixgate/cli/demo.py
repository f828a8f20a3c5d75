"""`fixgate demo`: everything at work, on an account of its own; nothing is left running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fixgate.errors import EXIT_REFUSED

if TYPE_CHECKING:
    from fixgate.demo.cast import Cast
    from fixgate.demo.play import Play, Show
    from fixgate.local.stack import Stack

Keep = Annotated[
    Path | None, typer.Option("--home", help="Folder for the demo's stack; it must be new, and stays. Temporary else.")
]


def demo(*, home: Keep = None) -> None:
    """Start a stack, let scanners report on an emulated account, and show what becomes of it; about two minutes."""
    import shutil  # noqa: PLC0415 - not needed for help
    import tempfile  # noqa: PLC0415 - not needed for help

    from fixgate.errors import Misconfigured  # noqa: PLC0415 - not needed for help

    if home is not None:
        if home.exists() and any(home.iterdir()):
            raise Misconfigured(f"{home} is not empty", remedy="Name a new folder, or leave --home out.")
        _play(home.absolute())
        return
    folder = Path(tempfile.mkdtemp(prefix="fixgate-demo-"))
    try:
        _play(folder)
    finally:
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
    with shown() as report:
        stack = Stack(home, settings=configured, services=pipeline_services, report=report).start()
    try:
        _perform(stack, cast)
    finally:
        typer.echo("stopping …")
        stack.stop()
        typer.echo("Nothing is left running.")


def _perform(stack: "Stack", cast: "Cast") -> None:
    from fixgate import desk  # noqa: PLC0415 - slow to import
    from fixgate.demo.play import Play  # noqa: PLC0415 - slow to import
    from fixgate.demo.play import troubles as of_account  # noqa: PLC0415 - slow to import
    from fixgate.demo.showing import show_on  # noqa: PLC0415 - slow to import
    from fixgate.local.pipeline import GIT  # noqa: PLC0415 - slow to import
    from fixgate.topology import DESK  # noqa: PLC0415 - slow to import

    host = stack.address(GIT)
    update = {"bootstrap_servers": stack.bootstrap, "workload_api": stack.socket(DESK)}
    with desk.opened(stack.settings.model_copy(update=update)) as opened:
        show = show_on(stack.home.path, of_account(cast.account, host))
        play = Play(stack, cast, opened, show, host)
        try:
            play.run()
            show.settle()
            _epilogue(play, show)
        finally:
            show.settle()
            play.close()


def _epilogue(play: "Play", show: "Show") -> None:
    show.say("\nHow it all ended:")
    for name, trouble in play.troubles.items():
        show.say(f"  {play.ended(name):12} {trouble.words}")
    surprises = play.surprises()
    if surprises:
        for surprise in surprises:
            typer.echo(f"not as it should be: {surprise}", err=True)
        raise typer.Exit(EXIT_REFUSED)
    finding = play.told("production")
    show.say("\nWaiting for the credential to die, and for the log …")
    play.await_end(finding)
    show.settle()
    show.command("story", finding)
    show.command("verify", finding)
    show.say("To go on: `fixgate up`, then `fixgate publish REPORT`, `fixgate pending`, `fixgate story ID`.")
