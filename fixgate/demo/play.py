"""The demo, scene by scene; a demo in which something ends otherwise than it must has failed."""

import time
from collections.abc import Callable
from typing import Final

from fixgate.cli.publish import Sender
from fixgate.demo import account, reports
from fixgate.demo.cast import ALICE, BOB, CAROL, Cast
from fixgate.demo.endings import because, ended, troubles
from fixgate.demo.showing import Show
from fixgate.demo.watching import Watch
from fixgate.desk import Desk
from fixgate.errors import Refused, Unavailable
from fixgate.events import Assessment, Decision, Grant, GrantState, Verdict
from fixgate.identity import WorkloadIdentity
from fixgate.local.account import acme
from fixgate.local.account.client import Control
from fixgate.local.stack import Stack
from fixgate.local.statefile import State
from fixgate.log.audit import Keys
from fixgate.log.keys import load_public, public_path
from fixgate.log.places import Places
from fixgate.log.storage import open_store
from fixgate.objects import open_objects
from fixgate.provenance.archive import Archive
from fixgate.topology import PIPELINE
from fixgate.verbs import Received

LOOK_S: Final = 0.25
LONG_LOOK_S: Final = 1.0
PATIENCE_S: Final = 150.0
"""How long one scene may take before the demo gives up and says what did not happen."""
REPORTS_TOPIC: Final = "findings.raw"


