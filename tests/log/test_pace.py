"""When the log publishes, and how it gets on with its witness and with faults that pass."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from fixgate.errors import Refused, Unavailable
from fixgate.log import checkpoint
from fixgate.log.audit import audit
from fixgate.log.checkpoint import SignedCheckpoint
from fixgate.log.client import RolledBack
from fixgate.log.follower import Follower, follow
from fixgate.log.note import NoteSignature
from fixgate.log.tiles import Tree
from tests.log.desk import TWO, Desk, Objects
from tests.log.logs import KEYS, WITNESS


def two_steps(follower: Follower) -> None:
    """A tail says once that it is at its end before it looks for a new one."""
    follower.step()
    follower.step()


def test_a_checkpoint_comes_after_the_interval_and_not_before(tmp_path: Path) -> None:
    """Leaves wait for the interval, unless many are waiting."""
    desk = Desk(tmp_path)
    follower = desk.follower(interval=3.0, publish_at=10)
    desk.broker.append(TWO, b"first")
    two_steps(follower)
    assert len(desk.records()) == 1
    desk.broker.append(TWO, b"second")
    desk.now += 2.9
    two_steps(follower)
    assert len(desk.records()) == 1
    desk.now += 0.1
    two_steps(follower)
    assert len(desk.records()) == 2
    for number in range(10):
        desk.broker.append(TWO, str(number).encode())
    two_steps(follower)
    assert len(desk.records()) == 12


class Present:
    """A witness that answers as it is told."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.asked = 0

    def cosign(self, signed: SignedCheckpoint, tree: Tree) -> Sequence[NoteSignature]:
        """See `follower.Cosigner`."""
        del tree
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return [checkpoint.cosign(signed.note.text, 1_700_000_000, WITNESS)]


def test_without_its_witness_the_log_goes_on(tmp_path: Path) -> None:
    """A witness that is down or unwilling delays nothing, is told of, and is asked again after a while."""
    desk = Desk(tmp_path)
    desk.witness = witness = Present()
    witness.errors = [Unavailable("down"), Refused("no")]
    follower = desk.follower(interval=1.0, patience=10.0)
    for number in range(30):
        desk.broker.append(TWO, str(number).encode())
        two_steps(follower)
        desk.now += 1
    assert len(desk.records()) == 30
    assert desk.told == ["the log goes on without its witness: down", "the log goes on without its witness: no"]
    report = audit(desk.store, KEYS)
    assert [w.size for w in report.cosignatures] == list(range(21, 31))


def test_proof_of_a_rollback_stops_the_log(tmp_path: Path) -> None:
    """A witness that has the log's own signature under another tree ends it."""
    desk = Desk(tmp_path)
    desk.witness = witness = Present()
    witness.errors = [RolledBack("another tree")]
    desk.broker.append(TWO, b"value")
    with pytest.raises(RolledBack):
        desk.follower().step()


def test_what_may_pass_is_tried_again(tmp_path: Path) -> None:
    """After a fault that may pass, a new follower begins where the log stands; the log is let go in between."""
    desk = Desk(tmp_path)
    desk.broker.append(TWO, b"value")
    desk.objects.failures = 2
    stop = Event()

    def put_all(values: Sequence[bytes]) -> Sequence[str]:
        names = Objects.put_all(desk.objects, values)
        stop.set()
        return names

    desk.objects.put_all = put_all  # type: ignore[method-assign]  # ends the run once something is kept

    def close() -> None:
        assert desk.log is not None
        desk.log.close()

    follow(desk.follower, close, stop, pause=0.0)
    assert desk.records() == desk.expected()
