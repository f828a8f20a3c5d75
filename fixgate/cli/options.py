"""Options that several commands of people share, and how their values are read; quick to import."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

As = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who signs, as in the roster; whose key it is otherwise.")
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="The key file that signs; the ssh-agent otherwise.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your words; recorded and signed.")]
Ticket = Annotated[str, typer.Option("--ticket", help="Where it is discussed.")]
Until = Annotated[
    str, typer.Option("--until", metavar="TIME", help="Until when: 30m, 12h, 7d, 2w, or 2026-01-31T12:00:00Z.")
]
ControlId = Annotated[str, typer.Argument(metavar="ID", help="The control; ids may be shortened.")]

E = TypeVar("E", bound=StrEnum)

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([mhdw])")


def until(text: str, now: datetime) -> datetime | None:
    """The moment that is meant; None for an empty text. A wrong one is wrong usage."""
    if not text:
        return None
    if span := _SPAN.fullmatch(text):
        return now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: 30m, 12h, 7d, 2w or 2026-01-31T12:00:00Z") from None
    if found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone: add Z for UTC")
    if found <= now:
        raise typer.BadParameter(f"{text!r} has passed")
    return found.astimezone(UTC)


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = max(0, int((now - since).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def one_of(kind: type[E], text: str, what: str) -> E:
    """The value that is meant; a wrong one is wrong usage. "unknown" is said by machines, not by people."""
    known = [value for value in kind if value.value != "unknown"]
    for value in known:
        if value.value == text:
            return value
    raise typer.BadParameter(f"{text!r} is no {what}; there are {', '.join(known)}")
