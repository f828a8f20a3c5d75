"""The desk in memory: what it refuses to read and write, how ids are shortened, what readers make of its records."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixgate.desk import Desk, find, key_of, opened
from fixgate.errors import Misconfigured, Poison, Refused
from fixgate.events import Approval, Asset, Control, ControlKind, Decision, Request, Verdict
from fixgate.settings import Settings
from tests.people.chains import waiting
from tests.people.persons import CODEC, DIGEST, approval, control, signed
from tests.services_desk import desk_of
from tests.services_world import ServicesWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServicesWorld]:
    """The pipeline in memory."""
    with ServicesWorld(tmp_path) as made:
        yield made


@pytest.fixture
def desk(world: ServicesWorld) -> Desk:
    """The desk of that world."""
    return desk_of(world)


HALT = Control(control_id="control-1", kind=ControlKind.HALT, statement=signed(control(), "ann"))


def test_what_does_not_verify_is_counted_and_not_read(world: ServicesWorld, desk: Desk) -> None:
    """Another party's signature, bytes that are none: passed over, with words."""
    world.publish("controls", HALT, party="gate")
    world.raw("controls", b"x", b"control-1")
    desk.publish(HALT)
    assert [r.record for r in desk.read("controls")] == [
        replace(HALT, envelope=CODEC.decode(world.inbound("controls")[2].value or b"", Control).envelope)
    ]
    assert desk.unreadable == {"controls": 2}
    assert "controls/0/0" in desk.faults[0]
    assert desk.broadcast("controls").unreadable == 2


def test_what_is_not_fit_is_not_written(world: ServicesWorld, desk: Desk) -> None:
    """A record that cannot be encoded, or is larger than its topic takes."""
    with pytest.raises(Poison):
        desk.publish(replace(HALT, control_id=""))
    large = signed(control(reason="x" * 1_100_000), "ann")
    with pytest.raises(Refused, match="controls takes"):
        desk.publish(replace(HALT, statement=large))
    assert world.inbound("controls") == []


def test_each_record_is_keyed_as_services_expect(world: ServicesWorld, desk: Desk) -> None:
    """What the desk writes is read back as verified, by the desk's signature, without a stream."""
    statement = signed(approval(), "ann")
    said = (
        HALT,
        Approval(approval_id="approval-1", proposal_id="proposal-1", statement=statement),
        Asset(asset_id="arn:aws:s3:::x", statement=statement),
        Request(request_id="request-1", lock_key="aws.iam.user:x", statement=statement),
    )
    for record in said:
        written = desk.publish(record, parents=[DIGEST])
        [received] = desk.read(written.topic)
        assert (received.digest, received.key) == (written.digest, key_of(record))
        assert received.signer == "spiffe://fixgate.internal/fixgate/desk"
        assert received.record == replace(record, envelope=received.record.envelope)  # type: ignore[union-attr]  # decoded
    assert desk.unreadable.total() == 0


def test_a_compacted_topic_says_the_last(desk: Desk) -> None:
    """Of each asset, the last entry."""
    statement = signed(approval(), "ann")
    for name in ("a", "b", "a"):
        desk.publish(Asset(asset_id=name, statement=statement))
    assert sorted(str(r.key) for r in desk.broadcast("assets").records) == ["b'a'", "b'b'"]


def test_the_last_decision_on_a_proposal_counts(world: ServicesWorld, desk: Desk) -> None:
    """A refusal after a wait replaces it; another proposal's stays."""
    first = waiting(world.sign, world.now)
    other = waiting(world.sign, world.now, change={"proposal_id": "proposal-other"})
    world.publish("decisions", first)
    world.publish("decisions", other)
    world.publish("decisions", replace(first, verdict=Verdict.REFUSED))
    found = desk.decisions()
    verdicts = {name: r.record.verdict for name, r in found.items() if isinstance(r.record, Decision)}
    assert verdicts == {first.proposal_id: Verdict.REFUSED, "proposal-other": Verdict.WAITING}


def test_shortened_ids() -> None:
    """Too short, none and several are refused, with the candidates; otherwise the one that is meant."""
    known = ["proposal-abcd1111", "proposal-abce2222", DIGEST, "halt-abcd9999"]
    with pytest.raises(Refused, match="too short"):
        find("abc", known, "proposal")
    with pytest.raises(Refused, match="there is no proposal ffff"):
        find("ffff", known, "proposal")
    with pytest.raises(Refused, match="any of 2") as error:
        find("abcd", known, "proposal")
    assert error.value.remedy.splitlines() == ["proposal-abcd1111", "halt-abcd9999"]
    with pytest.raises(Refused, match="any of 30") as error:
        find("many", [f"many-{n:04}" for n in range(30)], "proposal")
    assert error.value.remedy.endswith("…")
    assert find("abce", known, "proposal") == "proposal-abce2222"
    assert find("abab", known, "proposal") == DIGEST
    assert find("sha256:ab", known, "proposal") == DIGEST
    assert find("halt-abcd9999", known, "proposal") == "halt-abcd9999"


def test_without_a_cluster_there_is_no_desk() -> None:
    """And the error says what to do."""
    with pytest.raises(Misconfigured) as error, opened(Settings()):
        pass
    assert "fixgate up" in error.value.remedy
