"""What is wrong in the demo's account, how each must end, and what the records say of why it did. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.events import Decision, Outcome, Verdict
from fixgate.local.account import acme
from fixgate.verbs import Received

OVER: Final = frozenset({Verdict.REFUSED, Verdict.EXPIRED, Verdict.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something wrong: the lock key under which it is fixed, in words, how it must end, and what is to be seen in it.

    One of `proof` stands in the records' own words, whenever it is given.
    """

    lock_key: str
    words: str
    ending: str
    lesson: str
    proof: str = ""


def troubles(account: str, repository: str) -> dict[str, Trouble]:
    """Everything that is wrong, by a short name, in the order of the scenes."""
    user, bucket = f"arn:aws:iam::{account}:user/", "arn:aws:s3:::"
    return {
        "leaked key": Trouble(
            lock_key=user + acme.LEAKED,
            words="a leaked access key that nobody uses",
            ending="done",
            lesson="Low risk, and people signed that this may be automatic: done, nobody was asked.",
        ),
        "live key": Trouble(
            lock_key=user + acme.LIVE,
            words="the leaked key of a live service",
            ending="refused",
            lesson="Switching it off would stop a service: refused by policy.",
        ),
        "staging": Trouble(
            lock_key=bucket + acme.STAGING,
            words="a public bucket in staging",
            ending="done",
            lesson="Low risk, and people signed that this may be automatic: done, nobody was asked.",
        ),
        "production": Trouble(
            lock_key=bucket + acme.PRODUCTION,
            words="a public bucket in production",
            ending="done",
            lesson="Production: it waited for a person, who saw all of it and signed exactly that.",
            proof="people approved",
        ),
        "press kit": Trouble(
            lock_key=bucket + acme.EXCEPTED,
            words="a bucket that people want public",
            ending="refused",
            lesson="People signed an exception for it: it is left alone.",
            proof="exception",
        ),
        "mirror": Trouble(
            lock_key=bucket + acme.UNFIXABLE,
            words="a bucket on which the fix does not take",
            ending="rolled_back",
            lesson="It was still open to strangers after the change, so the change was undone by itself.",
            proof="anonymous",
        ),
        "workflow": Trouble(
            lock_key=f"git:{repository}",
            words="a workflow that runs an unpinned action",
            ending="done",
            lesson="A branch with the fix was made, and nothing merged.",
        ),
        "archive": Trouble(
            lock_key=bucket + acme.LATE,
            words="a public bucket, after somebody pressed halt",
            ending="refused",
            lesson="The kill switch stopped it.",
            proof="halt",
        ),
    }


def ended(records: Sequence[Received]) -> str:
    """How it ended, in one word, by the records about it; empty while it goes on."""
    outcomes = [r.record for r in records if isinstance(r.record, Outcome)]
    if outcomes:
        return outcomes[-1].result.value
    decisions = [r.record for r in records if isinstance(r.record, Decision)]
    return decisions[-1].verdict.value if decisions and decisions[-1].verdict in OVER else ""


def because(records: Sequence[Received]) -> list[str]:
    """Why it ended so, in the records' own words: who decided, and what came of the change."""
    said: list[str] = []
    decisions = [r.record for r in records if isinstance(r.record, Decision)]
    if decisions:
        last = decisions[-1]
        said.append(f"gate: {'; '.join(last.reasons or [p.words or p.id for p in last.policies])}")
    outcomes = [r.record for r in records if isinstance(r.record, Outcome)]
    if outcomes:
        last_outcome = outcomes[-1]
        judged = ", ".join(f"{v.name} {v.verdict.value}" for v in last_outcome.validation)
        said.append(f"executor: {'; '.join(t for t in (judged, last_outcome.detail) if t)}")
    return said
