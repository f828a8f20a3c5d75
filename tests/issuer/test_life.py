"""A credential's life: issued, dying, dead with proof; and what crashes leave of it."""

import threading
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta

import pytest

from fixgate.errors import FixgateError, Refused, Transient
from fixgate.events import ControlKind, DeathMethod, Grant, GrantState, IntentPurpose, Signed, Verdict
from fixgate.signing import digest
from fixgate.verbs import Committed, Told
from services.issuer.admission import MINTS_LIMIT
from services.issuer.deaths import PATIENCE, Deaths
from services.issuer.ledger import CREDENTIALS, WARRANTS, read_entry
from services.issuer.scopes import AWS
from services.issuer.systems import Killed, NotMade, Seen
from services.issuer.vault import Vault
from tests.issuer.office import MINUTE, SECOND, Office
from tests.runtime.world import Crash, crashing
from tests.services_world import CODEC


def last(office: Office) -> Grant:
    """The newest grant."""
    return office.grants()[-1]


def credentials(office: Office) -> list[bytes]:
    """The state's entries of credentials that are not known to be dead."""
    return [k for k in office.world.state("issuer") if k.startswith(CREDENTIALS)]


def everything(office: Office) -> bytes:
    """All that a deployment writes anywhere: topics, states, logs, local copies."""
    topics = [office.world.topology.topics[name] for name in office.world.topology.topics]
    written = b"".join(r.value or b"" for t in topics for r in office.world.inbound(t.name))
    files = b"".join(p.read_bytes() for p in office.folder.rglob("*") if p.is_file())
    return written + files + office.world.logs.getvalue().encode()


# -- what cannot be made ---------------------------------------------------------------------------------------------


def test_what_the_target_refuses_is_recorded(office: Office) -> None:
    """The role does not trust us: a refusal with its reason, and the same intent may ask again."""
    office.script.fails = Refused("AWS refused the session: AccessDenied")
    answer = office.mint(decision := office.decided())
    assert answer.reasons == ("AWS refused the session: AccessDenied",)
    assert office.states() == ["refused"]
    assert not credentials(office)
    office.script.fails = None
    assert office.mint(decision).credential


def test_what_was_certainly_not_made_may_be_asked_for_again(office: Office) -> None:
    """The target is throttling: nothing is recorded or counted, and the same intent asks until it succeeds."""
    decision = office.decided()
    office.script.fails = NotMade("AWS did not make the session: Throttling")
    for _ in range(2 * MINTS_LIMIT):
        with pytest.raises(Transient, match="Throttling"):
            office.mint(decision)
    assert office.states() == []
    office.script.fails = None
    assert office.mint(decision).credential == {"token": "made-1"}


def test_what_may_have_been_made_counts_as_alive(office: Office) -> None:
    """The target's answer was lost: until the window's end nobody gets another one, and then it is dead by time."""
    office.script.fails = Transient("AWS did not answer: ReadTimeoutError")
    office.script.kills = Killed.UNABLE
    decision = office.decided()
    with pytest.raises(Transient, match="did not answer"):
        office.mint(decision)
    office.script.fails = None
    with pytest.raises(Transient, match="not dead"):
        office.mint(decision)
    assert office.states() == []
    office.pass_time(MINUTE)
    office.pass_time(2 * SECOND)
    assert office.states() == ["dying", "dead"]
    dying, dead = office.grants()
    assert dying.finding_ids == dead.finding_ids != ()
    # That time passed is no part of the change's trace; what proves the death is.
    assert dying.envelope.trace_id != dead.envelope.trace_id
    death = dead.death
    assert death is not None
    assert (death.method, death.probe) == (DeathMethod.EXPIRED, "")


def test_what_was_made_too_late_is_given_to_nobody(office: Office) -> None:
    """The target took longer than the window: what came is not handed out, and it dies."""
    decision = office.decided()

    def late() -> None:
        office.world.advance(2 * MINUTE)
        while office.states() != ["dying"]:
            pass  # the loop's thread writes that it is dying

    office.script.before_issue = late
    with pytest.raises(Transient, match="after its window"):
        office.mint(decision)
    assert "issued" not in office.states()


# -- death -----------------------------------------------------------------------------------------------------------


def test_a_death_that_cannot_be_proved_is_said_once_and_tried_for_ever(office: Office) -> None:
    """The kill is answered with "done", but the credential goes on working: an alarm, until the proof is there."""
    office.script.answers = [Seen.ALLOWED]
    office.give_back(office.mint(office.decided()))
    for _ in range(20):
        office.pass_time(MINUTE)
    assert office.states() == ["issued", "dying", "unproved"]
    assert len(office.alarms) == 1
    assert "cannot be proved" in office.alarms[0]
    assert len(office.script.killed) > PATIENCE
    office.script.answers = [Seen.DENIED]
    office.pass_time(MINUTE)
    assert office.states() == ["issued", "dying", "unproved", "dead"]
    death = last(office).death
    assert death is not None
    assert (death.answer_before, death.answer_after) == ("allowed", "denied")
    assert death.attempts > PATIENCE
    assert not credentials(office)


