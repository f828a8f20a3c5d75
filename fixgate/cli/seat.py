"""What the commands of people have in common: who they are, the desk that they sit at, how they sign and what is told.

Imports here are slow: commands import this module when they run. `options.py` holds what is needed for help.
"""

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from fixgate import settings as configuration
from fixgate.cli import cluster
from fixgate.desk import Desk, opened
from fixgate.errors import Misconfigured, Refused
from fixgate.events import Control, PersonSigned, Record
from fixgate.people import signing
from fixgate.people.keys import PublicKey
from fixgate.people.places import RosterFiles
from fixgate.people.roster import Person, Roster, RosterHistory
from fixgate.settings import Settings
from fixgate.topology import DESK
from fixgate.verbs import Broadcast


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs here, under which roster, with which key; without a file the agent signs."""

    roster: Roster
    person: Person
    key: PublicKey
    file: Path | None

    def sign(self, desk: Desk, statement: Record) -> PersonSigned:
        """The statement with the person's signature; may ask on the terminal."""
        value = desk.codec.encode(statement)
        signature = signing.sign(self.person.name, self.key, self.file, value)
        return PersonSigned(value=value, signatures=(signature,))


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at the desk."""

    settings: Settings
    desk: Desk

    @property
    def pin(self) -> str:
        """The digest of the first roster; raises Misconfigured when none is pinned."""
        return pinned(self.settings)

    def history(self, controls: Broadcast | None = None) -> RosterHistory:
        """The roster's history as it stands on `controls`."""
        records = (controls or self.desk.broadcast("controls")).records
        said = (r.record.statement for r in records if isinstance(r.record, Control))
        return RosterHistory.of(self.desk.codec, self.pin, said)

    def roster(self, now: datetime, controls: Broadcast | None = None) -> Roster:
        """The roster in force; raises Refused when nobody counts."""
        history = self.history(controls)
        current = history.current(now)
        if current is not None:
            return current
        if history.newest is None:
            why = history.refused[-1] if history.refused else "nobody published it"
            raise Refused(f"the roster {self.pin} is not in force: {why}", remedy="Publish it: fixgate roster publish")
        raise Refused(
            f"roster {history.newest.version} ran out on {history.newest.expires_at.isoformat()}",
            remedy="Sign the next one: fixgate roster renew",
        )

    def signer(self, name: str, file: Path | None, now: datetime) -> Signer:
        """Who signs; raises Refused or Misconfigured when they or their key cannot be found."""
        roster = self.roster(now)
        person, key = signing.signer(roster, name, file)
        return Signer(roster, person, key, file)


@contextmanager
def taken(bootstrap: str = "") -> Generator[Seat]:
    """A seat at the desk of the cluster that is meant; warns at the end about records that could not be used."""
    configured = configuration.load()
    update = {
        "bootstrap_servers": cluster.bootstrap_servers(configured, bootstrap),
        "workload_api": cluster.workload_api(configured, DESK),
    }
    with opened(configured.model_copy(update=update)) as desk:
        try:
            yield Seat(configured, desk)
        finally:
            for topic, count in sorted(desk.unreadable.items()):
                why = next((fault for fault in desk.faults if fault.startswith(f"{topic}/")), "")
                typer.echo(f"note: {count} records of {topic} cannot be used: {why}", err=True)


def pinned(settings: Settings) -> str:
    """The digest of the first roster, from the settings or from this home; raises Misconfigured without one."""
    found = settings.roster or RosterFiles(settings.home).pin
    if not found:
        raise Misconfigured(
            "no roster is pinned: nobody would count",
            remedy="Set FIXGATE_ROSTER to the first roster's digest, or begin one: fixgate roster init",
        )
    return found


def clock() -> datetime:
    """Now, in whole microseconds, in UTC."""
    return datetime.now(UTC)


def tell(found: Mapping[str, Any] | Sequence[Any], *, as_json: bool, text: str) -> None:
    """The answer: one JSON value, or text."""
    typer.echo(json.dumps(found, indent=2, default=str) if as_json else text)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; elsewhere one line a row, with tabs between, the headings left out."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    shown = Table(box=None, pad_edge=False)
    for heading in headings:
        shown.add_column(heading)
    for row in rows:
        # As Text: what people and scanners wrote must not be taken for markup.
        shown.add_row(*(Text(cell) for cell in row))
    Console().print(shown)
