"""What the proposer remembers of a problem: its latest proposal, how that went, and what else was on offer. Pure."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import Assessment, Proposal
from fixgate.verbs import StateView

PROPOSED: Final = "proposed"
"""It is out: decided, waiting or being made."""
NOTHING: Final = "nothing"
"""There was nothing to propose."""
RESOLVED: Final = "resolved"
_CASE: Final = "case/"
_DRAFT: Final = "draft/"
_NONCE: Final = "nonce/"
_END: Final = "\x00"
"""Ends the lock key in a state key: it is in no lock key, for those are printable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One problem. `status` is one of the above, or what a review or outcome said; `why` is for people.

    `digest` names the latest revision, once a review or an outcome has told it. `basis` stands for what was on offer
    and assessed: when it is the same, a new proposal would be too.
    """

    problem_key: str
    finding_ids: tuple[str, ...] = ()
    proposal_id: str = ""
    revision: int = 0
    reading: int = 0
    status: str = NOTHING
    why: str = ""
    digest: str | None = None
    basis: str = ""
    tried: tuple[int, ...] = ()
    drafts: int = 0
    at: str = ""

    def encode(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def decode(cls, value: bytes) -> "Case":
        """Raises Poison for what is none."""
        try:
            kept: dict[str, Any] = json.loads(value)
            kept["finding_ids"], kept["tried"] = tuple(kept["finding_ids"]), tuple(kept["tried"])
            return cls(**kept)
        except (ValueError, KeyError, TypeError):
            raise Poison(Reason.DEFECT, "what was remembered of a problem cannot be read") from None


def case_key(lock_key: str, problem_key: str) -> bytes:
    """Where a problem is remembered."""
    return f"{_CASE}{lock_key}{_END}{problem_key}".encode()


def draft_key(lock_key: str, problem_key: str, number: int) -> bytes:
    """Where one of its drafts is kept, as a proposal that nobody signed."""
    return f"{_DRAFT}{lock_key}{_END}{problem_key}{_END}{number}".encode()


def nonce_key(person: str, nonce: str) -> bytes:
    """Where it is kept that a person's request was used."""
    return f"{_NONCE}{person}{_END}{nonce}".encode()


def case_of(state: StateView, lock_key: str, problem_key: str) -> Case | None:
    """What is remembered of one problem."""
    kept = state.get(case_key(lock_key, problem_key))
    return None if kept is None else Case.decode(kept)


def cases_under(state: StateView, lock_key: str) -> Iterator[Case]:
    """Every problem under a lock key."""
    for _, kept in state.scan(f"{_CASE}{lock_key}{_END}".encode()):
        yield Case.decode(kept)


def drafts_of(codec: Codec, state: StateView, lock_key: str, case: Case) -> Iterator[tuple[int, Proposal]]:
    """The drafts that are kept of a problem, with their numbers."""
    for number in range(case.drafts):
        kept = state.get(draft_key(lock_key, case.problem_key, number))
        if kept is not None:
            yield number, codec.decode(kept, Proposal)


def forgetting(lock_key: str, case: Case, beyond: int = 0) -> dict[bytes, bytes | None]:
    """The state changes that forget a problem's drafts from a number on."""
    return {draft_key(lock_key, case.problem_key, number): None for number in range(beyond, case.drafts)}


def basis_of(assessment: Assessment, first: Proposal) -> str:
    """Names what a decision would look at: what is on offer, where it starts from, and what was assessed."""
    seen = [
        first.offer_digest,
        first.pre_state_digest,
        assessment.kind,
        assessment.environment.value,
        assessment.severity.value,
        first.blast_radius.level.value,
        assessment.ownership.owner,
        assessment.ownership.managed_by.value,
        assessment.ownership.shared,
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def stamp(now: datetime) -> str:
    """A moment as it is kept."""
    return now.isoformat()
