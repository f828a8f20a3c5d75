"""`fixgate templates list`, `show` and `lint`: the catalogue of pre-approved changes."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.errors import EXIT_REFUSED, Misconfigured

if TYPE_CHECKING:
    from fixgate.changes.catalogue import Template

app = typer.Typer(name="templates", help="The catalogue: changes that may be made at all.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@app.command(name="list")
def list_all(*, as_json: AsJson = False) -> None:
    """Print every template with its version and what it is for."""
    from fixgate.changes.catalogue import CATALOGUE  # noqa: PLC0415 - slow to import

    templates = CATALOGUE.templates.values()
    if as_json:
        typer.echo(json.dumps([described(template) for template in templates], indent=2))
        return
    for template in templates:
        manifest = template.manifest
        typer.echo(f"{manifest.id} {manifest.version}  {', '.join(manifest.problem_kinds)}: {manifest.title}")


@app.command()
def show(
    template: Annotated[str, typer.Argument(help="The template's id, or its beginning.")], *, as_json: AsJson = False
) -> None:
    """Print one template whole: what it writes, what its credential could do, who judges it, how it is undone."""
    found = _named(template)
    if as_json:
        typer.echo(json.dumps({**described(found), "readme": found.readme}, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.markdown import Markdown  # noqa: PLC0415 - slow to import

    console = Console()
    console.print(Markdown(found.readme))
    console.print(Markdown(_details(found)))


@app.command()
def lint(*, as_json: AsJson = False) -> None:
    """Look at every template with an example, rehearsal included; ends with 1 when one has a fault."""
    from fixgate.changes.catalogue import CATALOGUE  # noqa: PLC0415 - slow to import
    from fixgate.changes.lint import lint as look  # noqa: PLC0415 - slow to import

    faults = look(CATALOGUE)
    if as_json:
        typer.echo(json.dumps({"faults": [{"template": name, "fault": words} for name, words in faults]}, indent=2))
    else:
        for name, words in faults:
            typer.echo(f"{name}: {words}", err=True)
        if not faults:
            typer.echo(f"{len(CATALOGUE.templates)} templates, no fault")
    if faults:
        raise typer.Exit(EXIT_REFUSED)


def described(template: "Template") -> dict[str, Any]:
    """The template as JSON has it."""
    return {"digest": template.reference.digest, **template.manifest.model_dump(mode="json", by_alias=True)}


def _named(beginning: str) -> "Template":
    from fixgate.changes.catalogue import CATALOGUE  # noqa: PLC0415 - slow to import

    exact = CATALOGUE.templates.get(beginning)
    found = [exact] if exact else [t for name, t in CATALOGUE.templates.items() if name.startswith(beginning)]
    if len(found) != 1:
        why = "no template begins" if not found else "more than one template begins"
        raise Misconfigured(f"{why} with {beginning}", remedy="`fixgate templates list` names them all.")
    return found[0]


def _details(template: "Template") -> str:
    manifest = template.manifest
    lines = [
        "## In force",
        f"- digest: `{template.reference.digest}`",
        f"- may ever be automatic: {'yes' if manifest.automatic else 'no'}; at best {manifest.ceiling}",
        f"- decided by: {', '.join(manifest.deciding)}",
        *(f"- permission: `{permission.action}` on {permission.resource}" for permission in manifest.permissions),
        *(f"- residual power: {words}" for words in manifest.residual_power),
        *(f"- writes: `{entry.path}`, {entry.meaning}" for entry in manifest.write_set),
        *(f"- oracle: {oracle.name} ({oracle.kind}): {oracle.question}" for oracle in manifest.oracles),
        f"- rollback: {manifest.rollback.operation}",
        *(f"- limit: {words}" for words in manifest.rollback.limits),
        f"- credential: {manifest.credential_kind}, {manifest.durations.credential} seconds",
    ]
    return "\n".join(lines)
