"""`fixgate assets …`: what people know about what they run."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.cli.cluster import Bootstrap
from fixgate.cli.options import As, AsJson, KeyFile, one_of
from fixgate.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from fixgate.cli.seat import Seat, Signer
    from fixgate.events import AssetStatement
    from fixgate.policy.assets import Entry

app = typer.Typer(name="assets", help="The inventory: environments, owners, dependants.", no_args_is_help=True)

AssetId = Annotated[str, typer.Argument(metavar="ID", help="Its full name: an ARN, a clone address, an account.")]


@app.command()
def add(
    asset: AssetId,
    *,
    kind: Annotated[str, typer.Option("--kind", help="What it is: aws.s3.bucket, aws.iam.user, git.repository.")],
    environment: Annotated[
        str, typer.Option("--environment", help="Where it serves: development, test, staging or production.")
    ],
    owner: Annotated[str, typer.Option("--owner", help="Whose it is, as in the roster.")] = "",
    team: Annotated[str, typer.Option("--team", help="The owning team.")] = "",
    contact: Annotated[list[str] | None, typer.Option("--contact", help="How to reach them; may be repeated.")] = None,
    managed_by: Annotated[
        str, typer.Option("--managed-by", help="Who changes it: hand, infrastructure_as_code or platform.")
    ] = "",
    source_of_truth: Annotated[str, typer.Option("--source-of-truth", help="Where its definition is kept.")] = "",
    shared: Annotated[
        bool | None, typer.Option("--shared/--not-shared", help="Whether several parties use it.")
    ] = None,
    criticality: Annotated[str, typer.Option("--criticality", help="How bad its loss would be: low to critical.")] = "",
    name: Annotated[list[str] | None, typer.Option("--name", help="Another name of it; may be repeated.")] = None,
    dependant: Annotated[
        list[str] | None, typer.Option("--dependant", help="What depends on it; may be repeated.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="May be repeated.")] = None,
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Add an asset, or say anew what is true of it."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.events import (  # noqa: PLC0415 - not needed for help
        AssetStatement,
        Environment,
        ManagedBy,
        Ownership,
        Severity,
    )

    where = one_of(Environment, environment, "environment")
    badness = one_of(Severity, criticality, "criticality") if criticality else Severity.UNKNOWN
    manager = one_of(ManagedBy, managed_by, "manager") if managed_by else ManagedBy.UNKNOWN
    tags = _tags(tag)
    now = seat.clock()
    with seat.taken(bootstrap) as at:
        signer = at.signer(person, key, now)
        before = _statements(at).get(asset)
        statement = AssetStatement(
            asset_id=asset,
            kind=kind,
            names=tuple(name or ()),
            environment=where,
            criticality=badness,
            ownership=Ownership(
                owner=owner or None,
                team=team or None,
                contacts=tuple(contact or ()),
                managed_by=manager,
                source_of_truth=source_of_truth or None,
                shared=shared,
            ),
            dependants=tuple(dependant or ()),
            tags=tags,
            reviewed_at=now,
            version=before.version + 1 if before else 1,
            issued_at=now,
            person=signer.person.name,
            roster_version=signer.roster.version,
        )
        told = _said(at, signer, statement, now)
    text = f"{asset} is in the inventory, version {statement.version}, signed by {statement.person}"
    seat.tell(told, as_json=as_json, text=text)


@app.command()
def retire(
    asset: AssetId, *, person: As = "", key: KeyFile = None, bootstrap: Bootstrap = "", as_json: AsJson = False
) -> None:
    """Say that an asset is no more; a later entry may bring it back."""
    from dataclasses import replace  # noqa: PLC0415 - not needed for help

    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.desk import find  # noqa: PLC0415 - slow to import

    now = seat.clock()
    with seat.taken(bootstrap) as at:
        known = {name: s for name, s in _statements(at).items() if not s.retired}
        last = known[find(asset, known, "asset")]
        signer = at.signer(person, key, now)
        statement = replace(
            last,
            retired=True,
            version=last.version + 1,
            reviewed_at=now,
            issued_at=now,
            person=signer.person.name,
            roster_version=signer.roster.version,
        )
        told = _said(at, signer, statement, now)
    seat.tell(told, as_json=as_json, text=f"{statement.asset_id} is retired, signed by {statement.person}")


@app.command("list")
def list_assets(*, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """The inventory, and what in it cannot be believed."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.people.view import safe  # noqa: PLC0415 - slow to import
    from fixgate.policy.assets import Inventory  # noqa: PLC0415 - slow to import

    now = seat.clock()
    with seat.taken(bootstrap) as at:
        controls = at.desk.broadcast("controls")
        found = Inventory.of(at.desk.codec, at.desk.broadcast("assets"), at.roster(now, controls), now)
    entries = {e.statement.asset_id: e for held in found.entries.values() for e in held}
    listed = [entries[name] for name in sorted(entries)]
    if as_json:
        told = {"assets": [_described(e) for e in listed], "doubtful": dict(found.doubtful)}
        seat.tell({**told, "unreadable": found.unreadable}, as_json=True, text="")
        return
    seat.table(("id", "kind", "environment", "owner", "version"), [_row(e) for e in listed])
    for name, why in sorted(found.doubtful.items()):
        typer.echo(f"cannot be believed: {safe(name)}: {safe(why)}", err=True)


