"""`fixgate roster …`: who counts. Each version is a file first, is signed, and then published."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from fixgate.cli.cluster import Bootstrap
from fixgate.cli.options import As, AsJson, KeyFile
from fixgate.errors import Misconfigured, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixgate.cli.seat import Seat
    from fixgate.events import PersonSigned
    from fixgate.people.roster import Person, Role, Roster, RosterHistory

app = typer.Typer(name="roster", help="People, their keys and roles.", no_args_is_help=True)

Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="administrator, security, owner, operator or approver; may be repeated."),
]
Threshold = Annotated[int, typer.Option("--threshold", min=0, help="Administrators who must sign the next version.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="Days until it runs out and must be renewed.")]
Name = Annotated[str, typer.Option("--person", metavar="NAME", help="The person.")]
Offline = Annotated[bool, typer.Option("--no-publish", help="Write the files only; publish later.")]
YEAR = 365


@app.command()
def init(
    *,
    person: Annotated[list[str], typer.Option("--person", metavar="NAME", help="A person; may be repeated.")],
    key: Annotated[
        list[Path],
        typer.Option("--key", metavar="FILE", help="Their key, which signs; one for each --person, in order."),
    ],
    role: Roles = None,
    threshold: Threshold = 1,
    days: Days = YEAR,
    no_publish: Offline = False,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Begin a roster: write it, sign it with every key given, publish it, and print the digest to pin."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.people import roster, rostering, signing  # noqa: PLC0415 - slow to import
    from fixgate.people.places import RosterFiles  # noqa: PLC0415 - slow to import
    from fixgate.registry import codec_from  # noqa: PLC0415 - slow to import
    from fixgate.settings import load  # noqa: PLC0415 - slow to import

    if len(person) != len(key):
        raise Misconfigured("each --person needs one --key", remedy="Give them in the same order.")
    settings, now = load(), seat.clock()
    codec, files = codec_from(settings), RosterFiles(settings.home)
    roles = _roles(role) or (roster.Role.ADMINISTRATOR,)
    people = [
        roster.Person(name=name, keys=(signing.public_key(file).line,), roles=roles)
        for name, file in _named(person, key)
    ]
    first = rostering.made(version=1, people=people, threshold=threshold, expires_at=now + timedelta(days=days))
    signed = rostering.introduced(codec, first, first, person[0], now)
    for name, file in _named(person, key):
        signed = rostering.countersigned(signed, name, file, first)
    history = roster.RosterHistory.of(codec, first.digest, [signed])
    if history.newest != first:
        raise Refused(f"the roster would not count: {history.refused[-1]}", remedy="Let more administrators sign it.")
    files.begin(first)
    path = files.keep(first, signed)
    if not no_publish:
        with seat.taken(bootstrap) as at:
            at.desk.publish(rostering.control(at.desk.codec, signed))
    told = {"version": 1, "digest": first.digest, "file": str(path), "published": not no_publish}
    seat.tell(told, as_json=as_json, text=f"roster 1 is in {path}\npin it: FIXGATE_ROSTER={first.digest}")


@app.command()
def add(
    *,
    person: Name,
    public_key: Annotated[
        list[Path], typer.Option("--public-key", metavar="FILE", help="A key of theirs (.pub); may be repeated.")
    ],
    role: Roles = None,
    threshold: Threshold = 0,
    days: Days = YEAR,
    name: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Add a person, or keys and roles to one; published once enough administrators have signed it."""
    from fixgate.people import roster, signing  # noqa: PLC0415 - slow to import

    lines = tuple(signing.public_key(file).line for file in public_key)

    def added(last: "Roster") -> "list[Person]":
        others = [p for p in last.people if p.name != person]
        before = last.person(person)
        keys = tuple(dict.fromkeys((*(before.keys if before else ()), *lines)))
        roles = _roles(role) + (before.roles if before else ())
        if not roles:
            raise Misconfigured(f"{person} needs a role", remedy="Give --role, for example --role approver.")
        return [*others, roster.Person(name=person, keys=keys, roles=roles)]

    _next(added, threshold, days, _Signing(name, key, bootstrap), as_json=as_json)


