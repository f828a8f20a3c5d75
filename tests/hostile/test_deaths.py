"""Executor and issuer are killed while they change the account: another one takes over, and all of it agrees."""

import threading
from collections.abc import Callable

import pytest

from fixgate.events import GrantState, Result
from tests.hostile.drafting import BLOCK, KEY, PIN
from tests.hostile.pair import PATIENCE_S, Deadly, Pair
from tests.hostile.targets import Targets

PLACES = ("minting:acted", "comparing:acted", "applying:acted", "applying:told", "judging:acted")
"""Where each of several changes of one kind stands when the executor dies."""
TEMPLATES = (KEY, BLOCK, PIN)


def test_an_executor_killed_at_every_stage_is_taken_over(pair: Pair, targets: Targets) -> None:
    """Changes of every kind stand at every place when it dies; another makes them whole, each written once.

    Two more stand where they are put back.
    """
    pair.issuer()
    places: dict[str, str] = {}
    probe = pair.executor(Deadly(places))
    for template in TEMPLATES:
        for place, target in zip(PLACES, targets.several(template, len(PLACES)), strict=True):
            places[pair.decide(target, template)] = place
    undone = _stubborn(pair, targets, places)
    pair.until(lambda: probe.stopped == set(places), f"all places: {places}")
    pair.kill("executor")
    probe.strike()
    pair.executor(slot=1)
    outcomes = pair.finish(*places)
    results = {lock: o.result for lock, o in outcomes.items()}
    assert {results.pop(lock) for lock in undone} == {Result.ROLLED_BACK}
    assert set(results.values()) == {Result.DONE}, [o.detail for o in outcomes.values()]
    assert pair.books().unbalanced(settled=False) == []
    assert pair.world.state("executor") == {}


def _stubborn(pair: Pair, targets: Targets, places: dict[str, str]) -> set[str]:
    """Changes that must be put back, and the places where they die over it."""
    locks: set[str] = set()
    for place in ("undoing:acted", "undoing:told"):
        lock = pair.decide(targets.stubborn(), BLOCK)
        places[lock] = place
        locks.add(lock)
    return locks


class Paused:
    """Holds up whoever calls it, until it is told to go on."""

    def __init__(self) -> None:
        self.here, self.go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        """Called in a thread of the issuer."""
        self.here.set()
        self.go.wait(PATIENCE_S)


def _before(pair: Pair, paused: Callable[[], None]) -> None:
    pair.before_issue = paused


def _after(pair: Pair, paused: Callable[[], None]) -> None:
    pair.after_issue = paused


@pytest.mark.parametrize(
    ("template", "when"),
    [(PIN, _before), (PIN, _after), (KEY, _after)],
    ids=["token before", "token after", "session after"],
)
def test_an_issuer_killed_over_a_credential_is_taken_over(
    brief_pair: Pair, targets: Targets, template: str, when: Callable[[Pair, Callable[[], None]], None]
) -> None:
    """It dies when the warrant is used, before the credential is made or before its grant is written.

    Nobody has what may have been made; another one is issued when that is dead, and the change is made once.
    """
    pair, paused = brief_pair, Paused()
    when(pair, paused)
    pair.issuer()
    pair.executor()
    lock = pair.decide(targets.of(template), template)
    pair.until(paused.here.is_set, "the issuer at work")
    pair.kill("issuer")
    when(pair, lambda: None)
    pair.issuer(slot=1)
    outcome = pair.finish(lock)[lock]
    paused.go.set()
    assert outcome.result is Result.DONE, outcome.detail
    pair.bury()
    books = pair.books()
    assert books.unbalanced() == []
    assert len(books.writes) == 1
    # The first credential's life is on record too, whether it was ever made or not.
    assert len({g.grant_id for g in books.grants.values()}) == 2


def test_an_issuer_killed_while_its_credential_is_used(brief_pair: Pair, targets: Targets) -> None:
    """The new one knows the credential by its record alone: giving it back is refused, and harms nothing."""
    pair, probe = brief_pair, Deadly()
    paused = Paused()
    probe.does["judging:act"] = paused
    pair.issuer()
    pair.executor(probe)
    lock = pair.decide(targets.key(), KEY)
    pair.until(paused.here.is_set, "the change judged")
    pair.kill("issuer")
    pair.issuer(slot=1)
    pair.until(lambda: bool(pair.runtimes["issuer"].shards.owned), "the issuer's takeover")
    paused.go.set()
    outcome = pair.finish(lock)[lock]
    assert outcome.result is Result.DONE, outcome.detail
    pair.bury()
    assert pair.books().unbalanced() == []
    states = [g.state for g in pair.grants().values()]
    assert states == [GrantState.ISSUED, GrantState.DYING, GrantState.DEAD]