class Play:
    """The demo on a running stack; `run` blocks until it is over."""

    def __init__(self, stack: Stack, cast: Cast, desk: Desk, show: Show, git_host: str) -> None:
        self._stack = stack
        self._cast = cast
        self._desk = desk
        self._show = show
        self._git_host = git_host
        self._account = Control(stack.home.account)
        self._repository = f"{git_host}/{acme.SHOP}"
        self.troubles: Final = troubles(cast.account, self._repository)
        self.watch: Final = Watch(desk)
        self._sender, self._scanner = self._scan()
        self._before = self._things()

    def close(self) -> None:
        """Let go of the broker."""
        self.watch.close()
        self._scanner.close()

    def run(self) -> None:
        """All scenes; raises Unavailable when something does not happen in time."""
        self._cast.speak(self._desk, self._repository)
        self._show.say("An account has trouble in it.")
        for trouble in self.troubles.values():
            self._show.detail(f"{account.named(trouble.lock_key):22}{trouble.words}")
        self._show.say("Its people have signed who counts, what may be automatic, and one exception: the press kit.")
        self._show.say("Scanners report what they found: gitleaks, Security Hub and zizmor.")
        self._report()
        waiting = self.troubles["production"].lock_key
        self._until(lambda: bool(self._waiting(waiting)), "the change in production waits for people")
        self._answer(waiting)
        self._halt()
        self._until(lambda: all(map(self.ended, self.troubles)), "every trouble has ended")
        self._show.settle()

    def ended(self, name: str) -> str:
        """How a trouble ended so far, in one word; empty while it goes on."""
        return ended(self._records(name))

    def states(self) -> dict[str, str]:
        """Each trouble's present state, in a word or two."""
        found: dict[str, str] = {}
        for name, trouble in self.troubles.items():
            last = self.watch.of(Decision, about=trouble.lock_key)
            now = last[-1].record.verdict.value if last and isinstance(last[-1].record, Decision) else ""
            seen = "assessed" if self.watch.of(Assessment, about=trouble.lock_key) else ""
            found[name] = self.ended(name) or now or seen
        return found

    def tell(self) -> list[str]:
        """Say how everything ended, why, and what became of the account; the surprises, in words."""
        after = self._things()
        self._show.figures(self.watch.stages())
        self._show.say("How it all ended. The states are read from the account itself.")
        for name, trouble in self.troubles.items():
            was, now = self._before[trouble.lock_key].words, after[trouble.lock_key].words
            became = f"{was} → {now}" if was != now else f"{was}, as before"
            self._show.ending(self.ended(name), trouble.words, [trouble.lesson, *self._because(name), became])
        return [*self._surprises(), *self._contradictions(after)]

    def told(self, name: str) -> str:
        """The finding that a trouble began with; raises Unavailable when there is none."""
        lock_key = self.troubles[name].lock_key
        for received in self.watch.of(Assessment, about=lock_key):
            if isinstance(received.record, Assessment):
                return received.record.finding_ids[0]
        raise Unavailable(f"no finding is about {lock_key}")

    def await_end(self, finding_id: str) -> None:
        """Wait until every credential of the finding's change is dead, and the log has it all, witnessed."""
        wanted: set[str] = set()

        def dead() -> bool:
            grants = [r for r in self.watch.of(Grant) if isinstance(r.record, Grant)]
            mine = self._about(finding_id)
            wanted.update(mine, (r.digest for r in grants if self._of(r, mine)))
            states = {
                r.record.grant_id: r.record.state for r in grants if isinstance(r.record, Grant) and self._of(r, mine)
            }
            return bool(states) and set(states.values()) == {GrantState.DEAD}

        self._until(dead, "the credential is dead")
        self._until(lambda: wanted <= self._witnessed(), "the log has it all and its witness saw it", LONG_LOOK_S)
        self._show.settle()

    # -- the scenes ----------------------------------------------------------------------------------------------

    def _report(self) -> None:
        keys = {name: self._account.keys()[name]["access_key_id"] for name in (acme.LEAKED, acme.LIVE)}
        self._publish(reports.gitleaks({f"deploy/{name}.ini": key for name, key in keys.items()}))
        self._publish(reports.security_hub(acme.STAGING, acme.PRODUCTION, acme.EXCEPTED, acme.UNFIXABLE))
        self._publish(reports.zizmor(self._repository))

    def _answer(self, lock_key: str) -> None:
        self._show.settle()
        self._show.say(
            "One change waits for a person. Bob, an owner, looks at exactly what he would sign, and signs it."
        )
        proposal = self._waiting(lock_key)
        self._show.command("pending")
        self._show.command("show", proposal)
        for name in (BOB, ALICE):
            if self._waiting(lock_key):
                self._show.command("approve", proposal, "--yes", "--key", str(self._cast.key(name)))
                self._until(lambda: self._answered(lock_key), f"the gate takes {name}'s answer")
        self._show.settle()

    def _answered(self, lock_key: str) -> bool:
        """Whether the gate has taken every answer that was given: it does not wait, or says who else must answer."""
        given = sum(r.topic == "approvals" for r in self.watch.records.values())
        decided = self.watch.of(Decision, about=lock_key)
        return not self._waiting(lock_key) or len(decided) > given

    def _halt(self) -> None:
        self._show.say("Carol, on call, presses the kill switch for one bucket. Only then a scanner reports it.")
        bucket = self.troubles["archive"].lock_key
        why = "We are looking at it"
        self._show.command("halt", "--resource", bucket, "--reason", why, "--key", str(self._cast.key(CAROL)))
        self._publish(reports.security_hub(acme.LATE))

    # -- inside --------------------------------------------------------------------------------------------------

    def _records(self, name: str) -> list[Received]:
        """The records about a trouble, in the order of their coming."""
        lock_key = self.troubles[name].lock_key
        return [r for r in self.watch.records.values() if getattr(r.record, "lock_key", None) == lock_key]

    def _because(self, name: str) -> list[str]:
        return because(self._records(name))

    def _things(self) -> dict[str, account.Thing]:
        return account.read(self._account, self._cast.account, self._git_host)

    def _surprises(self) -> list[str]:
        """What ended otherwise than it must, or for another reason."""
        found: list[str] = []
        for name, trouble in self.troubles.items():
            came, why = self.ended(name), " ".join(self._because(name))
            if came != trouble.ending:
                found.append(f"{trouble.words}: {came or 'no end'}, where {trouble.ending} was expected ({why})")
            elif trouble.proof not in why:
                found.append(f"{trouble.words}: {came}, but not because of the {trouble.proof}: {why}")
        return found

    def _contradictions(self, after: dict[str, account.Thing]) -> list[str]:
        endings = {trouble.lock_key: self.ended(name) for name, trouble in self.troubles.items()}
        return list(account.contradictions(self._before, after, endings))

    def _about(self, finding_id: str) -> set[str]:
        """The records that name a finding, by their digests."""
        return {d for d, r in self.watch.records.items() if finding_id in getattr(r.record, "finding_ids", ())}

    @staticmethod
    def _of(received: Received, records: set[str]) -> bool:
        return isinstance(received.record, Grant) and received.record.proposal_digest in records

    def _witnessed(self) -> set[str]:
        """The records in the log as its witness last saw it; none when it has not seen the present checkpoint."""
        places = Places(self._stack.settings)
        log, witness = (load_public(str(public_path(key))) for key in (places.log_key, places.witness_key))
        keys = Keys(origin=log.name, log=(log,), witnesses=(witness,))
        try:
            archive = Archive(open_store(places.log), open_objects("", self._stack.home.path), keys, self._desk.codec)
            return set(archive.records) if archive.signed.cosignatures(keys.witnesses) else set()
        except Refused:
            return set()  # the first checkpoint is not there yet

    def _waiting(self, lock_key: str) -> str:
        """The proposal that waits for people under a lock key, or an empty string."""
        decided = self.watch.of(Decision, about=lock_key)
        last = decided[-1].record if decided else None
        return last.proposal_id if isinstance(last, Decision) and last.verdict is Verdict.WAITING else ""

    def _until(self, happened: Callable[[], bool], what: str, pause: float = LOOK_S) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.watch.look()
            self._show.stages(self.watch.stages(), self.states())
            if happened():
                return
            ends = [p.name for p in self._stack.processes if p.state is State.STOPPED]
            if ends:
                raise Unavailable(f"{', '.join(ends)} ended and will not come back")
            if time.monotonic() > deadline:
                states = "; ".join(f"{self.troubles[n].words}: {s or 'nothing yet'}" for n, s in self.states().items())
                raise Unavailable(f"in {PATIENCE_S:.0f} s it did not come to this: {what}", remedy=f"So far: {states}.")
            time.sleep(pause)

    def _publish(self, report: reports.Report) -> None:
        self._sender.send(report.value, report.source.encode(), [("fixgate-source", report.source.encode())])
        self.watch.reports += 1

    def _scan(self) -> tuple[Sender, WorkloadIdentity]:
        identity = WorkloadIdentity(self._stack.socket(PIPELINE.party("scanner").name))
        topic = self._stack.settings.prefix + REPORTS_TOPIC
        return Sender(identity, self._stack.bootstrap, topic, tls=False, ca=None), identity
