"""The world of the services' tests is the pipeline's: it refuses what the pipeline refuses."""

from datetime import timedelta
from pathlib import Path

from fixgate.errors import Reason
from fixgate.events import Assessment, Finding
from fixgate.verbs import Event, Facts, Output, Received, Result, Workload, gather_nothing
from tests.samples import assessment, finding
from tests.services_world import START, ServicesWorld


def assessing(event: Event, facts: Facts[None]) -> Result:
    """Say the same of every finding, and remember when."""
    assert isinstance(event, Received)
    assert isinstance(event.record, Finding)
    assert event.signed is not None
    record = assessment((event.signed,), finding_ids=(event.record.finding_id,))
    output = Output(topic="assessments", key=record.lock_key.encode(), record=record)
    return Result(outputs=(output,), state={b"at": facts.now.isoformat().encode()})


ANALYZER = Workload(service="analyzer", verb=assessing, gather=gather_nothing)


def test_a_record_of_the_wrong_writer_is_rejected(tmp_path: Path) -> None:
    """Nobody else's signature passes for ingest's."""
    with ServicesWorld(tmp_path) as world:
        world.publish("findings", finding(), party="executor")
        world.work(world.runtime(ANALYZER))
        assert [r.reason for r in world.rejected("analyzer")] == [Reason.WRONG_SIGNER.value]
        assert world.read("assessments", Assessment) == []


def test_a_service_reads_what_another_wrote(tmp_path: Path) -> None:
    """Outputs are signed by the service, carry what they were made from and verify where they are read."""
    with ServicesWorld(tmp_path) as world:
        world.publish("findings", finding())
        world.advance(timedelta(seconds=1))
        world.work(world.runtime(ANALYZER))
        [written] = world.read("assessments", Assessment)
        [sent] = world.signed("findings")
        assert written.findings == (sent,)
        assert world.state("analyzer") == {b"at": (START + timedelta(seconds=1)).isoformat().encode()}
        assert world.rejected("analyzer") == []


def test_a_signed_record_can_be_embedded_by_hand(tmp_path: Path) -> None:
    """What a test signs as a party is carried, and verified, as that party's."""
    with ServicesWorld(tmp_path) as world:
        world.publish("assessments", assessment((world.sign(finding(), "ingest"),)))
        world.publish("assessments", assessment((world.sign(finding(), "executor"),)))
        seeing: Workload[None] = Workload(service="proposer", verb=lambda _e, _f: Result(), gather=gather_nothing)
        world.work(world.runtime(seeing))
        assert [r.reason for r in world.rejected("proposer")] == [Reason.WRONG_SIGNER.value]
