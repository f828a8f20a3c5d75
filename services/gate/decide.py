"""The verb `judge`: proposals, answers, outcomes and time, to decisions.

A proposal is ruled on when it comes, and again in the moment when the quorum is reached. One proposal is open under
each lock key, from its ruling to its outcome; what comes meanwhile waits for its turn, and a newer revision takes the
place of an older one that waits.
"""

from dataclasses import dataclass

from fixgate.changes.catalogue import Catalogue
from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import Approval, Outcome, Proposal
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Ceiling
from fixgate.policy.sight import Rules
from fixgate.verbs import Event, Facts, Received, Result, Tick, Told
from services.gate.journal import Journal
from services.gate.sitting import Sitting
from services.gate.verdicts import Scribe


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """`judge`, with what it judges by. `executor` is the SPIFFE ID that warrants are made out to."""

    codec: Codec
    bundle: Bundle
    catalogue: Catalogue
    ceiling: Ceiling
    first_roster: str
    executor: str

    def __call__(self, event: Event, facts: Facts[None]) -> Result:
        """Decide; pure. Raises Poison for a proposal whose parts do not fit together."""
        rules = Rules(
            codec=self.codec,
            bundle=self.bundle,
            catalogue=self.catalogue,
            ceiling=self.ceiling,
            first_roster=self.first_roster,
        )
        cause = event.digest if isinstance(event, Received) else facts.now.isoformat()
        scribe = Scribe(bundle_digest=self.bundle.digest, executor=self.executor, now=facts.now, cause=cause)
        sitting = Sitting(rules, facts, scribe, Journal(codec=self.codec, state=facts.state))
        match event:
            case Tick():
                sitting.time_passed()
            case Received(record=Proposal()):
                sitting.proposed(event)
            case Received(record=Approval() as approval):
                sitting.answered(event, approval)
            case Received(record=Outcome() as outcome):
                sitting.ended(outcome)
            case Received():
                raise Poison(Reason.WRONG_RECORD, f"the gate does not take {type(event.record).__name__}")
            case Told():
                raise Poison(Reason.DEFECT, "the gate does nothing outside, and is told nothing")
        return sitting.journal.result
