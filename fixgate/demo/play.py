"""What happens in the demo, scene by scene, and how each trouble must end; a demo that ends otherwise has failed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from fixgate.cli.publish import Sender
from fixgate.demo import reports
from fixgate.demo.cast import ALICE, BOB, CAROL, Cast
from fixgate.demo.watching import Stage, Watch
from fixgate.desk import Desk
from fixgate.errors import Refused, Unavailable
from fixgate.events import Assessment, Decision, Grant, GrantState, Outcome, Verdict
from fixgate.identity import WorkloadIdentity
from fixgate.local.account import acme
from fixgate.local.account.client import Control
from fixgate.local.stack import Stack
from fixgate.local.statefile import State
from fixgate.log.audit import Keys
from fixgate.log.keys import load_public, public_path
from fixgate.log.places import Places
from fixgate.log.storage import open_store
from fixgate.objects import ObjectStore, open_objects
from fixgate.provenance.archive import Archive
from fixgate.topology import PIPELINE
from fixgate.verbs import Received

LOOK_S: Final = 0.25
PATIENCE_S: Final = 90.0
"""How long one scene may take before the demo gives up and says what did not happen."""
REPORTS_TOPIC: Final = "findings.raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something wrong in the account: the lock key under which it is fixed, in words, and how it must end."""

    lock_key: str
    words: str
    ending: str


class Show(Protocol):
    """How the demo is shown: on a terminal, or as plain lines."""

    def say(self, text: str) -> None:
        """A line of the story."""
        ...

    def stages(self, stages: list[Stage], states: Mapping[str, str]) -> None:
        """The pipeline and each trouble's state as of now; called often."""
        ...

    def settle(self) -> None:
        """The pipeline stands still for a while: others may write."""
        ...

    def command(self, *arguments: str) -> None:
        """Run `fixgate` with these arguments and show both; raises Refused when it fails."""
        ...


def troubles(account: str, repository: str) -> dict[str, Trouble]:
    """Everything that is wrong, by a short name, in the order of the scenes."""
    user = f"arn:aws:iam::{account}:user/"
    bucket = "arn:aws:s3:::"
    found = {
        "leaked key": (user + acme.LEAKED, "a leaked access key that nobody uses", "done"),
        "live key": (user + acme.LIVE, "the leaked key of a live service", "refused"),
        "staging": (bucket + acme.STAGING, "a public bucket in staging", "done"),
        "production": (bucket + acme.PRODUCTION, "a public bucket in production", "done"),
        "press kit": (bucket + acme.EXCEPTED, "a bucket that people want public", "refused"),
        "mirror": (bucket + acme.UNFIXABLE, "a bucket on which the fix does not take", "rolled_back"),
        "workflow": (f"git:{repository}", "a workflow that runs an unpinned action", "done"),
        "archive": (bucket + acme.LATE, "a public bucket, after somebody pressed halt", "refused"),
    }
    return {name: Trouble(lock_key=key, words=words, ending=end) for name, (key, words, end) in found.items()}


