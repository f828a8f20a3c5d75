"""What the gate keeps: which proposal is open under each lock key, what waits for people, what waits for its turn.

| key                              | value                                                               |
|----------------------------------|---------------------------------------------------------------------|
| `lock/<lock key>`                | the open proposal: its digest, id and revision, and where it stands |
| `wait/<proposal digest>`         | a waiting decision as it was asked, and the answers so far          |
| `turn/<lock>/<number>/<digest>`  | a proposal whose lock key is held by another                        |
| `due/<time>/<digest>`            | the key of what ends at that time                                   |
| `strays`                         | the last answers that were about nothing that waits, and why        |

`<lock>` is the lock key's SHA-256, `<time>` microseconds since 1970 in twenty digits, so that keys
sort by time. Pure: a view of the state with what the event at hand has changed so far.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fixgate.codec import Codec
from fixgate.events import Decision, Signed
from fixgate.forms import micros
from fixgate.verbs import Output, Result, StateView

UNCOUNTED_LIMIT: Final = 20
"""Answers that did not count are kept, the last ones of each wait."""
STRAYS: Final = b"strays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The open proposal of a lock key; `waiting` for people, or allowed and under way."""

    proposal_digest: str
    proposal_id: str
    revision: int
    waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A proposal on hold, inside the decision that was written about it or would be; `context` is its trace so far.

    `answers` are the approvals that counted, as they were sent. `uncounted` says why others did not.
    """

    decision: Decision
    context: str
    nonces: tuple[str, ...] = ()
    answers: tuple[Signed, ...] = ()
    uncounted: tuple[str, ...] = ()


@dataclass(slots=True)
class Journal:
    """The state as of now, and everything that the event causes."""

    codec: Codec
    state: StateView
    changes: dict[bytes, bytes | None] = field(default_factory=dict[bytes, bytes | None])
    outputs: list[Output] = field(default_factory=list[Output])

    @property
    def result(self) -> Result:
        """Everything that the event caused."""
        return Result(outputs=tuple(self.outputs), state=self.changes)

    # -- the open proposal ---------------------------------------------------------------------------------------

    def lock(self, lock_key: str) -> Lock | None:
        """What is open under a lock key."""
        value = self._get(_lock(lock_key))
        return None if value is None else Lock(**json.loads(value))

    def hold(self, lock_key: str, lock: Lock) -> None:
        """Something is open under the lock key from now on."""
        shape = {name: getattr(lock, name) for name in ("proposal_digest", "proposal_id", "revision", "waiting")}
        self.changes[_lock(lock_key)] = json.dumps(shape, sort_keys=True).encode()

    def free(self, lock_key: str) -> None:
        """Nothing is open under the lock key any more."""
        self.changes[_lock(lock_key)] = None

    # -- what waits ----------------------------------------------------------------------------------------------

    def waiting(self, proposal_digest: str) -> Held | None:
        """What waits for people."""
        value = self._get(_wait(proposal_digest))
        return None if value is None else self._held(value)

    def waiting_for(self, proposal_id: str) -> Held | None:
        """What waits for people of that proposal, whichever revision."""
        found = (self._held(value) for _, value in self._scan(b"wait/"))
        return next((held for held in found if held.decision.proposal_id == proposal_id), None)

    def wait(self, held: Held) -> None:
        """Keep what waits for people, until its decision expires."""
        self._keep(_wait(held.decision.proposal_digest), held)

    def stop_waiting(self, held: Held) -> None:
        """It waits for people no more."""
        self._drop(_wait(held.decision.proposal_digest), held)

    def queue(self, held: Held) -> None:
        """Keep what waits for its turn, behind all others, until its decision expires."""
        prefix = _turns(held.decision.lock_key)
        last = max((int(key[len(prefix) :].partition(b"/")[0]) for key, _ in self._scan(prefix)), default=0)
        self._keep(b"%b%020d/%b" % (prefix, last + 1, held.decision.proposal_digest.encode()), held)

    def queued(self, lock_key: str) -> list[tuple[bytes, Held]]:
        """What waits for its turn under a lock key, the first first."""
        return [(key, self._held(value)) for key, value in self._scan(_turns(lock_key))]

    def unqueue(self, key: bytes, held: Held) -> None:
        """It waits for its turn no more."""
        self._drop(key, held)

    def due(self, now: datetime) -> Iterator[tuple[bytes, Held]]:
        """What has ended by now, with its key, the first first."""
        limit = b"due/" + _time(now)
        for key, value in list(self._scan(b"due/")):
            if key[: len(limit)] > limit:
                return
            kept = self._get(value)
            if kept is not None:
                yield value, self._held(kept)

    def stray(self, digest: str, why: str) -> None:
        """Keep why an answer about nothing that waits did not count; the last ones are kept."""
        before = self._get(STRAYS)
        kept: list[list[str]] = [*(json.loads(before) if before else []), [digest, why]]
        self.changes[STRAYS] = json.dumps(kept[-UNCOUNTED_LIMIT:]).encode()

    # -- inside --------------------------------------------------------------------------------------------------

    def _get(self, key: bytes) -> bytes | None:
        return self.changes[key] if key in self.changes else self.state.get(key)

    def _scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        found: dict[bytes, bytes | None] = dict(self.state.scan(prefix))
        found |= {k: v for k, v in self.changes.items() if k.startswith(prefix)}
        for key in sorted(found):
            value = found[key]
            if value is not None:
                yield key, value

    def _keep(self, key: bytes, held: Held) -> None:
        header: Mapping[str, Any] = {
            "context": held.context,
            "nonces": held.nonces,
            "answers": [[_text(a.value), _text(a.signature), _text(a.certificate)] for a in held.answers],
            "uncounted": held.uncounted[-UNCOUNTED_LIMIT:],
        }
        self.changes[key] = json.dumps(header, sort_keys=True).encode() + b"\n" + self.codec.encode(held.decision)
        self.changes[_due(held.decision)] = key

    def _drop(self, key: bytes, held: Held) -> None:
        self.changes[key] = None
        self.changes[_due(held.decision)] = None

    def _held(self, value: bytes) -> Held:
        line, _, body = value.partition(b"\n")
        header = json.loads(line)
        answers = (Signed(value=_bytes(v), signature=_bytes(s), certificate=_bytes(c)) for v, s, c in header["answers"])
        return Held(
            decision=self.codec.decode(body, Decision),
            context=header["context"],
            nonces=tuple(header["nonces"]),
            answers=tuple(answers),
            uncounted=tuple(header["uncounted"]),
        )


def _lock(lock_key: str) -> bytes:
    return b"lock/" + lock_key.encode()


def _wait(proposal_digest: str) -> bytes:
    return b"wait/" + proposal_digest.encode()


def _turns(lock_key: str) -> bytes:
    return b"turn/" + hashlib.sha256(lock_key.encode()).hexdigest().encode() + b"/"


def _due(decision: Decision) -> bytes:
    return b"due/" + _time(decision.expires_at or decision.decided_at) + b"/" + decision.proposal_digest.encode()


def _time(moment: datetime) -> bytes:
    return b"%020d" % micros(moment)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value)