def _said(at: "Seat", signer: "Signer", statement: "AssetStatement", now: "datetime") -> dict[str, Any]:
    """Sign and publish; raises Refused when it would not count."""
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.events import Asset  # noqa: PLC0415 - not needed for help
    from fixgate.people import statements  # noqa: PLC0415 - slow to import
    from fixgate.people.roster import Role  # noqa: PLC0415 - slow to import

    if not signer.roster.roles(signer.person.name) & {Role.OWNER, Role.SECURITY, Role.ADMINISTRATOR}:
        raise Refused(
            f"{signer.person.name} may not say anything about assets",
            remedy="An owner, somebody of security or an administrator must sign; see `fixgate roster show`.",
        )
    signed = signer.sign(at.desk, statement)
    statements.asset(at.desk.codec, signed, signer.roster, seat.clock())
    written = at.desk.publish(Asset(asset_id=statement.asset_id, statement=signed))
    return {
        "asset_id": statement.asset_id,
        "version": statement.version,
        "retired": statement.retired,
        "person": statement.person,
        "record": asdict(written),
        "issued_at": now.isoformat(),
    }


def _statements(at: "Seat") -> "dict[str, AssetStatement]":
    """The last statement on each asset, whoever signed it: the next one is counted up from it."""
    from fixgate.errors import Poison  # noqa: PLC0415 - not needed for help
    from fixgate.events import Asset, AssetStatement  # noqa: PLC0415 - not needed for help

    found: dict[str, AssetStatement] = {}
    for received in at.desk.broadcast("assets").records:
        if not isinstance(received.record, Asset):
            continue
        try:
            found[received.record.asset_id] = at.desk.codec.decode(received.record.statement.value, AssetStatement)
        except Poison:
            continue  # it says nothing, so there is nothing to count up from
    return found


def _tags(given: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in given or ()]
    wrong = [name for name, equals, _ in pairs if not equals or not name]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is no NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _row(entry: "Entry") -> list[str]:
    from fixgate.people.view import safe  # noqa: PLC0415 - slow to import

    said = entry.statement
    old = " (old)" if entry.stale else ""
    return [
        safe(said.asset_id),
        safe(said.kind),
        said.environment.value,
        safe(said.ownership.owner or said.ownership.team or "nobody known"),
        f"{said.version}{old}",
    ]


def _described(entry: "Entry") -> dict[str, Any]:
    said, owner = entry.statement, entry.statement.ownership
    return {
        "asset_id": said.asset_id,
        "kind": said.kind,
        "names": list(said.names),
        "environment": said.environment.value,
        "criticality": said.criticality.value,
        "owner": owner.owner,
        "team": owner.team,
        "managed_by": owner.managed_by.value,
        "shared": owner.shared,
        "dependants": list(said.dependants),
        "tags": dict(said.tags),
        "version": said.version,
        "person": said.person,
        "stale": entry.stale,
    }
