"""Sees to it that every credential dies, and proves it: a read that worked before is denied now.

    dying ─> read once while it lives ─> kill, where the target can ─> else wait for its window's end
          ─> read again: denied?  yes: dead.  no, or nobody can tell: unproved, said once, with an alarm; and again

There is no last attempt. What only an earlier process had in its memory cannot be probed: where it cannot be killed it
is dead by time, and its record says that there was no probe.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fixgate.errors import FixgateError
from fixgate.events import DeathMethod
from fixgate.ids import derived_id
from fixgate.verbs import Inbox, Told
from services.issuer.decide import DEAD, UNPROVED
from services.issuer.grants import Proof
from services.issuer.ledger import Entry, Stage
from services.issuer.systems import CredentialSystem, Killed, Probe, Seen
from services.issuer.vault import Held, Vault

PATIENCE: Final = 3
"""Attempts before it is said that the death cannot be proved: clocks differ by a second or two."""
LEEWAY: Final = timedelta(seconds=1)
"""After the window's end, before the first look."""
BACKOFF: Final = tuple(timedelta(seconds=s) for s in (0.5, 1, 2, 5, 10, 30, 60))
_METHODS: Final[Mapping[Killed | None, DeathMethod]] = {
    Killed.KILLED: DeathMethod.KILLED,
    Killed.GONE: DeathMethod.GONE,
    Killed.UNABLE: DeathMethod.EXPIRED,
    None: DeathMethod.EXPIRED,
}

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    entry: Entry
    due: datetime
    dying: bool
    killed: Killed | None = None
    attempts: int = 0
    said: bool = False
    running: bool = False


