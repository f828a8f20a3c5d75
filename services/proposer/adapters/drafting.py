"""The proposer's `gather`: what is on offer, who picks, and how it goes on a copy."""

import itertools
import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from fixgate.changes.catalogue import Catalogue
from fixgate.changes.offers import Offers, filled
from fixgate.changes.rehearsal import rehearse
from fixgate.codec import Codec
from fixgate.events import Assessment, AssessmentStatus, FactState, Finding
from fixgate.resources.reading import STATE
from fixgate.verbs import Event, Received
from services.proposer.assembling import (
    RULES,
    Assembles,
    Choice,
    Picked,
    Question,
    choices,
    is_on_offer,
    ordered,
)
from services.proposer.building import filler_of
from services.proposer.drafts import Draft, Drafted

OTHERS: Final = 3
"""So many other choices are tried too, in case that a person asks for one."""
_LOOKED_AT: Final = 20
_FOR_REHEARSALS: Final = 2.0
"""Seconds of the deadline that picking leaves for the rehearsals."""


class Drafting:
    """Finds drafts for an assessment; for other events there is nothing to find."""

    def __init__(self, codec: Codec, catalogue: Catalogue, assembler: Assembles, clock: Callable[[], datetime]) -> None:
        self._codec = codec
        self._catalogue = catalogue
        self._assembler = assembler
        self._clock = clock

    def __call__(self, event: Event, deadline: float) -> Drafted:
        """The drafts; blocks for picking and some tens of milliseconds for each rehearsal."""
        if not isinstance(event, Received) or not isinstance(event.record, Assessment):
            return Drafted()
        assessment = event.record
        if assessment.status not in {AssessmentStatus.OPEN, AssessmentStatus.SEEN_AGAIN}:
            return Drafted()
        started = time.monotonic()
        offers = self._catalogue.offers(assessment)
        if not offers.applicable:
            return Drafted(why="; ".join(f"{r.template_id}: {r.why}" for r in offers.refused))
        applicable = ordered(self._catalogue, offers, assessment)
        findings = tuple(self._codec.decode(f.value, Finding) for f in assessment.findings)
        question = Question(assessment=assessment, findings=findings, applicable=applicable)
        picked = self._picked(question, deadline - _FOR_REHEARSALS)
        drafts = [self._draft(assessment, offers, picked)]
        for other in itertools.islice(choices(applicable), _LOOKED_AT):
            if len(drafts) > OTHERS or time.monotonic() - started > deadline / 2:
                break
            if other != picked.choice:
                drafts.append(self._draft(assessment, offers, Picked(choice=other, assembler=RULES)))
        return Drafted(drafts=tuple(drafts))

    def _picked(self, question: Question, deadline: float) -> Picked:
        picked = self._assembler.pick(question, deadline)
        if is_on_offer(picked.choice, question.applicable):
            return picked
        # An assembler of ours would not do this; whatever it is, it has not picked.
        return Picked(choice=next(choices(question.applicable)), assembler=RULES)

    def _draft(self, assessment: Assessment, offers: Offers, picked: Picked) -> Draft:
        choice: Choice = picked.choice
        applicable = offers.of(choice.template_id)
        if applicable is None:
            raise AssertionError("it was on offer a moment ago")
        slots = filled(applicable, choice.references, filler_of(picked.assembler))
        plan = self._catalogue.plan(assessment, choice.template_id, {slot.name: slot.value for slot in slots})
        state = next(f for f in assessment.evidence if f.name == STATE and f.state is FactState.VALUE)
        template = self._catalogue.templates[choice.template_id]
        rehearsal = rehearse(template, plan, json.loads(str(state.value)), self._clock())
        return Draft(
            template_id=choice.template_id,
            references=choice.references,
            assembler=picked.assembler,
            rehearsal=rehearsal,
        )
