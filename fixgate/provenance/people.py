"""Judges the people's part of a decision from the records alone: who was asked, who answered, by whose roster. Pure.

A decision that people were asked about is allowed only when each approval that it carries counts, and they are as many
and of such roles as the waiting decision asked for. An approval counts as at the gate: for this proposal, over exactly
the view, the obligations and the nonce that the waiting decision had to show, while it waited, by a person who is not
concerned. The person must stand in both rosters of that moment: the one that people had signed by then, and the one
that had been published by then. So a removal counts from its signing on, whenever its carrier let it through.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from fixgate.chain import ProposalChain, proposal_chain
from fixgate.codec import Codec
from fixgate.errors import FixgateError
from fixgate.events import (
    Answer,
    Approval,
    Control,
    ControlKind,
    ControlStatement,
    Decision,
    PersonSigned,
    Quorum,
    Verdict,
)
from fixgate.people import statements
from fixgate.people.roster import Roster, RosterHistory
from fixgate.people.view import view, view_digest
from fixgate.policy.quorum import Demand, objection, tally
from fixgate.provenance.seen import Case, Seen

_ONE: Final = Quorum(approvals=1)
"""What is asked where nothing is said: one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Callable as `verify.People`. `first_roster` is the pinned digest; empty pins nothing, and nobody counts."""

    codec: Codec
    first_roster: str

    def __call__(self, case: Case, decided: Seen, decision: Decision) -> Iterator[tuple[bool, str]]:
        """Whether each approval that an allowed decision carries counts, and whether they are enough; in words why."""
        waited = _asked(case, decision)
        if not (waited or decision.quorum or decision.approvals):
            yield True, "nobody had to be asked: the policies alone allowed it"
            return
        if not self.first_roster:
            yield False, "no roster is pinned, so nobody counts: give the first roster's digest"
            return
        if waited is None:
            yield False, "the waiting decision that asked people is not here"
            return
        try:
            rosters = self._rosters(case, decided, decision.decided_at)
            chain = proposal_chain(self.codec, decision.proposal)
        except FixgateError as error:
            yield False, error.message
            return
        if any(r is None for r in rosters):
            yield False, "nobody counts: no roster in force leads from the pinned one"
            return
        yield from self._counted(decision, waited, chain, [r for r in rosters if r is not None])

    def _counted(
        self, decision: Decision, waited: Decision, chain: ProposalChain, rosters: Sequence[Roster]
    ) -> Iterator[tuple[bool, str]]:
        demand = Demand(
            proposal_digest=decision.proposal_digest,
            obligations=frozenset(o.id for o in waited.obligations),
            quorum=waited.quorum or decision.quorum or _ONE,
            asked_at=waited.decided_at,
            until=waited.expires_at or waited.decided_at,
            view_digest="",
        )
        approvers: list[str] = []
        for signed in decision.approvals:
            try:
                approval = self.codec.decode(signed.value, Approval)
                found = [statements.approval(self.codec, approval.statement, r, decision.decided_at) for r in rosters]
            except FixgateError as error:
                yield False, error.message
                continue
            said = found[0].statement
            shown = view_digest(view(waited, chain, said.showing_nonce, said.shown_at))
            asked = replace(demand, view_digest=shown, approvers=tuple(approvers))
            whys = [objection(said, asked, roster, decision.decided_at) for roster in rosters]
            why = next((w for w in whys if w is not None), None)
            if said.answer is not Answer.APPROVE:
                yield False, f"{said.person} said {said.answer.value}"
            elif why is not None:
                yield False, f"the approval by {said.person} does not count: {why}"
            else:
                demand = replace(demand, nonces=(*demand.nonces, said.showing_nonce))
                approvers.append(said.person)
                yield True, f"approved by {said.person}, who stands in roster {rosters[0].version}"
        for quorum in (waited.quorum, decision.quorum):
            for roster in rosters:
                lacking = tally(quorum or _ONE, approvers, roster).lacking
                if lacking:
                    yield False, f"{decision.verdict.value} without the approvals that were asked for: {lacking[0]}"
                    return

    def _rosters(self, case: Case, decided: Seen, at: datetime) -> tuple[Roster | None, Roster | None]:
        """The roster as it had been signed, and as it had been published, when the decision was made."""
        signed: list[PersonSigned] = []
        published: list[PersonSigned] = []
        for seen in case.records.values():
            if not isinstance(seen.record, Control) or seen.record.kind is not ControlKind.ROSTER:
                continue
            statement = self.codec.decode(seen.record.statement.value, ControlStatement)
            if statement.issued_at <= at or seen.appended_ms <= _ms(at):
                signed.append(seen.record.statement)
            if seen.appended_ms <= decided.appended_ms:
                published.append(seen.record.statement)
        of = RosterHistory.of
        return (
            of(self.codec, self.first_roster, signed).current(at),
            of(self.codec, self.first_roster, published).current(at),
        )


def _asked(case: Case, decision: Decision) -> Decision | None:
    """The newest waiting decision on the same proposal that came before, or None."""
    waiting = [
        d
        for _, d in case.of(Decision)
        if d.verdict is Verdict.WAITING
        and d.proposal_digest == decision.proposal_digest
        and d.decided_at <= decision.decided_at
    ]
    return max(waiting, key=lambda d: d.decided_at, default=None)


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
