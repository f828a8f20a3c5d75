"""`fixgate halt`, `resume`, `freezes …` and `exceptions …`: what people say about all changes."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from fixgate.cli.cluster import Bootstrap
from fixgate.cli.options import As, AsJson, ControlId, KeyFile, Reason, Ticket, Until, one_of, until
from fixgate.errors import Misconfigured, Refused

if TYPE_CHECKING:
    from fixgate.cli.seat import Seat, Signer
    from fixgate.events import Scope

freezes = typer.Typer(name="freezes", help="Times and places in which nothing is changed.", no_args_is_help=True)
exceptions = typer.Typer(name="exceptions", help="What is meant to be as it is.", no_args_is_help=True)

LockKeys = Annotated[list[str] | None, typer.Option("--lock-key", help="A lock key in scope; may be repeated.")]
Resources = Annotated[list[str] | None, typer.Option("--resource", help="A resource in scope; may be repeated.")]
Accounts = Annotated[list[str] | None, typer.Option("--account", help="An account in scope; may be repeated.")]
Environments = Annotated[
    list[str] | None,
    typer.Option("--environment", help="development, test, staging or production; may be repeated."),
]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="A kind of problem in scope; may be repeated.")]
Templates = Annotated[list[str] | None, typer.Option("--template", help="A template in scope; may be repeated.")]


def halt(
    *,
    reason: Reason,
    lock_key: LockKeys = None,
    resource: Resources = None,
    account: Accounts = None,
    environment: Environments = None,
    kind: Kinds = None,
    template: Templates = None,
    ticket: Ticket = "",
    until: Until = "",
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Stop changes at once: all of them, or those in scope; obeyed from the moment this command is done."""
    scope = _scope(lock_key, resource, account, environment, kind, template)
    _begin("halt", scope, reason, ticket, until, _By(person, key, bootstrap), as_json=as_json)


def resume(
    control: ControlId,
    *,
    reason: Reason,
    ticket: Ticket = "",
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """End a halt, or a control that cannot be believed."""
    by = _By(person, key, bootstrap)
    _end("resume", ("halt", "unreadable"), control, reason, ticket, by, as_json=as_json)


@freezes.command("add")
def add_freeze(
    *,
    reason: Reason,
    lock_key: LockKeys = None,
    resource: Resources = None,
    account: Accounts = None,
    environment: Environments = None,
    kind: Kinds = None,
    template: Templates = None,
    ticket: Ticket = "",
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="From when; now otherwise.")] = "",
    until: Until = "",
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Freeze all changes, or those in scope."""
    scope = _scope(lock_key, resource, account, environment, kind, template)
    by = _By(person, key, bootstrap)
    _begin("freeze", scope, reason, ticket, until, by, begin=begin, as_json=as_json)


@exceptions.command("add")
def add_exception(
    *,
    reason: Reason,
    lock_key: LockKeys = None,
    resource: Resources = None,
    account: Accounts = None,
    environment: Environments = None,
    kind: Kinds = None,
    template: Templates = None,
    ticket: Ticket = "",
    until: Until = "",
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Say that something is meant to be as it is; when it runs out, people are asked."""
    scope = _scope(lock_key, resource, account, environment, kind, template)
    if not any((lock_key, resource, account, environment, kind, template)):
        raise Misconfigured(
            "an exception needs a scope: without one it would cover everything",
            remedy="Give --resource, --lock-key, --account, --environment, --kind or --template; to stop all: halt.",
        )
    _begin("exception", scope, reason, ticket, until, _By(person, key, bootstrap), as_json=as_json)