class Play:
    """The demo on a running stack; `run` blocks until it is over."""

    def __init__(self, stack: Stack, cast: Cast, desk: Desk, show: Show, git_host: str) -> None:
        self._stack = stack
        self._cast = cast
        self._desk = desk
        self._show = show
        self._account = Control(stack.home.account)
        self._repository = f"{git_host}/{acme.SHOP}"
        self.troubles: Final = troubles(cast.account, self._repository)
        self.watch: Final = Watch(desk)
        self._sender, self._scanner = self._scan()

    def close(self) -> None:
        """Let go of the broker."""
        self.watch.close()
        self._scanner.close()

    def run(self) -> None:
        """All scenes; raises Unavailable when something does not happen in time."""
        self._cast.speak(self._desk, self._repository)
        self._show.say("Scanners report what is wrong: gitleaks, Security Hub and zizmor.")
        keys = {name: self._account.keys()[name]["access_key_id"] for name in (acme.LEAKED, acme.LIVE)}
        self._publish(reports.gitleaks({f"deploy/{name}.ini": key for name, key in keys.items()}))
        self._publish(reports.security_hub(acme.STAGING, acme.PRODUCTION, acme.EXCEPTED, acme.UNFIXABLE))
        self._publish(reports.zizmor(self._repository))
        early = [name for name in self.troubles if name not in {"production", "archive"}]
        waiting = self.troubles["production"].lock_key
        self._until(lambda: bool(self._waiting(waiting)) and all(map(self.ended, early)), "the first seven findings")
        self._answer(waiting)
        self._halt()
        self._until(lambda: all(map(self.ended, self.troubles)), "the rest")

    def ended(self, name: str) -> str:
        """How a trouble ended so far, in one word; empty while it goes on."""
        lock_key = self.troubles[name].lock_key
        outcomes = [r.record for r in self.watch.of(Outcome, about=lock_key) if isinstance(r.record, Outcome)]
        if outcomes:
            return outcomes[-1].result.value
        decisions = [r.record for r in self.watch.of(Decision, about=lock_key) if isinstance(r.record, Decision)]
        over = {Verdict.REFUSED, Verdict.EXPIRED, Verdict.WITHDRAWN}
        return decisions[-1].verdict.value if decisions and decisions[-1].verdict in over else ""

    def states(self) -> dict[str, str]:
        """Each trouble's present state, in a word or two."""
        found: dict[str, str] = {}
        for name, trouble in self.troubles.items():
            last = self.watch.of(Decision, about=trouble.lock_key)
            now = last[-1].record.verdict.value if last and isinstance(last[-1].record, Decision) else ""
            seen = "assessed" if self.watch.of(Assessment, about=trouble.lock_key) else ""
            found[name] = self.ended(name) or now or seen
        return found

    def surprises(self) -> list[str]:
        """What ended otherwise than it must, in words; empty when all is well."""
        return [
            f"{trouble.words}: {self.ended(name) or 'no end'}, where {trouble.ending} was expected"
            for name, trouble in self.troubles.items()
            if self.ended(name) != trouble.ending
        ]

    def told(self, name: str) -> str:
        """The finding that a trouble began with; raises Unavailable when there is none."""
        lock_key = self.troubles[name].lock_key
        for received in self.watch.of(Assessment, about=lock_key):
            if isinstance(received.record, Assessment):
                return received.record.finding_ids[0]
        raise Unavailable(f"no finding is about {lock_key}")

    def await_end(self, finding_id: str) -> None:
        """Wait until every credential of the finding's change is dead, and the log has it all."""
        wanted: set[str] = set()

        def dead() -> bool:
            grants = [r for r in self.watch.of(Grant) if isinstance(r.record, Grant)]
            mine = self._about(finding_id)
            wanted.update(mine, (r.digest for r in grants if self._of(r, mine)))
            states = {
                r.record.grant_id: r.record.state for r in grants if isinstance(r.record, Grant) and self._of(r, mine)
            }
            return bool(states) and set(states.values()) == {GrantState.DEAD}

        self._until(dead, "the credential's death")
        objects = open_objects("", self._stack.home.path)
        self._until(lambda: wanted <= self._logged(objects), "the log")

    # -- the scenes ----------------------------------------------------------------------------------------------

    def _answer(self, lock_key: str) -> None:
        self._show.settle()
        self._show.say("One change waits for people. A reviewer looks at it, and answers.")
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
        self._show.say("Somebody on call presses the kill switch for one bucket; then a scanner reports it.")
        bucket = self.troubles["archive"].lock_key
        why = "We are looking at it"
        self._show.command("halt", "--resource", bucket, "--reason", why, "--key", str(self._cast.key(CAROL)))
        self._publish(reports.security_hub(acme.LATE))

    def _about(self, finding_id: str) -> set[str]:
        """The records that name a finding, by their digests."""
        return {d for d, r in self.watch.records.items() if finding_id in getattr(r.record, "finding_ids", ())}

    @staticmethod
    def _of(received: Received, records: set[str]) -> bool:
        return isinstance(received.record, Grant) and received.record.proposal_digest in records

    def _logged(self, objects: ObjectStore) -> set[str]:
        places = Places(self._stack.settings)
        key = public_path(places.log_key)
        if not key.exists():
            return set()
        known = load_public(str(key))
        keys = Keys(origin=known.name, log=(known,))
        try:
            return set(Archive(open_store(places.log), objects, keys, self._desk.codec).records)
        except Refused:
            return set()  # the first checkpoint is not there yet

    # -- inside --------------------------------------------------------------------------------------------------

    def _waiting(self, lock_key: str) -> str:
        """The proposal that waits for people under a lock key, or an empty string."""
        decided = self.watch.of(Decision, about=lock_key)
        last = decided[-1].record if decided else None
        return last.proposal_id if isinstance(last, Decision) and last.verdict is Verdict.WAITING else ""

    def _until(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.watch.look()
            self._show.stages(self.watch.stages(), self.states())
            if happened():
                return
            ended = [p.name for p in self._stack.processes if p.state is State.STOPPED]
            if ended:
                logs = self._stack.home.logs
                raise Unavailable(f"{', '.join(ended)} ended and will not come back", remedy=f"See the logs in {logs}.")
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"waited {PATIENCE_S:.0f} s for {what} in vain", remedy=f"See the logs in {self._stack.home.logs}."
                )
            time.sleep(LOOK_S)

    def _publish(self, report: reports.Report) -> None:
        self._sender.send(report.value, report.source.encode(), [("fixgate-source", report.source.encode())])
        self.watch.reports += 1

    def _scan(self) -> tuple[Sender, WorkloadIdentity]:
        identity = WorkloadIdentity(self._stack.socket(PIPELINE.party("scanner").name))
        topic = self._stack.settings.prefix + REPORTS_TOPIC
        return Sender(identity, self._stack.bootstrap, topic, tls=False, ca=None), identity
