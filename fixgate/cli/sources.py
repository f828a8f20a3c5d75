"""`fixgate sources …`: who may hand reports in to the receiver."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fixgate.cli.options import AsJson

app = typer.Typer(name="sources", help="Who may hand reports in to the receiver.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name that its findings carry.")]
Reports = Annotated[int | None, typer.Option("--reports-per-minute", help="Reports that it may send; 60 otherwise.")]
Volume = Annotated[int | None, typer.Option("--bytes-per-minute", help="Bytes that it may send; 64 MiB otherwise.")]
Size = Annotated[
    int | None,
    typer.Option("--max-bytes", help="Bytes of one report at most; 8 MiB otherwise, 48 MiB where they are stored."),
]


@app.command()
def add(
    name: Name,
    *,
    github: Annotated[bool, typer.Option("--github", help="GitHub's webhooks, which are signed.")] = False,
    svid: Annotated[str, typer.Option("--svid", metavar="ID", help="A workload, by its SPIFFE ID.")] = "",
    queue: Annotated[str, typer.Option("--queue", metavar="URL", help="An SQS queue that is to be emptied.")] = "",
    role: Annotated[str, typer.Option("--role", metavar="ARN", help="The role that may read the queue.")] = "",
    header: Annotated[
        str, typer.Option("--header", help="The header that the token comes in; Authorization otherwise.")
    ] = "",
    form: Annotated[list[str] | None, typer.Option("--format", help="A format it may send; may be repeated.")] = None,
    repository: Annotated[str, typer.Option("--repository", help="The clone address of what it scans.")] = "",
    reports_per_minute: Reports = None,
    bytes_per_minute: Volume = None,
    max_bytes: Size = None,
    as_json: AsJson = False,
) -> None:
    """Add a source; without --github, --svid or --queue it gets a token, which is shown once."""
    from fixgate.receiving import editing  # noqa: PLC0415 - slow to import

    if (github, bool(svid), bool(queue)).count(True) > 1:
        raise typer.BadParameter("a source proves who it is in one way: --github, --svid, --queue, or a token")
    kind = "github" if github else "svid" if svid else "sqs" if queue else "token"
    given: dict[str, Any] = {
        "spiffe_id": svid,
        "queue": queue,
        "role": role,
        "header": header,
        "formats": form,
        "repository": repository,
        "reports_per_minute": reports_per_minute,
        "bytes_per_minute": bytes_per_minute,
        "max_bytes": max_bytes,
    }
    said = {"kind": kind, **{option: value for option, value in given.items() if value not in (None, "", [])}}
    _tell(name, kind, editing.add(_file(), name, said), as_json=as_json)
    _warn(max_bytes)


@app.command()
def renew(name: Name, *, as_json: AsJson = False) -> None:
    """Give a source a new token or secret, shown once; the one before is over at once."""
    from fixgate.receiving import editing  # noqa: PLC0415 - slow to import
    from fixgate.receiving.sources import load  # noqa: PLC0415 - slow to import

    shown = editing.renew(_file(), name)
    _tell(name, load(_file()).sources[name].kind, shown, as_json=as_json)


@app.command()
def limit(
    name: Name, *, reports_per_minute: Reports = None, bytes_per_minute: Volume = None, max_bytes: Size = None
) -> None:
    """Give a source other limits; its token or secret stays."""
    from fixgate.receiving import editing  # noqa: PLC0415 - slow to import

    given = {
        "reports_per_minute": reports_per_minute,
        "bytes_per_minute": bytes_per_minute,
        "max_bytes": max_bytes,
    }
    limits = {option: value for option, value in given.items() if value is not None}
    if not limits:
        raise typer.BadParameter("say which: --reports-per-minute, --bytes-per-minute or --max-bytes")
    editing.limit(_file(), name, limits)
    typer.echo(f"{name} has these limits: {', '.join(f'{option} {value}' for option, value in limits.items())}")
    _warn(max_bytes)


@app.command("list")
def listed(*, as_json: AsJson = False) -> None:
    """List the sources, without anything secret."""
    from fixgate.receiving.editing import public  # noqa: PLC0415 - slow to import
    from fixgate.receiving.sources import load  # noqa: PLC0415 - slow to import

    found = {name: public(source) for name, source in load(_file()).sources.items()}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, said in found.items():
        more = " ".join(str(said[n]) for n in ("spiffe_id", "queue", "header", "repository") if said.get(n))
        rate = f"{said['reports_per_minute']} reports a minute of {said['max_bytes']} bytes at most"
        typer.echo(f"{name}: {said['kind']} {more}".rstrip() + f"; {rate}")


@app.command()
def remove(name: Name) -> None:
    """Take a source out; its next report is refused."""
    from fixgate.receiving import editing  # noqa: PLC0415 - slow to import

    editing.remove(_file(), name)
    typer.echo(f"{name} may hand in nothing more")


def _file() -> Path:
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.receiving.sources import file_of  # noqa: PLC0415 - slow to import

    return file_of(settings.load())


def _warn(max_bytes: int | None) -> None:
    """Say what the receiver needs for reports that no message holds: it lets nobody in when it lacks that."""
    from fixgate.receiving.sources import MESSAGE  # noqa: PLC0415 - slow to import

    if max_bytes is not None and max_bytes > MESSAGE:
        typer.echo(
            f"over {MESSAGE} bytes reports are stored: the receiver must have FIXGATE_INTAKE_KEY and FIXGATE_OBJECTS, "
            "as it has with `fixgate up`; without them it takes nothing from any source",
            err=True,
        )


def _tell(name: str, kind: str, shown: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": name, "kind": kind, **({"secret": shown} if shown else {})}))
    elif kind == "token":
        typer.echo(f"{name} may hand in reports with this token, which is shown this once:\n{shown}")
    elif kind == "github":
        typer.echo(f"{name} takes webhooks at /v1/reports/{name} with this secret, which is shown this once:\n{shown}")
    else:
        typer.echo(f"{name} may hand in reports")
