"""What holds of the gate whatever happens, and in whatever order."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.events import Answer, ControlKind, Decision, Verdict
from tests.gate.court import MINUTE, Court, ceiling

OPEN: Final = frozenset({Verdict.WAITING, Verdict.ALLOWED})
NAMES: Final = ("one", "other")
PEOPLE: Final = ("ann", "bob", "cid", "mallory")

STEPS = st.one_of(
    st.tuples(st.just("propose"), st.sampled_from(NAMES), st.integers(1, 3)),
    st.tuples(st.just("answer"), st.sampled_from(PEOPLE), st.sampled_from(list(Answer))),
    st.tuples(st.just("end"), st.just(""), st.just(0)),
    st.tuples(st.just("halt"), st.just(""), st.just(0)),
    st.tuples(st.just("time"), st.just(""), st.integers(1, 6)),
)


def newest(court: Court) -> dict[str, Decision]:
    """The newest decision about each revision that was proposed."""
    return {d.proposal_digest: d for d in court.decisions()}


def happen(court: Court, step: tuple[str, str, object], over: set[str], halts: list[int]) -> None:
    """Let one thing happen; `over` are the changes that have an outcome."""
    match step:
        case ("propose", name, int(revision)):
            expires = court.world.now + 5 * MINUTE
            court.world.publish("proposals", court.proposal(proposal_id=name, revision=revision, expires_at=expires))
        case ("answer", person, Answer() as answer):
            for decision in list(newest(court).values()):
                if decision.verdict is Verdict.WAITING:
                    court.world.publish("approvals", court.answer(person, decision, answer=answer))
        case ("end", _, _):
            for decision in list(newest(court).values()):
                if decision.verdict is Verdict.ALLOWED and decision.proposal_digest not in over:
                    over.add(decision.proposal_digest)
                    court.end(decision)
                    break
        case ("halt", _, _):
            halts.append(len(halts))
            number = 2 * len(halts)
            court.control(ControlKind.HALT, control_id=f"control-{number}", nonce=f"n{number}")
            court.work()
            ends = {"ends": f"control-{number}", "control_id": f"control-{number + 1}", "nonce": f"n{number + 1}"}
            court.control(ControlKind.RESUME, **ends)
        case (_, _, minutes):
            court.world.advance(int(str(minutes)) * MINUTE)
    court.work()


@settings(max_examples=25)
@given(steps=st.lists(STEPS, max_size=10), automatic=st.booleans())
def test_whatever_happens(steps: list[tuple[str, str, object]], *, automatic: bool) -> None:
    """Each proposal is decided once and for all, one at a time under its lock key, and only by whose word counts."""
    with tempfile.TemporaryDirectory() as folder:
        court = Court(Path(folder), ceiling("staging") if automatic else ceiling())
        try:
            over: set[str] = set()
            halts: list[int] = []
            for step in steps:
                happen(court, step, over, halts)
                check(court, over)
            court.world.advance(10 * MINUTE)
            court.work()
            waiting = [d for d in newest(court).values() if d.verdict is Verdict.WAITING]
            assert waiting == [], "what nobody answers expires"
            assert not court.world.rejected("gate")
        finally:
            court.close()


def check(court: Court, over: set[str]) -> None:
    """The laws, as of now."""
    decisions = court.decisions()
    finals = Counter(d.proposal_digest for d in decisions if d.verdict is not Verdict.WAITING)
    assert all(count == 1 for count in finals.values()), "decided once and for all"
    still = [d for d in newest(court).values() if d.verdict in OPEN and d.proposal_digest not in over]
    assert len(still) <= 1, "one proposal is open under a lock key"
    assert len({d.decision_id for d in decisions}) == len(decisions)
    for made in decisions:
        assert (made.warrant is not None) is (made.verdict is Verdict.ALLOWED)
        if made.warrant is not None:
            assert made.warrant.proposal_digest == made.proposal_digest
            assert len(made.warrant.approval_digests) == len(set(made.warrant.approval_digests))
            assert made.quorum is None or len(made.approvals) >= made.quorum.approvals
