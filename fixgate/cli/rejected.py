"""`fixgate rejected`: the dead letters of all services, and putting one back."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.cli import cluster
from fixgate.cli.options import AsJson, age
from fixgate.errors import Refused

if TYPE_CHECKING:
    from fixgate.cli.seat import Seat
    from fixgate.events import Rejected
    from fixgate.letters import Original
    from fixgate.naming import Naming

RAW = "findings.raw"
DIGITS = 12
DETAIL = 60
"""Characters of a detail in the table."""

app = typer.Typer(name="rejected", help="Dead letters: what services could not use.", no_args_is_help=True)


@app.command("list")
def list_letters(
    *,
    service: Annotated[str, typer.Option("--service", help="Of this service alone.")] = "",
    bootstrap: cluster.Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Every dead letter that is still kept: why, since when, and where the record stood; nothing of what it holds.

    --json prints id, service, reason, detail, origin, appended_at, sealed.
    """
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.letters import origin_of  # noqa: PLC0415 - slow to import
    from fixgate.people.view import safe  # noqa: PLC0415 - slow to import

    with seat.taken(bootstrap) as at:
        found, naming = list(_letters(at, service)), _naming(at)
    if as_json:
        seat.tell([described(name, letter, naming) for name, letter in found], as_json=True, text="")
        return
    now = seat.clock()
    rows = [
        (
            name.removeprefix("sha256:")[:DIGITS],
            "-" if letter.appended_at is None else age(letter.appended_at, now),
            letter.service,
            letter.reason,
            origin_of(letter, naming),
            safe(letter.detail, DETAIL),
        )
        for name, letter in found
    ]
    seat.table(("id", "age", "service", "reason", "origin", "detail"), rows)


@app.command()
def replay(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="The letter; ids may be shortened.")],
    *,
    unseal: Annotated[
        Path | None, typer.Option("--unseal", metavar="FILE", help="The private key that opens sealed reports.")
    ] = None,
    scanner_api: Annotated[
        str, typer.Option("--scanner-api", metavar="ADDRESS", help="The Workload API that gives a scanner's identity.")
    ] = "",
    bootstrap: cluster.Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Put the record of a letter back into its topic, where people or scanners may write that.

    A report goes back as a scanner, its bytes as they were. What people said goes back by the desk, with their own
    signatures; it is judged anew. What a service wrote nobody else can write: that service must make it again.
    """
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.desk import find  # noqa: PLC0415 - slow to import
    from fixgate.letters import original_of  # noqa: PLC0415 - slow to import
    from fixgate.objects import open_objects  # noqa: PLC0415 - slow to import
    from fixgate.sealing import load_unseal  # noqa: PLC0415 - slow to import

    with seat.taken(bootstrap) as at:
        letters = dict(_letters(at, ""))
        name = find(wanted, letters, "letter")
        letter, naming = letters[name], _naming(at)
        topic = naming.bare(letter.origin_topic)
        check_writable(topic)
        key = None if unseal is None else load_unseal(unseal)
        fetch = open_objects(at.settings.objects, at.settings.home).get
        original = original_of(letter, naming, fetch, key)
        if topic == RAW:
            partition, offset = _as_scanner(at, original, bootstrap, scanner_api)
        else:
            written = at.desk.put_back(topic, original.value, original.headers)
            partition, offset = written.partition, written.offset
    told = {"id": name, "topic": topic, "partition": partition, "offset": offset}
    text = f"put back: {topic}/{partition}/{offset}; whoever reads it judges it anew"
    seat.tell(told, as_json=as_json, text=text)


def check_writable(topic: str) -> None:
    """Raise Refused unless people or scanners write the topic: nobody may do a service's step for it."""
    from fixgate.desk import TOPICS  # noqa: PLC0415 - slow to import
    from fixgate.topology import PIPELINE  # noqa: PLC0415 - slow to import

    if topic == RAW or topic in TOPICS.values():
        return
    writer = ", ".join(PIPELINE.writers.get(topic, ())) or "nobody"
    raise Refused(
        f"the record stood in {topic}, which {writer} alone may write: nobody can put it back for them",
        remedy="Put back what it was made from, a report above all, or have the finding reported again.",
    )


def _letters(at: "Seat", service: str) -> "Iterator[tuple[str, Rejected]]":
    from fixgate.events import Rejected  # noqa: PLC0415 - slow to import
    from fixgate.graph import rejected_topic  # noqa: PLC0415 - slow to import
    from fixgate.topology import SHARDS  # noqa: PLC0415 - slow to import

    if service and service not in SHARDS:
        raise typer.BadParameter(f"there is no service {service!r}; there are {', '.join(SHARDS)}")
    for name in (service,) if service else tuple(SHARDS):
        for received in at.desk.read(rejected_topic(name)):
            if isinstance(received.record, Rejected):
                yield received.digest, received.record


def described(name: str, letter: "Rejected", naming: "Naming") -> dict[str, Any]:
    """A letter for programs; nothing of what it holds."""
    from fixgate.letters import origin_of  # noqa: PLC0415 - slow to import

    return {
        "id": name,
        "service": letter.service,
        "reason": letter.reason,
        "detail": letter.detail,
        "origin": origin_of(letter, naming),
        "appended_at": None if letter.appended_at is None else letter.appended_at.isoformat(),
        "sealed": letter.sealing_key is not None,
    }


def _as_scanner(at: "Seat", original: "Original", bootstrap: str, api: str) -> tuple[int, int]:
    from fixgate.cli.publish import IDENTITY_S, PARTY, Sender  # noqa: PLC0415 - slow to import
    from fixgate.identity import WorkloadIdentity  # noqa: PLC0415 - slow to import
    from fixgate.topology import PIPELINE  # noqa: PLC0415 - slow to import

    settings = at.settings
    servers = cluster.bootstrap_servers(settings, bootstrap)
    identity = WorkloadIdentity(api or cluster.workload_api(settings, PARTY), deadline_s=IDENTITY_S)
    try:
        expected = _naming(at).spiffe_id(PIPELINE.party(PARTY))
        if identity.spiffe_id != expected:
            raise Refused(
                f"this is {identity.spiffe_id}, but reports are written by {expected}",
                remedy="Name the Workload API of a scanner with --scanner-api.",
            )
        ca = Path(settings.kafka_ca) if settings.kafka_ca else None
        sender = Sender(identity, servers, f"{settings.prefix}{RAW}", tls=settings.kafka_tls, ca=ca)
        headers: list[tuple[str, str | bytes | None]] = [(name, value) for name, value in original.headers]
        return sender.send(original.value, original.key or PARTY.encode(), headers)
    finally:
        identity.close()


def _naming(at: "Seat") -> "Naming":
    from fixgate.naming import Naming  # noqa: PLC0415 - slow to import

    return Naming(prefix=at.settings.prefix, trust_domain=at.settings.trust_domain)
