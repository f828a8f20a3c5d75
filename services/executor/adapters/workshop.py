"""The catalogue, the rehearsal and the readers, as one change uses them."""

from collections.abc import Callable, Mapping
from datetime import datetime

from fixgate.chain import ProposalChain
from fixgate.changes.catalogue import Catalogue, Template
from fixgate.changes.template import Plan, Stage, case_of
from fixgate.events import Assessment, PlannedStep, Proposal, Rehearsal, Resource
from fixgate.forms import Scalar
from fixgate.resources.readers import read_state
from fixgate.resources.reading import Projection, Reading, Session
from services.executor.adapters.ports import Prepared

Rehearse = Callable[[Template, Plan, Projection, datetime], Rehearsal]
Sessions = Callable[[Mapping[str, str]], Session]


class CatalogueWorkshop:
    """See `ports.Workshop`. `sessions` makes a session from a credential."""

    def __init__(
        self, catalogue: Catalogue, rehearse: Rehearse, sessions: Sessions, clock: Callable[[], datetime]
    ) -> None:
        self._catalogue = catalogue
        self._rehearse = rehearse
        self._sessions = sessions
        self._clock = clock

    def steps(self, proposal: Proposal, assessment: Assessment) -> tuple[PlannedStep, ...]:
        """What will be called, in order; pure. Raises ValueError when it was not on offer."""
        plan = self._catalogue.plan(assessment, proposal.template.id, _slots(proposal))
        return tuple(PlannedStep(name=s.name, action=s.action, resource=s.resource) for s in plan.steps)

    def lies(self, chain: ProposalChain) -> tuple[str, ...]:
        """See `ports.Workshop.lies`."""
        return self._catalogue.check(chain.proposal, chain.assessment)

    def prepare(self, chain: ProposalChain) -> Prepared:
        """See `ports.Workshop.prepare`."""
        proposal = chain.proposal
        case = case_of(chain.assessment)
        if case is None:
            raise ValueError("the assessment does not know the target's state")
        plan = self._catalogue.plan(chain.assessment, proposal.template.id, _slots(proposal))
        operations = self._catalogue.templates[proposal.template.id].operations
        return Prepared(operations=operations, plan=plan, before=case.projection)

    def rehearse(self, chain: ProposalChain, prepared: Prepared, now: datetime) -> Rehearsal:
        """See `ports.Workshop.rehearse`."""
        template = self._catalogue.templates[chain.proposal.template.id]
        return self._rehearse(template, prepared.plan, prepared.before, now)

    def stage(self, credential: Mapping[str, str]) -> Stage:
        """See `ports.Workshop.stage`."""
        session = self._sessions(credential)

        def reading(target: Resource) -> Reading:
            return read_state(target, session, self._clock())

        return Stage(session=session, read=reading, now=self._clock)


def _slots(proposal: Proposal) -> Mapping[str, Scalar]:
    return {slot.name: slot.value for slot in proposal.slots}
