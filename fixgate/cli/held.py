"""The controls that nobody ended, as services see them and as they are told. Slow to import: commands do so late."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fixgate.cli.seat import Seat
from fixgate.events import Scope
from fixgate.people.view import safe
from fixgate.policy.controls import Held, Standing, history_of


def state(held: Held, now: datetime) -> str:
    """In force, to come, or run out."""
    return "ran out" if held.over(now) else "in force" if held.begun(now) else "to come"


def reach(scope: Scope) -> str:
    """What the scope covers, for people."""
    parts = [f"{name}={','.join(safe(v) for v in values)}" for name, values in lists(scope).items() if values]
    return " ".join(parts) or "everything"


def lists(scope: Scope) -> dict[str, list[str]]:
    """What the scope covers, by the name of each list."""
    return {name: [str(v) for v in values] for name, values in asdict(scope).items()}


def described(held: Held, now: datetime) -> dict[str, Any]:
    """A control for programs."""
    return {
        "id": held.control_id,
        "kind": held.kind.value,
        "state": state(held, now),
        "scope": lists(held.scope),
        "not_before": held.not_before and held.not_before.isoformat(),
        "not_after": held.not_after and held.not_after.isoformat(),
        "words": held.words,
    }


def standing(at: Seat, now: datetime) -> Standing:
    """What services would say now: the same predicate over the same records."""
    controls = at.desk.broadcast("controls")
    return Standing.of(at.desk.codec, controls, history_of(at.desk.codec, at.pin, controls), now)
