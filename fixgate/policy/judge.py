"""A subject in its moment, to a ruling: automatic, people, or refused.

Two questions are asked of the policies: may it happen by itself, and may it happen once people have approved. An error
in either is a refusal. Three things no policy can loosen: what prevents a change prevents it, a proposal that claims
what is not so is refused, and nothing is automatic beyond the ceiling that people signed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fixgate.events import DeterminingPolicy, Obligation, PolicyEffect, Quorum
from fixgate.policy.bundle import Action, Answer, Bundle, Policy
from fixgate.policy.controls import Prevention
from fixgate.policy.subject import Subject


class Outlook(StrEnum):
    """What a ruling comes to."""

    AUTOMATIC = "automatic"
    PEOPLE = "people"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is so at this moment and not a property of the change.

    `prevention` and `lapsed` come from `Standing`, `within_ceiling` from `Ceiling`, `approvals` from the quorum,
    `facts_hours` from `testimony`: how long ago the target was read.
    """

    prevention: Prevention | None = None
    lapsed: tuple[str, ...] = ()
    within_ceiling: bool = False
    approvals: int = 0
    facts_hours: int = 0

    @property
    def context(self) -> Mapping[str, Any]:
        """As Cedar takes it."""
        return {
            "within_ceiling": self.within_ceiling,
            "lapsed_exceptions": len(self.lapsed),
            "approvals": self.approvals,
            "facts_hours": self.facts_hours,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the policies come to; `quorum` is set exactly when people are asked."""

    verdict: Outlook
    policies: tuple[DeterminingPolicy, ...] = ()
    reasons: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    quorum: Quorum | None = None
    prevention: Prevention | None = None


def judge(bundle: Bundle, subject: Subject, moment: Moment) -> Ruling:
    """Rule; pure, and never raises for what the facts hold."""
    if moment.prevention is not None:
        return Ruling(verdict=Outlook.REFUSED, reasons=(moment.prevention.words,), prevention=moment.prevention)
    with_approval = _ask(bundle, Action.WITH_APPROVAL, subject, moment)
    if not with_approval.allowed or not subject.honest:
        return _refused(subject, with_approval)
    by_itself = _ask(bundle, Action.AUTOMATIC, subject, moment)
    if by_itself.errors:
        return _refused(subject, by_itself)
    if by_itself.allowed and moment.within_ceiling:
        return Ruling(
            verdict=Outlook.AUTOMATIC,
            policies=_determining(by_itself.policies),
            reasons=_words(by_itself.policies),
        )
    return _people(subject, with_approval, by_itself)


def _ask(bundle: Bundle, action: Action, subject: Subject, moment: Moment) -> Answer:
    return bundle.ask(action, subject.assembler, subject.digest, subject.attributes, moment.context)


def _refused(subject: Subject, answer: Answer) -> Ruling:
    forbids = [p for p in answer.policies if p.effect is not PolicyEffect.PERMIT]
    reasons = (
        *subject.lies,
        *_words(forbids),
        *(f"a policy could not be evaluated: {e}" for e in answer.errors),
    )
    return Ruling(
        verdict=Outlook.REFUSED,
        policies=_determining(forbids),
        reasons=reasons or ("no policy permits it",),
    )


def _people(subject: Subject, with_approval: Answer, by_itself: Answer) -> Ruling:
    cautions = [p for p in by_itself.policies if p.effect is not PolicyEffect.PERMIT]
    permits = with_approval.policies
    obligations = {p.obligation.id: p.obligation for p in permits if p.obligation is not None}
    quorum = Quorum(
        approvals=max([1, *(p.quorum for p in permits)]),
        roles=tuple(sorted({role for p in permits for role in p.roles})),
        excluded=subject.excluded,
    )
    return Ruling(
        verdict=Outlook.PEOPLE,
        policies=_determining((*permits, *cautions)),
        reasons=_words(cautions) or ("no policy lets it happen without people",),
        obligations=tuple(obligations[i] for i in sorted(obligations)),
        quorum=quorum,
    )


def _determining(policies: Iterable[Policy]) -> tuple[DeterminingPolicy, ...]:
    return tuple(p.determining for p in policies)


def _words(policies: Iterable[Policy]) -> tuple[str, ...]:
    return tuple(p.words for p in policies)
