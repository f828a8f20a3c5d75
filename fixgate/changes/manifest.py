"""What a `template.yaml` says, checked strictly: a field that nobody knows is an error."""

import re
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fixgate.errors import Misconfigured
from fixgate.events import BlastLevel, Durations, Oracle, OracleKind, Reversibility, Rollback

Word = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=3, max_length=600)]
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class SlotForm(_Part):
    """A slot: its name, the type of its value, and what it is for."""

    name: Word
    type: Literal["string", "long", "boolean", "strings"]
    doc: Sentence


class Permission(_Part):
    """A permission that the change's credential needs, on which sort of resource, in words."""

    action: Word
    resource: Word


class Written(_Part):
    """A field that may differ afterwards; `{…}` in the path stands for what the target or a slot says."""

    path: Annotated[str, Field(pattern=r"^/")]
    meaning: Sentence


class Judge(_Part):
    """An oracle."""

    name: Word
    kind: Literal["detector", "state", "effect", "health"]
    question: Sentence


class PutBack(_Part):
    """How it is put back."""

    operation: Word
    restores: tuple[Word, ...] = Field(min_length=1)
    limits: tuple[Sentence, ...] = ()


class Seconds(_Part):
    """How long each part may take, in seconds."""

    apply: int = Field(ge=1, le=600)
    validation: int = Field(ge=1, le=600, alias="validate")
    soak: int = Field(ge=0, le=86_400, default=0)
    rollback: int = Field(ge=1, le=600)
    credential: int = Field(ge=5, le=120)


class Manifest(_Part):
    """A template's data."""

    id: Word
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: Sentence
    summary: Sentence
    klass: Literal["credential", "exposure", "supply_chain"] = Field(alias="class")
    problem_kinds: tuple[Word, ...] = Field(min_length=1)
    target_kind: Word
    ceiling: Literal["lossless", "lossy", "impossible"]
    automatic: bool
    deciding: tuple[Word, ...] = Field(min_length=1)
    slots: tuple[SlotForm, ...] = ()
    permissions: tuple[Permission, ...] = Field(min_length=1)
    residual_power: tuple[Sentence, ...] = Field(min_length=1)
    residual_level: Literal["none", "low", "medium", "high"]
    write_set: tuple[Written, ...] = Field(min_length=1)
    oracles: tuple[Judge, ...] = Field(min_length=2)
    rollback: PutBack
    durations: Seconds
    credential_kind: Literal["aws", "git"]

    @model_validator(mode="after")
    def _fits_together(self) -> "Manifest":
        if not _ID(self.id):
            raise ValueError("the id is lower-case words with dashes")
        kinds = {oracle.kind for oracle in self.oracles}
        if len(kinds) < 2 or kinds <= {"detector"}:  # noqa: PLR2004 - the law says two
            raise ValueError("at least two oracles of different kinds must judge")
        for names in ([s.name for s in self.slots], [o.name for o in self.oracles]):
            if len(set(names)) != len(names):
                raise ValueError("two slots or two oracles have one name")
        return self

    @property
    def reversibility(self) -> Reversibility:
        """The best that may be claimed of it."""
        return Reversibility(self.ceiling)

    @property
    def residual(self) -> BlastLevel:
        """How much the change's credential could hit beyond the change."""
        return BlastLevel(self.residual_level)

    @property
    def put_back(self) -> Rollback:
        """The rollback as a proposal carries it."""
        return Rollback(operation=self.rollback.operation, restores=self.rollback.restores, limits=self.rollback.limits)

    @property
    def validation(self) -> tuple[Oracle, ...]:
        """The oracles as a proposal carries them."""
        return tuple(Oracle(name=o.name, kind=OracleKind(o.kind), question=o.question) for o in self.oracles)

    @property
    def limits(self) -> Durations:
        """The durations as a proposal carries them."""
        return Durations(
            apply_seconds=self.durations.apply,
            validate_seconds=self.durations.validation,
            soak_seconds=self.durations.soak,
            rollback_seconds=self.durations.rollback,
            credential_seconds=self.durations.credential,
        )


def manifest_of(text: bytes, where: str) -> Manifest:
    """The manifest in a YAML document; raises Misconfigured with every fault."""
    try:
        return Manifest.model_validate(yaml.safe_load(text))
    except yaml.YAMLError:
        raise Misconfigured(f"{where} is no YAML") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors())
        raise Misconfigured(f"{where} is no template: {faults}") from None
