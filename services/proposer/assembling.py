"""Who picks among what is on offer: a port, and the rules, which are the default.

Whoever picks does so by reference. It is given offers and gives back names of offers; there is no way in which it could
give anything else (law 2).
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from fixgate.changes.blast import ORDER, blast_radius
from fixgate.changes.catalogue import Catalogue
from fixgate.changes.offers import Offers
from fixgate.changes.template import Applicable
from fixgate.events import Assembler, AssemblerKind, Assessment, Finding

RULES: Final = Assembler(kind=AssemblerKind.RULES, name="rules", version="1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One template and, for each of its slots, the reference of one offer."""

    template_id: str
    references: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A choice, and who or what made it."""

    choice: Choice
    assembler: Assembler


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What there is to choose from, in the order in which the rules would take it; never empty."""

    assessment: Assessment
    findings: tuple[Finding, ...]
    applicable: tuple[Applicable, ...]


class Assembles(Protocol):
    """The port."""

    def pick(self, question: Question, deadline: float) -> Picked:
        """A choice among what is on offer; may block for so many seconds, and always answers."""
        ...


@dataclass(frozen=True, slots=True)
class RulesAssembler:
    """Takes what comes first."""

    def pick(self, question: Question, deadline: float) -> Picked:
        """The first template, and each slot's first offer."""
        del deadline
        return Picked(choice=next(choices(question.applicable)), assembler=RULES)


def ordered(catalogue: Catalogue, offers: Offers, assessment: Assessment) -> tuple[Applicable, ...]:
    """What applies, the least blast radius first."""

    def rank(applicable: Applicable) -> tuple[int, str]:
        radius = blast_radius(assessment, catalogue.templates[applicable.template_id])
        return ORDER.index(radius.level), applicable.template_id

    return tuple(sorted(offers.applicable, key=rank))


def choices(applicable: tuple[Applicable, ...]) -> Iterator[Choice]:
    """Every choice that there is, in the rules' order; there may be very many."""
    for one in applicable:
        references = ([offer.reference for offer in offers] for offers in one.slots.values())
        for combination in itertools.product(*references):
            yield Choice(template_id=one.template_id, references=dict(zip(one.slots, combination, strict=True)))


def is_on_offer(choice: Choice, applicable: tuple[Applicable, ...]) -> bool:
    """Whether a choice names a template that applies and, for exactly its slots, offers of theirs."""
    one = next((a for a in applicable if a.template_id == choice.template_id), None)
    if one is None or choice.references.keys() != one.slots.keys():
        return False
    return all(any(o.reference == choice.references[slot] for o in offers) for slot, offers in one.slots.items())
