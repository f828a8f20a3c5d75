"""The command line: `fixgate …`. Modules of this package hold one group of commands each.

What a command needs is imported when it runs, so that `fixgate --help` and shell completion are fast.
"""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from fixgate.cli import (
    assets,
    controls,
    log,
    parse,
    policy,
    provenance,
    publish,
    rejected,
    replay,
    review,
    roster,
    sources,
    stack,
    templates,
    topology,
)
from fixgate.cli.demo import demo
from fixgate.cli.doctor import doctor
from fixgate.errors import FixgateError

EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="fixgate",
    help="A governed pipeline that turns security findings into fixes.",
    no_args_is_help=True,
    add_completion=True,
    # A traceback with local variables could show secrets.
    pretty_exceptions_enable=False,
)
app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(doctor)
app.command()(demo)
app.command()(parse.parse)
app.command()(publish.publish)
app.command()(provenance.story)
app.command()(provenance.verify)
app.command()(provenance.evidence)
app.command()(review.pending)
app.command()(review.show)
app.command()(review.approve)
app.command()(review.reject)
app.command("request-changes")(review.request_changes)
app.command()(controls.halt)
app.command()(controls.resume)
app.add_typer(controls.freezes)
app.add_typer(controls.exceptions)
app.add_typer(assets.app)
app.add_typer(roster.app)
policy.app.command()(replay.replay)
app.add_typer(policy.app)
app.add_typer(templates.app)
app.add_typer(rejected.app)
app.add_typer(sources.app)
app.add_typer(topology.app)
app.add_typer(log.app)


def main() -> None:
    """Run the command line and end the process: 0 done, 1 refused, 2 wrong usage, 3 it could not be done."""
    try:
        app(prog_name="fixgate")
    except FixgateError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def print_error(error: FixgateError) -> None:
    """What happened and what to do, on standard error."""
    typer.echo(f"error: {error.message}", err=True)
    for line in error.remedy.splitlines():
        typer.echo(f"  {line}", err=True)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the option's callback is called so
    if wanted:
        typer.echo(f"fixgate {_version()}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A governed pipeline that turns security findings into fixes."""


def _version() -> str:
    try:
        return version("fixgate")
    except PackageNotFoundError:
        return "(not installed)"