def test_an_answer_that_tells_nothing_is_no_proof(office: Office) -> None:
    """The target is down: it denies nothing, it only does not answer."""
    office.script.answers = [Seen.ALLOWED, Seen.UNCLEAR]
    office.give_back(office.mint(office.decided()))
    for _ in range(4):
        office.pass_time(MINUTE)
    assert office.states() == ["issued", "dying", "unproved"]


def test_a_read_that_never_worked_proves_nothing(office: Office) -> None:
    """It was denied before too: only the target's own end of the session counts, and the record claims no probe."""
    office.script.answers = [Seen.DENIED]
    office.give_back(office.mint(office.decided()))
    office.pass_time(2 * MINUTE)
    office.pass_time(2 * MINUTE)
    assert "dead" not in office.states()
    office.pass_time(15 * MINUTE)
    death = last(office).death
    assert death is not None
    assert (death.method, death.probe) == (DeathMethod.EXPIRED, "")


def test_what_is_given_back_is_killed_and_proved_dead(office: Office) -> None:
    """A read worked before, the target was told to kill it, and the read is denied now."""
    answer = office.mint(office.decided())
    office.give_back(answer)
    assert office.states() == ["issued", "dying", "dead"]
    assert len({g.grant_id for g in office.grants()}) == 1
    death = last(office).death
    assert death is not None
    assert (death.method, death.answer_before, death.answer_after) == (DeathMethod.KILLED, "allowed", "denied")
    assert death.asked_at is not None
    assert death.proved_at is not None
    assert not credentials(office)
    with pytest.raises(Refused):
        office.calls.give_back(digest(answer.grant.value), 1.0, "")


def test_what_the_target_did_not_know_is_gone(office: Office) -> None:
    """That it is not found counts as revoked, and the probe agrees."""
    office.script.kills = Killed.GONE
    office.give_back(office.mint(office.decided()))
    death = last(office).death
    assert death is not None
    assert death.method is DeathMethod.GONE


def test_what_cannot_be_killed_dies_by_its_window(office: Office) -> None:
    """AWS kills no single session: it is dying at once, and dead when the window's end was seen."""
    office.script.kills = Killed.UNABLE
    office.give_back(office.mint(office.decided()))
    assert office.states() == ["issued", "dying"]
    office.pass_time(50 * SECOND)
    assert office.states() == ["issued", "dying", "dead"]
    death = last(office).death
    assert death is not None
    assert (death.method, death.answer_after) == (DeathMethod.EXPIRED, "denied")


def test_what_nobody_gives_back_dies_by_its_window(office: Office) -> None:
    """The executor is gone: time alone makes it dying."""
    office.mint(office.decided())
    office.pass_time(50 * SECOND)
    office.pass_time(2 * SECOND)
    assert office.states() == ["issued", "dying", "dead"]


def test_a_kill_that_fails_is_tried_again(office: Office) -> None:
    """The git host is down for a moment."""
    office.script.kills = Transient("down")
    office.give_back(office.mint(office.decided()))
    assert office.states() == ["issued", "dying"]
    office.script.kills = Killed.KILLED
    office.pass_time(3 * SECOND)
    assert office.states() == ["issued", "dying", "dead"]


def test_an_undoing_is_admitted_when_the_change_no_longer_would_be(office: Office) -> None:
    """The warrant ended, the decision was withdrawn, an exception came: what was begun can still be put back."""
    proposal = office.proposal()
    decision = office.decided(office.decision(proposal))
    office.give_back(office.mint(decision))
    office.decided(office.decision(proposal, verdict=Verdict.WITHDRAWN, warrant=None))
    office.control(ControlKind.EXCEPTION, "bob")
    office.pass_time(30 * MINUTE)
    office.script.answers = [Seen.ALLOWED, Seen.DENIED]
    assert office.mint(decision, purpose=IntentPurpose.FINISH).reasons
    assert office.mint(decision, purpose=IntentPurpose.UNDO).credential


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_a_credential_is_written_nowhere(office: Office) -> None:
    """Not into a topic, the state, its local copy or a log; and nobody who prints the answer sees it."""
    answer = office.mint(office.decided())
    assert b"made-1" not in everything(office)
    assert "made-1" not in repr(answer)
    office.give_back(answer)
    assert b"made-1" not in everything(office)