@app.command()
def remove(
    *,
    person: Name,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", metavar="FILE", help="Only this key of theirs (.pub).")
    ] = None,
    threshold: Threshold = 0,
    days: Days = YEAR,
    name: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Remove a person, or one of their keys: nothing that they sign counts any more."""
    from fixgate.people import roster, signing  # noqa: PLC0415 - slow to import

    gone = signing.public_key(public_key).line if public_key else ""

    def without(last: "Roster") -> "list[Person]":
        found = last.person(person)
        if found is None or (gone and gone not in found.keys):
            raise Refused(f"{person} is not in roster {last.version} like this", remedy="See `fixgate roster show`.")
        others = [p for p in last.people if p.name != person]
        left = tuple(k for k in found.keys if gone and k != gone)
        return [*others, roster.Person(name=person, keys=left, roles=found.roles)] if left else others

    _next(without, threshold, days, _Signing(name, key, bootstrap), as_json=as_json)


@app.command()
def renew(
    *,
    threshold: Threshold = 0,
    days: Days = YEAR,
    name: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """The same people for longer."""

    def same(last: "Roster") -> "list[Person]":
        return list(last.people)

    _next(same, threshold, days, _Signing(name, key, bootstrap), as_json=as_json)


@app.command()
def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What another administrator began: VERSION.signed.")],
    *,
    name: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Sign a roster that another administrator began; published once enough have signed."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.people import rostering  # noqa: PLC0415 - slow to import
    from fixgate.people.places import from_text  # noqa: PLC0415 - slow to import

    with seat.taken(bootstrap) as at:
        signed = from_text(_read(file))
        proposed = rostering.proposed_in(at.desk.codec, signed)
        _go_on(at, at.history(), proposed, signed, _Signing(name, key, bootstrap), as_json=as_json)


@app.command()
def publish(*, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """Publish the rosters of this home that are not published yet."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.people import rostering  # noqa: PLC0415 - slow to import
    from fixgate.people.places import RosterFiles, from_text  # noqa: PLC0415 - slow to import

    published: list[int] = []
    with seat.taken(bootstrap) as at:
        history = at.history()
        for path in RosterFiles(at.settings.home).statements():
            signed = from_text(_read(path))
            after = history.after(at.desk.codec, signed)
            if after.versions != history.versions:
                at.desk.publish(rostering.control(at.desk.codec, signed))
                published.append(after.versions[-1].version)
                history = after
    text = f"published: {', '.join(map(str, published))}" if published else "there is nothing to publish"
    seat.tell({"published": published}, as_json=as_json, text=text)


@app.command()
def show(*, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """The roster in force; exit code 1 when nobody counts."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import

    with seat.taken(bootstrap) as at:
        history = at.history()
        current = at.roster(seat.clock())
    if as_json:
        seat.tell(_described(current, history), as_json=True, text="")
        return
    typer.echo(
        f"roster {current.version}, until {current.expires_at.isoformat()}, {current.threshold} must sign the next"
    )
    typer.echo(f"digest {current.digest}, begun from {history.first_digest}")
    rows = [[p["name"], ",".join(p["roles"]), key] for p in _people(current) for key in p["keys"]]
    seat.table(("person", "roles", "key"), rows)
    for why in history.refused:
        typer.echo(f"refused: {why}", err=True)


class _Signing(NamedTuple):
    """Who signs, and on which cluster."""

    name: str
    key: Path | None
    bootstrap: str


def _next(
    change: "Callable[[Roster], list[Person]]", threshold: int, days: int, by: _Signing, *, as_json: bool
) -> None:
    """Make the next version out of the last one's people, and sign it."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.people import rostering, signing  # noqa: PLC0415 - slow to import

    now = seat.clock()
    with seat.taken(by.bootstrap) as at:
        history = at.history()
        last = history.newest
        if last is None:
            at.roster(now)  # says why nobody counts
            return
        following = rostering.made(
            version=last.version + 1,
            people=change(last),
            threshold=threshold or last.threshold,
            expires_at=now + timedelta(days=days),
        )
        person, _ = signing.signer(last, by.name, by.key)
        signed = rostering.introduced(at.desk.codec, following, last, person.name, now)
        _go_on(at, history, following, signed, by, as_json=as_json)


def _go_on(
    at: "Seat", history: "RosterHistory", roster: "Roster", signed: "PersonSigned", by: _Signing, *, as_json: bool
) -> None:
    """Add a signature, keep it, and publish it when it is enough."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.people import rostering  # noqa: PLC0415 - slow to import
    from fixgate.people.places import RosterFiles  # noqa: PLC0415 - slow to import

    last = history.newest
    known = rostering.knowing(by.name, by.key, *([last] if last else []), roster)
    signed = rostering.countersigned(signed, by.name, by.key, known)
    path = RosterFiles(at.settings.home).keep(roster, signed)
    after = history.after(at.desk.codec, signed)
    enough = after.newest == roster
    if enough:
        at.desk.publish(rostering.control(at.desk.codec, signed))
        text = f"roster {roster.version} is published, signed by {_signers(signed)}"
    else:
        text = f"not enough yet: {after.refused[-1]}\nthe next one: fixgate roster sign {path}"
    told = {"version": roster.version, "digest": roster.digest, "file": str(path), "published": enough}
    seat.tell(told, as_json=as_json, text=text)


def _roles(names: list[str] | None) -> "tuple[Role, ...]":
    from fixgate.people.roster import Role  # noqa: PLC0415 - slow to import

    unknown = [n for n in names or () if n not in list(Role)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no role; roles are {', '.join(Role)}")
    return tuple(Role(n) for n in names or ())


def _named(names: list[str], files: list[Path]) -> list[tuple[str, Path]]:
    return list(zip(names, files, strict=True))


def _signers(signed: "PersonSigned") -> str:
    return ", ".join(dict.fromkeys(s.person for s in signed.signatures))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None


def _people(roster: "Roster") -> list[dict[str, Any]]:
    from fixgate.people.keys import parse_key  # noqa: PLC0415 - slow to import

    return [
        {
            "name": p.name,
            "roles": [r.value for r in p.roles],
            "keys": [f"{k.fingerprint} ({k.kind})" for k in map(parse_key, p.keys)],
        }
        for p in roster.people
    ]


def _described(roster: "Roster", history: "RosterHistory") -> dict[str, Any]:
    return {
        "version": roster.version,
        "digest": roster.digest,
        "first_digest": history.first_digest,
        "threshold": roster.threshold,
        "expires_at": roster.expires_at.isoformat(),
        "people": _people(roster),
        "refused": list(history.refused),
    }
