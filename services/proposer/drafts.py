"""What is gathered for an assessment: choices that were tried on a copy."""

from collections.abc import Mapping
from dataclasses import dataclass

from fixgate.events import Assembler, Rehearsal


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A choice, who made it, and how its rehearsal went."""

    template_id: str
    references: Mapping[str, str]
    assembler: Assembler
    rehearsal: Rehearsal


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """The choice first, then others that could take its place; `why` says why there is none."""

    drafts: tuple[Draft, ...] = ()
    why: str = ""
