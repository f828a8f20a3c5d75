"""A change under way, as the executor's state keeps it: where it stands, and the draft of its outcome.

The draft is an `Outcome` that grows: what is known of the change stands in it from the first moment on, so that
whoever takes the change over can write its record.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import IntentPurpose, Outcome, Result

ORDERS: Final = b"order/"
"""Prefix of the state keys of changes under way, one for each lock key."""
WAITING: Final = b"next/"
"""Prefix of the state keys of decisions that wait for their lock key, in the order of their arrival."""
_LENGTH: Final = 4


class Stage(StrEnum):
    """Where a change stands. Each is durable before the act outside that belongs to it."""

    INTENDED = "intended"
    """Next it is rehearsed."""
    MINTING = "minting"
    """Next the issuer is asked for the credential: from here on there may be one."""
    COMPARING = "comparing"
    """Next the target is read and compared, and the snapshot sealed."""
    APPLYING = "applying"
    """Next the step `at` (from 1) is done: from here on something may be written."""
    JUDGING = "judging"
    """Next the target is read again, and every oracle asked."""
    UNDOING = "undoing"
    """Next what was written is put back."""
    ENDING = "ending"
    """Next the credential is given back and the outcome written; what it says is fixed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeState:
    """One change. `intents` are the digests of its attempts' intents, as far as they are known.

    `begun` counts the steps that may have been done. `tries` counts the attempts that were begun because one could
    not put the change back. `context` is the traceparent in which it goes on.
    """

    stage: Stage
    draft: Outcome
    purpose: IntentPurpose
    attempt: int
    attempt_at: datetime
    intents: tuple[str, ...] = ()
    begun: int = 0
    at: int = 0
    steps: int = 0
    begun_at: datetime | None = None
    credential_until: datetime | None = None
    cause: str = ""
    result: Result = Result.UNKNOWN
    tries: int = 0
    context: str = ""

    @property
    def intent_id(self) -> str:
        """The id of the change in all its attempts."""
        return "intent-" + self.draft.outcome_id.removeprefix("outcome-")

    def ended(self, result: Result, detail: str = "", *, incident: bool = False) -> "ChangeState":
        """Nothing is left to do but to say how it ended."""
        words = "; ".join(part for part in (self.draft.detail, detail) if part)
        draft = replace(self.draft, detail=words, incident=self.draft.incident or incident)
        return replace(self, stage=Stage.ENDING, result=result, draft=draft)


def order_key(lock_key: str) -> bytes:
    """The state key of the change that holds the lock."""
    return ORDERS + lock_key.encode()


def waiting_prefix(lock_key: str) -> bytes:
    """The beginning of the state keys of what waits for the lock."""
    return WAITING + lock_key.encode() + b"\x00"


def pack(codec: Codec, change: ChangeState) -> bytes:
    """The state's value."""
    head = {
        "stage": change.stage.value,
        "purpose": change.purpose.value,
        "attempt": change.attempt,
        "attempt_at": change.attempt_at.isoformat(),
        "intents": list(change.intents),
        "begun": change.begun,
        "at": change.at,
        "steps": change.steps,
        "begun_at": _text(change.begun_at),
        "credential_until": _text(change.credential_until),
        "cause": change.cause,
        "result": change.result.value,
        "tries": change.tries,
        "context": change.context,
    }
    written = json.dumps(head, sort_keys=True).encode()
    return len(written).to_bytes(_LENGTH, "big") + written + codec.encode(change.draft)


def unpack(codec: Codec, value: bytes) -> ChangeState:
    """The change in a state's value; raises Poison for anything else."""
    end = _LENGTH + int.from_bytes(value[:_LENGTH], "big")
    try:
        head: dict[str, Any] = json.loads(value[_LENGTH:end])
        return ChangeState(
            stage=Stage(head["stage"]),
            draft=codec.decode(value[end:], Outcome),
            purpose=IntentPurpose(head["purpose"]),
            attempt=head["attempt"],
            attempt_at=datetime.fromisoformat(head["attempt_at"]).astimezone(UTC),
            intents=tuple(head["intents"]),
            begun=head["begun"],
            at=head["at"],
            steps=head["steps"],
            begun_at=_moment(head["begun_at"]),
            credential_until=_moment(head["credential_until"]),
            cause=head["cause"],
            result=Result(head["result"]),
            tries=head["tries"],
            context=head["context"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Poison(Reason.DEFECT, f"the state of a change cannot be read: {type(error).__name__}") from None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