@freezes.command("end")
def end_freeze(
    control: ControlId,
    *,
    reason: Reason,
    ticket: Ticket = "",
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """End a freeze."""
    _end("end", ("freeze",), control, reason, ticket, _By(person, key, bootstrap), as_json=as_json)


@exceptions.command("end")
def end_exception(
    control: ControlId,
    *,
    reason: Reason,
    ticket: Ticket = "",
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """End an exception."""
    _end("end", ("exception",), control, reason, ticket, _By(person, key, bootstrap), as_json=as_json)


@freezes.command("list")
def list_freezes(*, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """The freezes and halts that nobody ended, and controls that cannot be believed."""
    _list(("halt", "freeze", "unreadable"), bootstrap, as_json=as_json)


@exceptions.command("list")
def list_exceptions(*, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """The exceptions that nobody ended, those that ran out included."""
    _list(("exception",), bootstrap, as_json=as_json)


class _By(NamedTuple):
    """Who signs, and on which cluster."""

    name: str
    key: Path | None
    bootstrap: str


class _Fields(NamedTuple):
    """What a control says."""

    reason: str
    ticket: str
    scope: "Scope | None" = None
    start: datetime | None = None
    end: datetime | None = None
    ends: str | None = None


def _scope(
    lock_keys: list[str] | None,
    resources: list[str] | None,
    accounts: list[str] | None,
    environments: list[str] | None,
    kinds: list[str] | None,
    templates: list[str] | None,
) -> "Scope":
    from fixgate.events import Environment, Scope  # noqa: PLC0415 - not needed for help

    return Scope(
        lock_keys=tuple(lock_keys or ()),
        resources=tuple(resources or ()),
        accounts=tuple(accounts or ()),
        environments=tuple(one_of(Environment, e, "environment") for e in environments or ()),
        kinds=tuple(kinds or ()),
        templates=tuple(templates or ()),
    )


def _begin(
    kind: str,
    scope: "Scope",
    reason: str,
    ticket: str,
    end: str,
    by: _By,
    *,
    begin: str = "",
    as_json: bool,
) -> None:
    from fixgate.cli import held, seat  # noqa: PLC0415 - slow to import

    now = seat.clock()
    start, last = until(begin, now), until(end, now)
    with seat.taken(by.bootstrap) as at:
        signer = at.signer(by.name, by.key, now)
        fields = _Fields(scope=scope, start=start, end=last, reason=reason, ticket=ticket)
        said = _say(at, signer, kind, now, fields)
        if said["id"] not in {h.control_id for h in held.standing(at, seat.clock()).held}:
            raise Refused(
                f"{said['id']} is recorded but does not count: {signer.person.name} has no role for a {kind}",
                remedy="See `fixgate roster show`; somebody with a fitting role must sign.",
            )
    seat.tell(said, as_json=as_json, text=f"{kind} {said['id']} is in force, signed by {said['person']}")


def _end(kind: str, kinds: tuple[str, ...], wanted: str, reason: str, ticket: str, by: _By, *, as_json: bool) -> None:
    from fixgate.cli import held, seat  # noqa: PLC0415 - slow to import
    from fixgate.desk import find  # noqa: PLC0415 - slow to import

    now = seat.clock()
    with seat.taken(by.bootstrap) as at:
        known = [h.control_id for h in held.standing(at, now).held if h.kind.value in kinds]
        ended = find(wanted, known, f"{kinds[0]} to end")
        signer = at.signer(by.name, by.key, now)
        said = _say(at, signer, kind, now, _Fields(ends=ended, reason=reason, ticket=ticket))
        if ended in {h.control_id for h in held.standing(at, seat.clock()).held}:
            raise Refused(
                f"{ended} is still in force: {signer.person.name} has no role to end it",
                remedy="See `fixgate roster show`; somebody with a fitting role must sign.",
            )
    seat.tell({**said, "ended": ended}, as_json=as_json, text=f"{ended} is ended, signed by {said['person']}")


def _say(at: "Seat", signer: "Signer", kind: str, now: datetime, fields: "_Fields") -> dict[str, Any]:
    """Sign and publish a control; what is told of it."""
    import secrets  # noqa: PLC0415 - not needed for help
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate.events import Control, ControlKind, ControlStatement, Scope  # noqa: PLC0415 - not needed for help
    from fixgate.ids import derived_id  # noqa: PLC0415 - not needed for help
    from fixgate.people import statements  # noqa: PLC0415 - slow to import

    nonce = secrets.token_hex(16)
    statement = ControlStatement(
        control_id=derived_id(kind, signer.person.name, nonce),
        kind=ControlKind(kind),
        scope=fields.scope or Scope(),
        not_before_at=fields.start,
        not_after_at=fields.end,
        ends=fields.ends,
        reason=fields.reason,
        ticket=fields.ticket or None,
        nonce=nonce,
        issued_at=now,
        person=signer.person.name,
        roster_version=signer.roster.version,
    )
    signed = signer.sign(at.desk, statement)
    statements.control(at.desk.codec, signed, signer.roster, now)
    written = at.desk.publish(Control(control_id=statement.control_id, kind=statement.kind, statement=signed))
    return {"id": statement.control_id, "kind": kind, "person": statement.person, "record": asdict(written)}


def _list(kinds: tuple[str, ...], bootstrap: str, *, as_json: bool) -> None:
    from fixgate.cli import held, seat  # noqa: PLC0415 - slow to import
    from fixgate.people.view import safe  # noqa: PLC0415 - slow to import

    now = seat.clock()
    with seat.taken(bootstrap) as at:
        found = [h for h in held.standing(at, now).held if h.kind.value in kinds]
    if as_json:
        seat.tell([held.described(h, now) for h in found], as_json=True, text="")
        return
    rows = [[h.control_id, h.kind.value, held.state(h, now), held.reach(h.scope), safe(h.words)] for h in found]
    seat.table(("id", "kind", "state", "scope", "words"), rows)
