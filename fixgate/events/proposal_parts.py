"""What Proposal is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fixgate.events.oracle_kind import OracleKind
from fixgate.forms import Scalar, digest, key, natural, scalar_datum, scalar_of, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long each part of a change may take, in whole seconds."""

    apply_seconds: int
    """From the first write to the last."""
    validate_seconds: int
    """For all oracles together."""
    soak_seconds: int = 0
    """How long the change is watched before it counts as done."""
    rollback_seconds: int
    """For putting it back."""
    credential_seconds: int
    """How long the credential lives."""


def datum_durations(record: Durations) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "apply_seconds": natural(record.apply_seconds),
        "validate_seconds": natural(record.validate_seconds),
        "soak_seconds": natural(record.soak_seconds),
        "rollback_seconds": natural(record.rollback_seconds),
        "credential_seconds": natural(record.credential_seconds),
    }


def durations_of(datum: Mapping[str, Any]) -> Durations:
    """The record in what fastavro read."""
    return Durations(
        apply_seconds=natural(datum["apply_seconds"]),
        validate_seconds=natural(datum["validate_seconds"]),
        soak_seconds=natural(datum["soak_seconds"]),
        rollback_seconds=natural(datum["rollback_seconds"]),
        credential_seconds=natural(datum["credential_seconds"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """One judge of a change."""

    name: str
    """The oracle's name in the template."""
    kind: OracleKind
    """What it looks at."""
    question: str = ""
    """What it answers, for people."""


def datum_oracle(record: Oracle) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "kind": record.kind,
        "question": record.question,
    }


def oracle_of(datum: Mapping[str, Any]) -> Oracle:
    """The record in what fastavro read."""
    return Oracle(
        name=key(datum["name"]),
        kind=OracleKind(datum["kind"]),
        question=datum["question"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """How a change is put back."""

    operation: str
    """The template's operation that does it."""
    restores: tuple[str, ...] = ()
    """Which fields it puts back."""
    limits: tuple[str, ...] = ()
    """What it cannot put back, in words."""


def datum_rollback(record: Rollback) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "operation": key(record.operation),
        "restores": record.restores,
        "limits": record.limits,
    }


def rollback_of(datum: Mapping[str, Any]) -> Rollback:
    """The record in what fastavro read."""
    return Rollback(
        operation=key(datum["operation"]),
        restores=tuple(datum["restores"]),
        limits=tuple(datum["limits"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that the change makes."""

    action: str
    """What is called: iam:UpdateAccessKey."""
    resource: str
    """On exactly which resource."""


def datum_call(record: Call) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "action": key(record.action),
        "resource": key(record.resource),
    }


def call_of(datum: Mapping[str, Any]) -> Call:
    """The record in what fastavro read."""
    return Call(
        action=key(datum["action"]),
        resource=key(datum["resource"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSetEntry:
    """One difference that a change may make."""

    resource: str
    """The resource's id."""
    path: str
    """The field, as a JSON Pointer into the resource's projection."""
    meaning: str = ""
    """What is written there, for people."""


def datum_write_set_entry(record: WriteSetEntry) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "resource": key(record.resource),
        "path": record.path,
        "meaning": record.meaning,
    }


def write_set_entry_of(datum: Mapping[str, Any]) -> WriteSetEntry:
    """The record in what fastavro read."""
    return WriteSetEntry(
        resource=key(datum["resource"]),
        path=datum["path"],
        meaning=datum["meaning"],
    )


class AssemblerKind(StrEnum):
    """What picked among the offers. Unknown is treated like a model."""

    UNKNOWN = "unknown"
    RULES = "rules"
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembler:
    """Who or what picked among the offers."""

    kind: AssemblerKind
    """What it is."""
    name: str
    """Its name: rules, or the model's id."""
    version: str = ""
    """Its version."""
    prompt_digest: str | None = None
    """Digest of what the model was given."""
    answer_digest: str | None = None
    """Digest of what it answered."""


def datum_assembler(record: Assembler) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "kind": record.kind,
        "name": key(record.name),
        "version": record.version,
        "prompt_digest": None if record.prompt_digest is None else ("string", digest(record.prompt_digest)),
        "answer_digest": None if record.answer_digest is None else ("string", digest(record.answer_digest)),
    }


def assembler_of(datum: Mapping[str, Any]) -> Assembler:
    """The record in what fastavro read."""
    return Assembler(
        kind=AssemblerKind(datum["kind"]),
        name=key(datum["name"]),
        version=datum["version"],
        prompt_digest=None if (value := datum["prompt_digest"]) is None else digest(value),
        answer_digest=None if (value := datum["answer_digest"]) is None else digest(value),
    )


class SlotFiller(StrEnum):
    """Who or what filled a slot. Unknown is treated as tainted."""

    UNKNOWN = "unknown"
    CATALOGUE = "catalogue"
    ASSESSMENT = "assessment"
    RULES = "rules"
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One value of a proposal, with where it came from."""

    name: str
    """The slot's name in the template."""
    value: Scalar
    """What fills it."""
    filler: SlotFiller
    """Who or what filled it."""
    reference: str = ""
    """Which offer was picked, or which fact was taken."""
    tainted: bool = True
    """True when text of a finding could have influenced the value."""


def datum_slot(record: Slot) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "value": scalar_datum(record.value),
        "filler": record.filler,
        "reference": record.reference,
        "tainted": truth(record.tainted),
    }


def slot_of(datum: Mapping[str, Any]) -> Slot:
    """The record in what fastavro read."""
    return Slot(
        name=key(datum["name"]),
        value=scalar_of(datum["value"]),
        filler=SlotFiller(datum["filler"]),
        reference=datum["reference"],
        tainted=datum["tainted"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Saga:
    """Which step of which wider work."""

    saga_id: str
    """The wider work."""
    step: int
    """This step, counted from 1."""
    steps: int
    """How many there are."""
    after: tuple[str, ...] = ()
    """Digests of the proposals that must be done first."""


def datum_saga(record: Saga) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "saga_id": key(record.saga_id),
        "step": natural(record.step),
        "steps": natural(record.steps),
        "after": list(map(digest, record.after)),
    }


def saga_of(datum: Mapping[str, Any]) -> Saga:
    """The record in what fastavro read."""
    return Saga(
        saga_id=key(datum["saga_id"]),
        step=natural(datum["step"]),
        steps=natural(datum["steps"]),
        after=tuple(map(digest, datum["after"])),
    )
