"""Records whose headers the client cannot read: anybody who may write to a topic can make one."""

from pathlib import Path

from fixgate.errors import Reason
from tests.runtime.world import NAMING, World

WHY = "a header's name is not UTF-8"


def test_a_record_with_unreadable_headers_is_rejected_and_the_next_one_is_processed(tmp_path: Path) -> None:
    """It goes to the dead letters with its bytes, and the record behind it is counted."""
    world = World(tmp_path)
    good = world.publish("a")
    place = good.source
    world.broker.append(NAMING.topic("numbers"), b"odd", key=b"a", partition=place.partition, unreadable=WHY)
    world.publish("a")
    world.work(world.runtime())
    [rejected] = world.rejected()
    assert rejected.reason == Reason.INVALID
    assert WHY in rejected.detail
    assert rejected.origin_offset == good.offset + 1
    world.assert_exact()


def test_unreadable_headers_are_never_taken_for_absent_ones(tmp_path: Path) -> None:
    """Even where the value is good, the reason is the headers, not a missing signature."""
    world = World(tmp_path)
    good = world.publish("a")
    world.broker.append(
        NAMING.topic("numbers"),
        good.value,
        key=b"a",
        headers=good.headers,
        partition=good.source.partition,
        unreadable=WHY,
    )
    world.work(world.runtime())
    assert [r.reason for r in world.rejected()] == [Reason.INVALID]
    world.assert_exact()
