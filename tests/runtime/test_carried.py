"""A record that carries others is only as good as what it carries: each is verified as if it had come by itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fixgate.broker import Inbound, TopicPartition
from fixgate.errors import Poison, Reason
from fixgate.events import Assessment, Envelope, Finding, Signed
from fixgate.intake import Intake
from fixgate.json_form import from_json
from fixgate.partitioning import partition_of
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from fixgate.verbs import Received
from tests.fixgate.certificates import HOUR, NOW, NOW_MS, Issued, Shape, authority_shape, leaf, self_signed, trust
from tests.runtime.world import CODEC, NAMING, PARENT

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
ROOT = self_signed()


def holder(name: str, root: Issued = ROOT, **shape: object) -> Issued:
    """The certificate of a party."""
    return leaf(root, replace(Shape(uris=(f"spiffe://fixgate.internal/fixgate/{name}",)), **shape))  # type: ignore[arg-type]  # fields by name


def example(record: str, name: str) -> object:
    """A valid example as JSON."""
    return json.loads((EXAMPLES / record / f"{name}.json").read_text())


def finding(by: Issued | None = None, **envelope: object) -> Signed:
    """A signed finding."""
    made = Envelope(trace_id="a" * 32, parents=(PARENT,), stream="ingest/0", sequence=1)
    value = CODEC.encode(from_json(Finding, example("Finding", "valid-least")), replace(made, **envelope))  # type: ignore[arg-type]  # fields by name
    signature = (by or holder("ingest")).signer().sign(value)
    return Signed(value=value, signature=signature.signature, certificate=signature.certificate)


def receive(*carried: Signed, parents: tuple[str, ...] | None = None) -> Received:
    """What the intake makes of an assessment that carries these."""
    assessment = replace(from_json(Assessment, example("Assessment", "valid-nothing-known")), findings=carried)
    named = tuple(digest(c.value) for c in carried) if parents is None else parents
    envelope = Envelope(trace_id="a" * 32, parents=named, stream="analyzer/0", sequence=1)
    value = CODEC.encode(assessment, envelope)
    headers = holder("analyzer").signer().sign(value).headers()
    key = assessment.lock_key.encode()
    source = TopicPartition(NAMING.topic("assessments"), partition_of(key, 4))
    intake = Intake(PIPELINE, NAMING, CODEC, lambda: trust(ROOT))
    return intake.receive(Inbound(source, 0, key, value, headers, NOW_MS))


def altered(signed: Signed) -> Signed:
    """The same with another last byte."""
    return replace(signed, value=signed.value[:-1] + bytes([signed.value[-1] ^ 1]))


def assessed() -> Signed:
    """An assessment where a finding belongs, carrying nothing, named by nobody."""
    assessment = replace(from_json(Assessment, example("Assessment", "valid-nothing-known")), findings=())
    value = CODEC.encode(assessment, Envelope(trace_id="a" * 32, stream="analyzer/0", sequence=1))
    signature = holder("analyzer").signer().sign(value)
    return Signed(value=value, signature=signature.signature, certificate=signature.certificate)


@pytest.mark.parametrize(
    ("reason", "make"),
    [
        (Reason.BAD_SIGNATURE, lambda: altered(finding())),
        (Reason.UNSIGNED, lambda: replace(finding(), signature=b"")),
        (Reason.UNSIGNED, lambda: replace(finding(), certificate=b"")),
        (Reason.BAD_CERTIFICATE, lambda: finding(holder("ingest", self_signed(authority_shape(subject="elsewhere"))))),
        (Reason.WRONG_SIGNER, lambda: finding(holder("gate"))),
        (Reason.WRONG_SIGNER, lambda: finding(holder("scanner"))),
        (Reason.MISSING_PARENT, assessed),
    ],
)
def test_a_bad_record_inside_a_good_one_is_refused(reason: Reason, make: Callable[[], Signed]) -> None:
    """The writer of the outer record cannot vouch for the inner one."""
    with pytest.raises(Poison) as refused:
        receive(finding(), make())
    assert refused.value.reason == reason


def test_a_carried_record_must_be_named() -> None:
    """What is carried is among the parents, or the record is refused."""
    with pytest.raises(Poison) as refused:
        receive(finding(), parents=(PARENT,))
    assert refused.value.reason == Reason.MISSING_PARENT


def test_a_carried_record_may_be_older_than_its_certificate() -> None:
    """After a wait the inner certificate has rightly ended: its time is judged by whoever acts, from the log."""
    old = holder("ingest", start=NOW - 3 * HOUR, end=NOW - 2 * HOUR)
    assert isinstance(receive(finding(old)).record, Assessment)


def test_a_good_record_inside_a_good_one_is_received() -> None:
    """The assessment arrives with its finding as it was sent."""
    carried = finding()
    record = receive(carried).record
    assert isinstance(record, Assessment)
    assert record.findings == (carried,)
