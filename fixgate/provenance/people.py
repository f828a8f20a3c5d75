"""Judges the people's part of a decision from the records alone: who counted, by the roster of that moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fixgate.codec import Codec
from fixgate.errors import FixgateError
from fixgate.events import Answer, Approval, Control, ControlStatement, Decision, PersonSigned, Record
from fixgate.people import statements
from fixgate.people.roster import RosterHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Callable as `verify.People`. `first_roster` is the pinned digest; empty pins nothing, and nobody counts."""

    codec: Codec
    first_roster: str

    def __call__(self, records: Mapping[str, Record], decision: Decision) -> Iterator[tuple[bool, str]]:
        """Whether each approval that the decision carries counts, and why."""
        warrant = decision.warrant
        if warrant is None:
            return
        history = self._history(records, decision)
        for signed in decision.approvals:
            try:
                approval = self.codec.decode(signed.value, Approval)
                yield self._judged(approval, history, decision)
            except FixgateError as error:
                yield False, error.message

    def _judged(self, approval: Approval, history: RosterHistory, decision: Decision) -> tuple[bool, str]:
        roster = history.current(decision.decided_at)
        if roster is None:
            why = history.refused[-1] if history.refused else "no roster leads from the pinned one"
            return False, f"nobody counts: {why}"
        verified = statements.approval(self.codec, approval.statement, roster, decision.decided_at)
        statement = verified.statement
        if statement.proposal_digest != decision.proposal_digest:
            return False, f"{statement.person} answered to another proposal"
        if statement.answer is not Answer.APPROVE:
            return False, f"{statement.person} said {statement.answer.value}"
        return True, f"approved by {', '.join(verified.people)} under roster {verified.roster_version}"

    def _history(self, records: Mapping[str, Record], decision: Decision) -> RosterHistory:
        said: list[PersonSigned] = []
        for record in records.values():
            if isinstance(record, Control):
                statement = self.codec.decode(record.statement.value, ControlStatement)
                if statement.issued_at <= decision.decided_at:
                    said.append(record.statement)
        return RosterHistory.of(self.codec, self.first_roster, said)
