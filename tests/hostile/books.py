"""The books: what the records say of changes and credentials, held against what the account itself remembers.

Nothing here believes a service: writes come from the account's own trail, sessions and state from its control socket.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from fixgate import targets
from fixgate.events import Decision, Grant, GrantState, Outcome, Resource, Result, Verdict
from fixgate.ids import derived_id

CHANGED: Final = frozenset({Result.DONE})
UNCHANGED: Final = frozenset(
    {Result.ROLLED_BACK, Result.MOVED, Result.HALTED, Result.EXPIRED, Result.REFUSED, Result.RECOMMENDED}
)
CHANGERS: Final = "/fixgate-change-"
LEEWAY: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Records in the order of each lock key, and the account as it is now."""

    decisions: Sequence[Decision]
    outcomes: Sequence[Outcome]
    grants: Mapping[str, Grant]
    """By the digests of their records."""
    intents: frozenset[str]
    """Digests of the intents."""
    state: Mapping[str, Any]
    trail: Sequence[Mapping[str, Any]]
    git: str = ""
    """The address of the account's git host."""
    twice: bool = field(default=False)
    """Whether an answer was lost on purpose: a write may then be asked for again, if only after a read."""

    @property
    def writes(self) -> list[Mapping[str, Any]]:
        """What changed something by a credential of a change, as far as it came through."""
        return [e for e in self.trail if _is_write(e) and e["outcome"] in {"ok", "lost"}]

    def unbalanced(self, *, settled: bool = True) -> list[str]:
        """Everything that does not agree, in words; before it is `settled`, credentials may still live."""
        found = [*self._endings(), *self._targets(), *self._credentials(), *self._origins()]
        return [*found, *self._living()] if settled else found

    # -- changes -------------------------------------------------------------------------------------------------

    def _endings(self) -> Iterable[str]:
        """Each warrant has one outcome, and each outcome a warrant."""
        allowed = {
            derived_id("outcome", d.warrant.warrant_id): d.lock_key
            for d in self.decisions
            if d.verdict is Verdict.ALLOWED and d.warrant is not None
        }
        said: dict[str, int] = defaultdict(int)
        for outcome in self.outcomes:
            said[outcome.outcome_id] += 1
        yield from (f"{lock} was allowed and has no outcome" for o, lock in allowed.items() if o not in said)
        yield from (f"{o} has {n} records" for o, n in said.items() if n != 1)
        yield from (f"{o} has no warrant" for o in said if o not in allowed)

    def _targets(self) -> Iterable[str]:
        """The last outcome on each target is what the account shows."""
        last = {outcome.target.id: outcome for outcome in self.outcomes}
        for outcome in last.values():
            shown, expected = self.shows(outcome.target), _expected(outcome)
            if shown is not expected and expected is not None:
                yield f"{outcome.target.id} is said to be {outcome.result.value}; changed: {shown} ({outcome.detail})"
            written = [e for e in self.writes if self._on(e, outcome.target)]
            changes = [o for o in self.outcomes if o.target.id == outcome.target.id]
            if not self.twice and all(o.result is Result.DONE for o in changes) and len(written) != len(changes):
                yield f"{outcome.target.id} was written {len(written)} times for {len(changes)} changes"

    def shows(self, target: Resource) -> bool:
        """Whether the account holds the target as changed."""
        match target.kind:
            case targets.BUCKET:
                block = self.state["buckets"][target.id.rpartition(":")[2]]["public_access_block"]
                return bool(block) and all(block.values())
            case targets.ACCESS_KEY:
                arn, _, key = target.id.partition("#")
                return bool(self.state["users"][arn.rpartition("/")[2]]["keys"][key] == "Inactive")
            case _:
                refs = self.state["refs"][self._repository(target)]
                return any(ref.startswith("refs/heads/fixgate/") for ref in refs)

    def _on(self, entry: Mapping[str, Any], target: Resource) -> bool:
        match target.kind:
            case targets.BUCKET:
                return bool(entry["resource"] == target.id)
            case targets.ACCESS_KEY:
                return bool(entry["resource"] == target.id.partition("#")[0])
            case _:
                return bool(entry["resource"].startswith(self._repository(target) + " "))

    def _repository(self, target: Resource) -> str:
        return targets.parts(target)[0].removeprefix(self.git + "/").removesuffix(".git")

    # -- credentials ---------------------------------------------------------------------------------------------

    @property
    def _last(self) -> Mapping[str, Grant]:
        return {grant.grant_id: grant for grant in self.grants.values()}

    def _living(self) -> Iterable[str]:
        """Every credential that was ever made is on record as dead."""
        last = self._last
        ended = {GrantState.DEAD, GrantState.REFUSED}
        yield from (f"{g.grant_id} of {g.lock_key} is {g.state}" for g in last.values() if g.state not in ended)
        for session in self.state["sessions"]:
            grant = session["tags"].get("fixgate:grant")
            if grant is not None and grant not in last:
                yield f"the session {session['name']} of {grant} is on no record"

    def _credentials(self) -> Iterable[str]:
        """Nobody wrote with a credential that is on no record, or after its end."""
        last = self._last
        by_id = {g.credential.public_id: g for g in last.values() if g.credential and g.credential.public_id}
        for session in self.state["sessions"]:
            grant = session["tags"].get("fixgate:grant")
            known = by_id.get(session["access_key_id"])
            if grant is not None and known is not None and known.grant_id != grant:
                yield f"the session of {grant} is on record as another's"
        for entry in self.writes:
            found = by_id.get(entry["credential"])
            if found is None or found.credential is None:
                yield f"{entry['action']} on {entry['resource']} was made with a credential that is on no record"
            elif entry["at"] > (found.credential.not_after_at + LEEWAY).timestamp():
                yield f"{entry['action']} on {entry['resource']} was made after the credential's end"
            elif found.death and found.death.proved_at and entry["at"] > found.death.proved_at.timestamp():
                yield f"{entry['action']} on {entry['resource']} was made after the credential was proved dead"

    def _origins(self) -> Iterable[str]:
        """Each grant is for an intent that was durable, and each outcome names what was written with for it."""
        grants = self.grants.values()
        yield from (f"{g.grant_id} has no intent" for g in grants if g.intent_digest not in self.intents)
        wrote = {e["credential"] for e in self.writes}
        named = {self.grants[d].grant_id for o in self.outcomes for d in o.grant_digests if d in self.grants}
        for grant in grants:
            used = grant.credential is not None and grant.credential.public_id in wrote
            if grant.state is GrantState.ISSUED and used and grant.grant_id not in named:
                yield f"{grant.grant_id} was written with, and no outcome names it"


def _is_write(entry: Mapping[str, Any]) -> bool:
    if entry["action"] == "git:Push":
        return True
    verb = entry["action"].partition(":")[2]
    return CHANGERS in entry["caller"] and not verb.startswith(("Get", "List", "Head"))


def _expected(outcome: Outcome) -> bool | None:
    """Whether the target is as changed; None where the record itself says that a person must look."""
    if outcome.result in CHANGED:
        return True
    if outcome.result in UNCHANGED:
        return False
    return None if outcome.incident else False