# -- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("occurrence", [1, 2, 3])
@pytest.mark.parametrize("place", ["begin", "write", "positions", "commit", "committed"])
def test_killed_while_minting(office: Office, place: str, occurrence: int) -> None:
    """In any of the commits of a credential's life: never two that live, and in the end all that were made are dead."""
    decision = office.decided()
    intent = office.intent(decision)
    office.world.broker.probe = crashing(place, occurrence)
    with suppress(Crash, Transient):
        office.give_back(office.mint(decision, intent))
    office.abandon()
    office.process()
    for _ in range(4):
        office.pass_time(20 * SECOND)
    assert not credentials(office)
    dead = {g.grant_id for g in office.grants() if g.state is GrantState.DEAD}
    assert {e.grant_id for e in office.script.made} <= dead
    office.script.answers = [Seen.ALLOWED, Seen.DENIED]
    assert office.mint(decision, purpose=IntentPurpose.FINISH).credential
    assert len([k for k in office.world.state("issuer") if k.startswith(WARRANTS)]) == 1


def test_killed_while_dying(office: Office) -> None:
    """The new process never had the credential: it is killed by its public id, and the record claims no probe."""
    office.script.kills = Transient("down")
    office.give_back(office.mint(office.decided()))
    office.abandon()
    office.script.kills = Killed.KILLED
    office.process()
    assert office.states() == ["issued", "dying", "dead"]
    death = last(office).death
    assert death is not None
    assert (death.method, death.probe) == (DeathMethod.KILLED, "")


def test_killed_between_the_grant_and_the_answer(office: Office) -> None:
    """Nobody has the credential; it ends by its window, and its record says that nothing was probed."""
    office.script.kills = Killed.UNABLE
    office.mint(decision := office.decided())
    office.abandon()
    office.process()
    with pytest.raises(Transient, match="not dead"):
        office.mint(decision)
    office.pass_time(timedelta(seconds=47))
    office.pass_time(2 * SECOND)
    assert office.states() == ["issued", "dying", "dead"]
    death = last(office).death
    assert death is not None
    assert (death.method, death.probe) == (DeathMethod.EXPIRED, "")


def test_a_standby_mints_nothing(office: Office) -> None:
    """The shard is another instance's: ask that one."""
    decision: Signed = office.decided()
    active = office.runtime
    office.process(slot=1)
    with pytest.raises((Transient, FixgateError), match="owned"):
        office.mint(decision)
    assert not office.script.made
    active.close()


def test_the_same_request_twice_gives_the_same_records(office: Office) -> None:
    """A refusal asked for twice is one grant id: ids are derived."""
    decision = office.decided(office.decision(verdict=Verdict.REFUSED))
    intent = office.intent(decision)
    office.mint(decision, intent)
    office.mint(decision, intent)
    first, second = office.grants()
    assert first.grant_id == second.grant_id


def test_grants_name_what_they_were_made_from(office: Office) -> None:
    """Intent and decision are parents of each grant, and a grant goes on in the intent's trace."""
    decision = office.decided()
    intent = office.intent(decision)
    office.mint(decision, intent)
    grant = last(office)
    assert {digest(intent.value), digest(decision.value)} <= set(grant.envelope.parents)
    assert grant.envelope.trace_id == CODEC.decode_any(intent.value).envelope.trace_id  # type: ignore[union-attr]
    assert grant.credential is not None
    assert grant.credential.session_name.startswith("fg-")
    assert len(grant.credential.session_name) == 46


def test_a_defect_ends_no_attempts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library raises something that nobody thought of: a minute later it is tried again."""

    def broken(entry: object) -> Killed:
        raise KeyError

    answer = office.mint(office.decided())
    with monkeypatch.context() as patched:
        patched.setattr(office.script, "kill", broken)
        office.give_back(answer)
        assert office.states() == ["issued", "dying"]
    office.pass_time(2 * MINUTE)
    assert office.states() == ["issued", "dying", "dead"]


class _Noting:
    """An inbox that notes what it is told and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.came = threading.Event()

    def put(self, told: Told) -> "Future[Committed]":
        """Note it."""
        self.told.append(told)
        self.came.set()
        return Future()


def attending() -> list[threading.Thread]:
    """The threads that attend to deaths; others may come and go meanwhile."""
    return [t for t in threading.enumerate() if t.name.startswith("fixgate-death")]


def test_threads_of_its_own_attend_to_deaths(office: Office) -> None:
    """As the service runs it: nobody calls `step`, and closing ends the threads."""
    office.mint(office.decided())
    (entry,) = (read_entry(v) for k, v in office.world.state("issuer").items() if k.startswith(CREDENTIALS))
    inbox, vault = _Noting(), Vault()
    vault.put(entry.key, office.script.issue(entry))
    office.script.answers = [Seen.ALLOWED, Seen.DENIED]
    systems = {AWS: office.script}
    deaths = Deaths(systems, vault, clock=lambda: office.world.now, alarm=office.alarms.append, threads=2)
    assert attending() == []
    deaths.start(inbox)
    deaths.take(entry)
    assert inbox.came.wait(10)
    assert [t.name for t in inbox.told] == ["dead"]
    threads = attending()
    assert len(threads) == 2
    deaths.close()
    for thread in threads:
        thread.join(10)
    assert attending() == []
    assert vault.get(entry.key) is None
