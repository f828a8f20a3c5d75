"""What answers the executor's calls, each in a thread of its own.

    verify both records now ─> told `mint` ─> committed: admitted, or refused ─> make the credential ─> told `issued`
                                                                             ─> committed: the grant ─> the answer

The warrant is marked used before anything is made, and the grant is written before anybody has the credential: whoever
is killed in between leaves a credential that nobody has, and that ends by its window.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as DeadlineExceeded
from datetime import datetime
from typing import Final

from fixgate.errors import Fenced, Poison, Refused, Transient
from fixgate.events import Decision, Envelope, Grant, Intent, Signed
from fixgate.forms import micros
from fixgate.intake import Intake
from fixgate.minting.server import Answer
from fixgate.signing import digest
from fixgate.telemetry import parse_traceparent
from fixgate.verbs import Committed, Inbox, Told
from services.issuer.deaths import Deaths
from services.issuer.decide import FAILED, GIVE_BACK, ISSUED, MINT, NOT_MADE, Ask, Made
from services.issuer.ledger import CREDENTIALS, Entry, read_entry
from services.issuer.systems import CredentialSystem, Issued, NotMade
from services.issuer.vault import Vault

NOT_YET: Final = "not yet: the decision was not read here so far, or an earlier credential of this target is not dead"


class Calls:
    """Answers `Mint` and `GiveBack`; see `minting.server.Minting`."""

    def __init__(
        self,
        intake: Intake,
        systems: Mapping[str, CredentialSystem],
        vault: Vault,
        deaths: Deaths,
        clock: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._systems = systems
        self._vault = vault
        self._deaths = deaths
        self._clock = clock
        self._inbox: Inbox | None = None
        self._lock = threading.Lock()
        self._reign = 0

    def start(self, inbox: Inbox) -> None:
        """Begin."""
        self._inbox = inbox

    def lost(self) -> None:
        """The shard is another's: make nothing more for what was admitted so far."""
        with self._lock:
            self._reign += 1

    def mint(self, intent: Signed, decision: Signed, deadline: float, context: str) -> Answer:
        """See `Minting`."""
        until = time.monotonic() + deadline
        reign = self._reign
        asking = self._intake.receive_carried(intent, Intent, at_ms=micros(self._clock()) // 1000)
        # Its time needs no proof: it must be one that was read from its topic, where it was judged by its time.
        self._intake.receive_carried(decision, Decision)
        parent = _parent(context, asking.envelope, intent)
        ask = Ask(intent=intent, decision=decision)
        committed = self._tell(MINT, CREDENTIALS, ask, until, parent, asking.finding_ids)
        if not committed.records and not committed.result.state:
            raise Transient(NOT_YET)
        key = next((k for k in committed.result.state if k.startswith(CREDENTIALS)), None)
        if key is None:
            return _refused(committed)
        entry = read_entry(committed.result.state[key] or b"")
        try:
            issued = self._issue(entry, reign)
        except NotMade:
            self._tell_of(entry, NOT_MADE, None, until)
            raise
        except Refused as error:
            return _refused(self._tell_of(entry, FAILED, error.message, until))
        made = Made(public_id=issued.public_id, scope_digest=issued.scope_digest, hard_end=issued.hard_end)
        try:
            written = self._tell_of(entry, ISSUED, made, until)
        except Poison as error:
            raise Transient(error.message) from None
        self._deaths.look(entry)
        return Answer(grant=written.records[0], credential=issued.credential, not_after=entry.not_after)

    def give_back(self, grant_digest: str, deadline: float, context: str) -> None:
        """See `Minting`."""
        key = self._vault.key_of(grant_digest)
        if key is None:
            raise Refused(
                "no living credential has this grant: it is over, or it was made before a restart and ends by itself"
            )
        try:
            self._tell(GIVE_BACK, key, None, time.monotonic() + deadline, context)
        except Poison:
            return  # it has died meanwhile

    def _issue(self, entry: Entry, reign: int) -> Issued:
        with self._lock:
            if reign != self._reign:
                raise Fenced("another instance is the issuer now")
        issued = self._systems[entry.kind].issue(entry)
        self._vault.put(entry.key, issued)
        return issued

    def _tell_of(self, entry: Entry, name: str, payload: object, until: float) -> Committed:
        return self._tell(name, entry.key, payload, until, entry.context, entry.finding_ids)

    def _tell(
        self,
        name: str,
        order: bytes,
        payload: object,
        until: float,
        context: str,
        finding_ids: tuple[str, ...] = (),
    ) -> Committed:
        if self._inbox is None:
            raise Transient("the issuer has not begun yet")
        told = Told(
            shard=0,
            name=name,
            order=order,
            payload=payload,
            id=f"{name}/{secrets.token_hex(16)}",
            context=context,
            finding_ids=finding_ids,
        )
        try:
            return self._inbox.put(told).result(max(0.0, until - time.monotonic()))
        except DeadlineExceeded:
            raise Transient(f"{name} was not committed in time") from None


def _refused(committed: Committed) -> Answer:
    record = committed.result.outputs[0].record
    reasons = record.admission.reasons if isinstance(record, Grant) else ()
    return Answer(grant=committed.records[0], reasons=tuple(reasons))


def _parent(context: str, envelope: Envelope, intent: Signed) -> str:
    """Where the trace goes on: at the caller's span, or at least in the intent's trace."""
    if parse_traceparent(context) is not None:
        return context
    made = f"00-{envelope.trace_id}-{digest(intent.value)[7:23]}-01"
    return made if parse_traceparent(made) is not None else ""