class Deaths:
    """The credentials that are to die. `step` does one thing that is due; `threads` of its own call it meanwhile.

    `alarm` is told once of each death that cannot be proved.
    """

    def __init__(
        self,
        systems: Mapping[str, CredentialSystem],
        vault: Vault,
        *,
        clock: Callable[[], datetime],
        alarm: Callable[[str], None],
        threads: int = 4,
    ) -> None:
        self._systems = systems
        self._vault = vault
        self._clock = clock
        self._alarm = alarm
        self._jobs: dict[bytes, _Job] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._inbox: Inbox | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"fixgate-death-{n}", daemon=True) for n in range(threads)
        ]

    def start(self, inbox: Inbox) -> None:
        """Begin."""
        self._inbox = inbox
        for thread in self._threads:
            thread.start()

    def look(self, entry: Entry) -> None:
        """It was just made: see that a read with it works, for later comparison."""
        self._add(_Job(entry, self._clock(), dying=False))

    def take(self, entry: Entry) -> None:
        """It is to die; doing this again is harmless."""
        with self._changed:
            found = self._jobs.get(entry.key)
            if found is not None and found.dying:
                return
        self._add(_Job(entry, self._clock(), dying=True, said=entry.stage is Stage.UNPROVED, attempts=entry.attempts))

    def forget(self, key: bytes) -> None:
        """It is over."""
        with self._changed:
            self._jobs.pop(key, None)
        self._vault.drop(key)

    def forget_all(self) -> None:
        """They are another process's now."""
        with self._changed:
            self._jobs.clear()
        self._vault.clear()

    def close(self) -> None:
        """Begin nothing more; what is under way ends on its own, within its timeouts."""
        with self._changed:
            self._closing = True
            self._jobs.clear()
            self._changed.notify_all()
        self._vault.clear()

    def step(self) -> bool:
        """Do one thing that is due; False when there is none. Blocks for as long as the target takes."""
        with self._changed:
            job = self._due()
            if job is None:
                return False
            job.running = True
        try:
            if job.dying:
                self._attempt(job)
            else:
                self._see(job)
        except Exception:
            # Whatever it was, the credential may live: nothing ends the attempts.
            _logger.exception("the death of %s could not be looked after", job.entry.grant_id)
            job.due = self._clock() + BACKOFF[-1]
        finally:
            with self._changed:
                job.running = False
                self._changed.notify_all()
        return True

    # -- inside ------------------------------------------------------------------------------------------------------

    def _add(self, job: _Job) -> None:
        with self._changed:
            if not self._closing:
                self._jobs[job.entry.key] = job
                self._changed.notify_all()

    def _due(self) -> _Job | None:
        now = self._clock()
        due = [j for j in self._jobs.values() if not j.running and j.due <= now]
        return min(due, key=lambda j: j.due) if due else None

    def _work(self) -> None:
        while True:
            if self.step():
                continue
            with self._changed:
                if self._closing:
                    return
                if self._due() is None:
                    # Jobs end by the clock on the wall, and come at any moment.
                    self._changed.wait(0.25 if self._jobs else None)

    def _see(self, job: _Job) -> None:
        held = self._vault.get(job.entry.key)
        if held is not None and held.before is None:
            held.before = self._probe(job.entry, held)
        self._done(job)

    def _attempt(self, job: _Job) -> None:
        entry, held = job.entry, self._vault.get(job.entry.key)
        if held is not None and held.before is None and self._clock() < entry.not_after:
            held.before = self._probe(entry, held)
        if job.killed is None:
            job.killed = self._kill(entry)
        over = self._clock() >= entry.not_after + LEEWAY
        if job.killed not in {Killed.KILLED, Killed.GONE} and not over:
            # A kill that failed is tried again soon; where there is none, the window is waited for.
            later = self._clock() + BACKOFF[1]
            job.due = entry.not_after + LEEWAY if job.killed is Killed.UNABLE else min(later, entry.not_after + LEEWAY)
            return
        job.attempts += 1
        method = _METHODS[job.killed]
        if held is None:
            self._tell(job, DEAD, Proof(method=method, attempts=job.attempts, proved_at=self._clock()))
            return
        after = self._probe(entry, held)
        now = self._clock()
        if after.seen is Seen.DENIED and held.before is not None and held.before.seen is Seen.ALLOWED:
            self._tell(job, DEAD, _proof(method, job.attempts, held.before, after, now))
        elif after.seen is not Seen.ALLOWED and not _worked(held) and now >= held.issued.hard_end + LEEWAY:
            # No read ever worked, so none can prove anything; the target itself ended it.
            self._tell(job, DEAD, Proof(method=DeathMethod.EXPIRED, attempts=job.attempts, proved_at=now))
        else:
            self._unproved(job, held, after)

    def _unproved(self, job: _Job, held: Held, after: Probe) -> None:
        if job.attempts >= PATIENCE and not job.said:
            job.said = True
            self._alarm(
                f"the death of {job.entry.grant_id} ({job.entry.session_name}) cannot be proved: "
                f"{after.asked} answers {after.answer}"
            )
            self._tell(job, UNPROVED, _proof(DeathMethod.UNKNOWN, job.attempts, held.before, after, None), keep=True)
        if job.killed is Killed.KILLED and after.seen is Seen.ALLOWED:
            job.killed = None
        job.due = self._clock() + BACKOFF[min(job.attempts, len(BACKOFF)) - 1]

    def _kill(self, entry: Entry) -> Killed | None:
        try:
            return self._systems[entry.kind].kill(entry)
        except FixgateError:
            return None

    def _probe(self, entry: Entry, held: Held) -> Probe:
        return self._systems[entry.kind].probe(entry, held.issued.credential)

    def _done(self, job: _Job) -> None:
        with self._changed:
            if self._jobs.get(job.entry.key) is job:
                del self._jobs[job.entry.key]

    def _tell(self, job: _Job, name: str, proof: Proof, *, keep: bool = False) -> None:
        if not keep:
            self._done(job)
        if self._inbox is None:
            raise AssertionError("started before anything dies")
        # What fails here is somebody else's now, or no credential of ours any more: nothing is left to do.
        self._inbox.put(
            Told(
                shard=0,
                name=name,
                order=job.entry.key,
                payload=proof,
                id=derived_id(name, job.entry.grant_id, str(proof.attempts)),
                context=job.entry.context,
                finding_ids=job.entry.finding_ids,
            )
        )


def _worked(held: Held) -> bool:
    return held.before is not None and held.before.seen is Seen.ALLOWED


def _proof(method: DeathMethod, attempts: int, before: Probe | None, after: Probe, at: datetime | None) -> Proof:
    return Proof(
        method=method,
        attempts=attempts,
        probe=after.asked,
        answer_before=before.answer if before else "",
        answer_after=after.answer,
        proved_at=at,
    )
