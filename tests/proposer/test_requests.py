"""What people ask of the proposer counts by their own signature, once, and gives them only what is on offer."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate import targets
from fixgate.changes.catalogue import CATALOGUE
from fixgate.events import Assembler, AssemblerKind, Assessment, Proposal, RequestKind
from fixgate.events import Result as Ended
from fixgate.signing import digest
from services.proposer.journal import Case
from tests.chains import decided, outcome
from tests.proposer.services import proposer
from tests.samples import ACCESS_KEY, assessment, finding
from tests.services_people import enrol, request
from tests.services_world import CODEC, ServicesWorld

LOCK = targets.lock_key(ACCESS_KEY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServicesWorld]:
    """A world in which a change was rolled back, and a roster is in force."""
    with ServicesWorld(tmp_path) as made:
        enrol(made)
        made.publish("assessments", assessment((made.sign(finding(), "ingest"),)))
        service = proposer(made)
        made.work(service)
        [sent] = made.signed("proposals")
        made.publish("outcomes", outcome(made, result=Ended.ROLLED_BACK, decision=decided(made, sent)))
        made.work(service)
        service.close()
        yield made


def ask(world: ServicesWorld, kind: RequestKind, *signers: str, **changed: Any) -> None:
    """Publish a request and let the proposer see it."""
    request(world, kind, LOCK, *signers, **changed)
    service = proposer(world)
    world.work(service)
    service.close()


def why(world: ServicesWorld) -> str:
    """What is remembered of the problem."""
    [kept] = [value for key, value in world.state("proposer").items() if key.startswith(b"case/")]
    return Case.decode(kept).why


@pytest.mark.parametrize(
    ("signers", "changed"),
    [
        (("mallory",), {"person": "mallory"}),
        (("cid",), {}),
        ((), {"roster_version": 2}),
    ],
)
def test_a_request_that_nobody_who_counts_signed_is_rejected(
    world: ServicesWorld, signers: tuple[str, ...], changed: dict[str, Any]
) -> None:
    """Somebody unknown, somebody in another's name, a roster that there is not."""
    ask(world, RequestKind.RETRY, *signers, **changed)
    assert [r.reason for r in world.rejected("proposer")] == ["invalid"]
    assert len(world.read("proposals", Proposal)) == 1


def test_a_request_that_is_old_is_rejected(world: ServicesWorld) -> None:
    """The desk cannot keep one for later."""
    request(world, RequestKind.RETRY, LOCK)
    world.advance(timedelta(minutes=59))
    request(world, RequestKind.RETRY, LOCK, nonce="other", issued_at=world.now - timedelta(minutes=61))
    world.work(proposer(world))
    assert [r.reason for r in world.rejected("proposer")] == ["invalid"]
    assert len(world.read("proposals", Proposal)) == 2


def test_a_request_counts_once(world: ServicesWorld) -> None:
    """The same nonce again is rejected, whatever has happened since."""
    ask(world, RequestKind.RETRY)
    ask(world, RequestKind.RETRY)
    assert [r.reason for r in world.rejected("proposer")] == ["invalid"]
    assert len(world.read("proposals", Proposal)) == 2


def test_what_is_not_on_offer_cannot_be_asked_for(world: ServicesWorld) -> None:
    """Another template, an undoing, a proposal that is not the latest: nothing, and it is remembered why."""
    ask(world, RequestKind.PROPOSE, template_id="aws-s3-block-public-access", nonce="1")
    assert why(world) == "bob asked to propose: nothing that was asked for is on offer"
    ask(world, RequestKind.UNDO, nonce="2")
    assert why(world) == "bob asked to undo: this is not on offer"
    ask(world, RequestKind.RETRY, proposal_digest="sha256:" + "0" * 64, nonce="3")
    assert len(world.read("proposals", Proposal)) == 1
    assert world.rejected("proposer") == []


def test_while_a_proposal_is_out_a_retry_leads_to_nothing(world: ServicesWorld) -> None:
    """One at a time."""
    ask(world, RequestKind.RETRY, nonce="1")
    ask(world, RequestKind.RETRY, nonce="2")
    assert why(world) == "bob asked to retry: a proposal is out"
    assert len(world.read("proposals", Proposal)) == 2


def test_a_person_can_ask_for_another_try(world: ServicesWorld) -> None:
    """The next revision of the same proposal, in their name: they are not among those who approve it."""
    [sent] = world.signed("proposals")
    ask(world, RequestKind.RETRY, proposal_digest=digest(sent.value))
    first, second = world.read("proposals", Proposal)
    assert (second.proposal_id, second.revision, second.supersedes) == (first.proposal_id, 2, digest(sent.value))
    assert second.assembler == Assembler(kind=AssemblerKind.PERSON, name="bob")
    assert [s.value for s in second.slots] == [s.value for s in first.slots]
    assert CATALOGUE.check(second, CODEC.decode(second.assessment.value, Assessment)) == ()
    assert world.rejected("proposer") == []
