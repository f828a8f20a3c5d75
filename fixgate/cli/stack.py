"""`fixgate up`, `down` and `status`: the embedded stack."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.errors import EXIT_UNABLE

if TYPE_CHECKING:
    from fixgate.local.statefile import StackState
    from fixgate.settings import Settings


def up() -> None:
    """Start the local stack and return when it is ready."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.cli.progress import shown  # noqa: PLC0415 - slow to import
    from fixgate.local import launch  # noqa: PLC0415 - slow to import

    configured = settings.load()
    with shown() as report:
        bootstrap = launch.up(configured, report)
    typer.echo(f"ready: the broker is at {bootstrap}, and every service has its shards")
    typer.echo("This is a development stack: any process of this user can take any identity in it.")
    typer.echo("The witness of its log is its own, too.")
    for line in _missing(configured):
        typer.echo(line)


def _missing(settings: "Settings") -> "Iterator[str]":
    """What people have to do before anything can be changed."""
    from fixgate.people.places import RosterFiles  # noqa: PLC0415 - slow to import

    if not settings.roster and not RosterFiles(settings.home).pin:
        yield "Nobody counts yet, because there is no roster: reports are read, and every change is refused. Begin one:"
        yield "  fixgate down"
        yield "  fixgate roster init --person YOU --key ~/.ssh/id_ed25519 --no-publish"
        yield "  fixgate up && fixgate roster publish"
    elif not settings.ceiling and not (settings.home / "ceiling.json").exists():
        yield "No ceiling is signed: nothing is automatic, and people are asked about every change (`fixgate pending`)."


def down() -> None:
    """Stop the local stack and wait until all of it has ended."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.local import launch  # noqa: PLC0415 - slow to import

    stopped = launch.down(settings.load())
    typer.echo("stopped" if stopped else "nothing was running")


def status(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False
) -> None:
    """Show what runs; the exit code is 3 when the stack is not ready or one of its processes does not work."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.local import launch  # noqa: PLC0415 - slow to import

    configured = settings.load()
    phase, state = launch.status(configured)
    found: dict[str, Any] = {
        "home": str(configured.home),
        "phase": str(phase or "stopped"),
        **_describe(configured.home, state),
    }
    typer.echo(json.dumps(found, indent=2)) if as_json else _print_table(found)
    healthy = found["phase"] == "ready" and all(map(_well, found["processes"]))
    if not healthy:
        raise typer.Exit(EXIT_UNABLE)


def _well(process: dict[str, Any]) -> bool:
    """Whether it runs and, if it is a service, has shards to work on."""
    return bool(process["state"] == "running" and process["shards"] != ())


def _describe(home: Path, state: "StackState | None") -> dict[str, Any]:
    from fixgate.local.process import memory_bytes  # noqa: PLC0415 - slow to import
    from fixgate.presence import Presence  # noqa: PLC0415 - not needed for help
    from fixgate.topology import SHARDS  # noqa: PLC0415 - slow to import

    if state is None:
        return {"bootstrap": "", "trust_domain": "", "addresses": {}, "processes": []}
    processes: list[tuple[str, int, str, float, int, int | None]]
    processes = [("supervisor", state.supervisor_pid, "running", state.supervisor_started, 0, None)]
    processes += [(p.name, p.pid, str(p.state), p.since, p.restarts, p.exit_code) for p in state.processes]
    return {
        "bootstrap": state.bootstrap,
        "trust_domain": state.trust_domain,
        "addresses": state.addresses,
        "processes": [
            {
                "name": name,
                "pid": pid,
                "state": now,
                "since": _iso(since),
                "restarts": restarts,
                "exit_code": code,
                "memory_bytes": memory_bytes(pid) if now in ("running", "stopping") else None,
                "shards": Presence(home / "state", name).shards(pid) if name in SHARDS else None,
            }
            for name, pid, now, since, restarts, code in processes
        ],
    }


def _iso(seconds: float) -> str:
    import datetime as dt  # noqa: PLC0415 - not needed for help

    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_table(found: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - slow to import

    typer.echo(f"{found['phase']}: {found['home']}")
    if not found["processes"]:
        return
    typer.echo(f"broker {found['bootstrap'] or '(not yet)'}, trust domain {found['trust_domain']}")
    for name, address in found["addresses"].items():
        typer.echo(f"{name} {address}")
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "state", "since"):
        table.add_column(heading)
    table.add_column("shards")
    for heading in ("pid", "restarts", "memory"):
        table.add_column(heading, justify="right")
    for p in found["processes"]:
        state = p["state"] if p["exit_code"] is None else f"{p['state']} (last end: {p['exit_code']})"
        memory = f"{p['memory_bytes'] / 1024**2:.0f} MiB" if p["memory_bytes"] else ""
        shards = "" if p["shards"] is None else " ".join(map(str, p["shards"])) or "none yet"
        table.add_row(p["name"], state, p["since"][11:], shards, str(p["pid"]), str(p["restarts"]), memory)
    Console().print(table)
    for p in found["processes"]:
        if p["state"] != "running":
            typer.echo(f"why {p['name']} ended is in {found['home']}/logs/{p['name']}.log")
