"""The world fails while the account is changed: what happens then, and that the records say what the account shows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fixgate.events import DeathMethod, Grant, IntentPurpose, Outcome, Resource, Result
from fixgate.local.account.client import Control
from tests.hostile.drafting import BLOCK, KEY, PIN
from tests.hostile.pair import Deadly, Pair
from tests.hostile.targets import Targets

TEMPLATES = (KEY, BLOCK, PIN)
Fault = Callable[[Control], None]
PASSING: dict[str, Fault] = {
    "slow": lambda control: control.slow(100),
    "throttling": lambda control: control.throttle(3),
    "a write that fails": lambda control: control.fail(1),
    "a write whose answer is lost": lambda control: control.fail(1, applied=True),
}
"""Faults that end by themselves, or that can be lived with."""


def changed(pair: Pair, target: Resource, template: str, probe: Deadly | None = None) -> Outcome:
    """Run a change to its end; records and account must agree."""
    pair.issuer()
    pair.executor(probe)
    lock = pair.decide(target, template)
    outcome = pair.finish(lock)[lock]
    assert pair.books(twice=True).unbalanced(settled=False) == []
    return outcome


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_change_of_each_kind_is_made_with_one_credential(pair: Pair, targets: Targets, template: str) -> None:
    """Nothing fails: this is what the rest is measured by. Written once, with the one credential that was issued."""
    outcome = changed(pair, targets.of(template), template)
    assert outcome.result is Result.DONE, outcome.detail
    books = pair.books()
    assert books.unbalanced(settled=False) == []
    assert len(books.writes) == 1
    assert len({g.grant_id for g in books.grants.values()}) == 1


@pytest.mark.parametrize("fault", ["slow", "throttling"])
@pytest.mark.parametrize("stage", ["minting", "applying"])
def test_an_account_that_is_slow_or_throttles_is_lived_with(
    pair: Pair, targets: Targets, stage: str, fault: str
) -> None:
    """Three changes at once, one of each kind: all are made."""
    control = pair.account.account.control
    pair.issuer()
    pair.executor(Deadly(does={f"{stage}:act": lambda: PASSING[fault](control)}))
    locks = [pair.decide(targets.of(template), template) for template in TEMPLATES]
    outcomes = pair.finish(*locks)
    assert {o.result for o in outcomes.values()} == {Result.DONE}, [o.detail for o in outcomes.values()]
    assert pair.books(twice=True).unbalanced(settled=False) == []


@pytest.mark.parametrize("fault", ["a write that fails", "a write whose answer is lost"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_write_that_fails_half_way_is_made_or_put_back(
    pair: Pair, targets: Targets, template: str, fault: str
) -> None:
    """Not done, or done without an answer: either way the change is whole or gone in the end, and on record as that."""
    control = pair.account.account.control
    probe = Deadly(does={"applying:act": lambda: PASSING[fault](control)})
    outcome = changed(pair, targets.of(template), template, probe)
    assert outcome.result in {Result.DONE, Result.ROLLED_BACK}, outcome.detail
    assert not outcome.incident


@pytest.mark.parametrize("place", ["minting:act", "comparing:act", "applying:act", "judging:act"])
def test_an_account_that_is_down_for_a_moment(pair: Pair, targets: Targets, place: str) -> None:
    """Nobody answers, at any stage; when it is back within the credential's life the change is made."""
    control = pair.account.account.control
    stage = place.partition(":")[0]
    probe = Deadly()

    def down() -> None:
        control.down()
        # The next time that it is tried, it works.
        probe.does[f"{stage}:told"] = control.clear

    probe.does[place] = down
    outcome = changed(pair, targets.bucket(), BLOCK, probe)
    assert outcome.result is Result.DONE, outcome.detail


def test_an_account_that_stays_down_over_a_credentials_life(brief_pair: Pair, targets: Targets) -> None:
    """It fails half-way and comes back after the credential's end: the change is put back with one of its own."""
    pair, template = brief_pair, KEY
    control = pair.account.account.control
    probe = Deadly()
    probe.does["judging:act"] = control.down
    pair.issuer()
    pair.executor(probe)
    lock = pair.decide(targets.of(template), template)
    pair.until(lambda: any(i.purpose is IntentPurpose.UNDO for i in pair.intents()), "an attempt to put it back")
    assert pair.outcomes() == []
    control.clear()
    outcome = pair.finish(lock)[lock]
    assert outcome.result is Result.ROLLED_BACK, outcome.detail
    assert len(outcome.grant_digests) == 2
    pair.bury()
    assert pair.books().unbalanced() == []


def test_a_fix_that_only_looks_like_one_is_put_back(pair: Pair, targets: Targets) -> None:
    """The bucket is blocked, and anybody can read it still: an oracle that looks from outside sees that."""
    outcome = changed(pair, targets.stubborn(), BLOCK)
    assert outcome.result is Result.ROLLED_BACK, outcome.detail
    assert (outcome.rollback is not None, outcome.incident) == (True, False)


def test_a_target_that_moved_since_the_proposal(pair: Pair, targets: Targets) -> None:
    """Somebody tags the bucket while the change waits: nothing is written, and the record says what differs."""
    target = targets.bucket()
    name = target.id.rpartition(":")[2]
    pair.issuer()
    lock = pair.decide(target, BLOCK)
    pair.account.s3().put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "moved", "Value": "yes"}]})
    pair.executor()
    outcome = pair.finish(lock)[lock]
    assert (outcome.result, pair.books().writes) == (Result.MOVED, [])
    assert "/tags" in outcome.detail
    assert pair.books().unbalanced(settled=False) == []


def test_a_snapshot_disk_that_is_full(pair: Pair, targets: Targets, tmp_path: Path) -> None:
    """The store takes nothing: nothing is written, people are told, and the credential is given back."""
    full = tmp_path / "full"
    full.write_bytes(b"no folder")
    pair.issuer()
    pair.executor(snapshots=full)
    lock = pair.decide(targets.workflow(), PIN)
    outcome = pair.finish(lock)[lock]
    assert (outcome.result, outcome.incident, pair.books().writes) == (Result.FAILED, True, [])
    pair.bury()
    assert pair.books().unbalanced() == []


def test_a_credential_that_the_host_can_kill_is_killed_and_proved_dead(pair: Pair, targets: Targets) -> None:
    """Git's token dies when the change is over; a push that was let in before is denied now."""
    changed(pair, targets.workflow(), PIN)
    pair.bury()
    last: Grant = [*pair.grants().values()][-1]
    assert last.death is not None
    assert (last.death.method, last.death.answer_before, last.death.answer_after) == (DeathMethod.KILLED, "200", "401")
    assert pair.books().unbalanced() == []
