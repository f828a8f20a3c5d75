"""What a control applies to. Each list names what is in; an empty list means all.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a control applies to. Each list names what is in; an empty list means all."""

    lock_keys: tuple[str, ...] = ()
    """Lock keys."""
    resources: tuple[str, ...] = ()
    """Resource ids."""
    accounts: tuple[str, ...] = ()
    """Accounts."""
    environments: tuple[Environment, ...] = ()
    """Environments."""
    kinds: tuple[str, ...] = ()
    """Kinds of problem."""
    templates: tuple[str, ...] = ()
    """Template ids."""


def datum_scope(record: Scope) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "lock_keys": record.lock_keys,
        "resources": record.resources,
        "accounts": record.accounts,
        "environments": record.environments,
        "kinds": record.kinds,
        "templates": record.templates,
    }


def scope_of(datum: Mapping[str, Any]) -> Scope:
    """The record in what fastavro read."""
    return Scope(
        lock_keys=tuple(datum["lock_keys"]),
        resources=tuple(datum["resources"]),
        accounts=tuple(datum["accounts"]),
        environments=tuple(map(Environment, datum["environments"])),
        kinds=tuple(datum["kinds"]),
        templates=tuple(datum["templates"]),
    )
