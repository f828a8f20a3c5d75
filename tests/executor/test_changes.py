"""A change from its decision to its outcome; what the record says is what the account shows."""

import json
from base64 import b64decode
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from securesystemslib.dsse import Envelope

from fixgate.attestation import PREDICATE
from fixgate.events import Decision, Intent, IntentPurpose, OracleVerdict, Outcome, Result
from fixgate.resources.reading import projection_digest
from fixgate.sealing import load_unseal
from fixgate.signing import digest
from tests.executor.lab import Lab, Stops, denied, throttled, unreachable
from tests.services_world import CODEC, ServicesWorld, spiffe_id


def test_a_change_that_fails_its_validation_is_put_back(lab: Lab) -> None:
    """An oracle that does not see the change is enough."""
    lab.decide()
    undone = Stops(does={"judging:act": lambda: lab.set_status("Active")})
    outcome = lab.executor(undone).finish()
    assert (outcome.result, lab.status, outcome.incident) == (Result.ROLLED_BACK, "Active", False)
    assert outcome.rollback is not None
    assert (outcome.rollback.complete, outcome.rollback.cause) == (True, "validation")
    assert OracleVerdict.FAILED in {v.verdict for v in outcome.validation}


def test_a_validation_that_cannot_tell_is_not_a_pass(lab: Lab) -> None:
    """An oracle that is denied is inconclusive, and the change is put back."""

    def deny() -> None:
        lab.faults["GetAccessKeyLastUsed"] = [denied("GetAccessKeyLastUsed") for _ in range(10)]

    lab.decide()
    outcome = lab.executor(Stops(does={"judging:act": deny})).finish()
    assert (outcome.result, lab.status) == (Result.ROLLED_BACK, "Active"), outcome.detail
    assert OracleVerdict.INCONCLUSIVE in {v.verdict for v in outcome.validation}


def test_a_change_outside_the_write_set_is_an_incident(lab: Lab) -> None:
    """What nobody said would differ is put on record, the change is put back, and people are called."""
    lab.decide()
    outcome = lab.executor(Stops(does={"judging:act": lab.tag})).finish()
    assert (outcome.result, lab.status, outcome.incident) == (Result.ROLLED_BACK, "Active", True)
    assert [c.path for c in outcome.unexpected] == ["/tags/touched"]
    assert outcome.rollback is not None
    assert (outcome.rollback.complete, outcome.rollback.cause) == (False, "write_set")


def test_a_halt_between_the_last_write_and_its_record_keeps_what_was_judged(lab: Lab) -> None:
    """A halt prevents writes; what was written before it is judged and kept."""
    lab.decide()
    outcome = lab.executor(Stops(does={"judging:act": lab.halt})).finish()
    assert (outcome.result, lab.status) == (Result.DONE, "Inactive")


def test_passing_failures_are_tried_again(lab: Lab) -> None:
    """An issuer that is away and an account that throttles delay a change and do not end it."""
    lab.issuer.down = 3
    lab.faults["UpdateAccessKey"] = [unreachable(), throttled("UpdateAccessKey")]
    lab.faults["GetUser"] = [throttled("GetUser")]
    lab.decide()
    outcome = lab.executor().finish()
    assert (outcome.result, lab.status) == (Result.DONE, "Inactive")
    assert len(lab.issuer.minted) == 1


def test_an_account_that_goes_down_half_way_is_put_back_later(lab: Lab) -> None:
    """When the credential runs out over it, another is minted to put the change back, by an intent of its own."""

    def down() -> None:
        lab.faults["GetUser"] = [unreachable() for _ in range(40)]

    lab.decide()
    outcome = lab.executor(Stops(does={"judging:act": down})).finish()
    assert (outcome.result, lab.status) == (Result.ROLLED_BACK, "Active"), outcome.detail
    assert [i.purpose for i in lab.issuer.minted] == [IntentPurpose.APPLY, IntentPurpose.UNDO]
    assert outcome.grant_digests[0] != outcome.grant_digests[1]


def test_what_cannot_be_put_back_is_an_incident(lab: Lab) -> None:
    """When the account does not come back within all tries, people are told that it is not known."""
    lab.decide()

    def down() -> None:
        lab.faults["GetUser"] = [unreachable() for _ in range(10_000)]

    outcome = lab.executor(Stops(does={"judging:act": down})).finish()
    assert (outcome.result, outcome.incident) == (Result.FAILED, True)
    assert "could not be put back" in outcome.detail


def test_an_undo_that_the_issuer_refuses_is_an_incident(lab: Lab) -> None:
    """The record says that the change is still there."""

    def refuse() -> None:
        lab.issuer.refuses = ["no"]
        lab.world.advance(timedelta(minutes=1))

    lab.decide()
    outcome = lab.executor(Stops(does={"judging:act": refuse})).finish()
    assert (outcome.result, outcome.incident, lab.status) == (Result.FAILED, True, "Inactive")


def test_a_further_decision_waits_for_the_lock(lab: Lab) -> None:
    """One change at a time for each lock key; the next begins when the first is over, and finds what it left."""
    second = lab.decision(not_after_at=lab.world.now + timedelta(hours=1))
    lab.decide()

    def more() -> None:
        lab.world.publish("decisions", CODEC.decode(second.value, Decision))

    executor = lab.executor(Stops(does={"comparing:act": more}))
    executor.finish(2)
    assert [o.result for o in lab.outcomes()] == [Result.DONE, Result.MOVED]
    assert lab.world.state("executor") == {}
    intents = lab.world.read("intents", Intent)
    assert len({i.intent_id for i in intents}) == 2


def test_the_outcome_names_the_whole_way(lab: Lab) -> None:
    """Intents, grants, states, steps, oracles and the sealed snapshot are in the record."""
    decision = lab.decide()
    outcome = lab.executor().finish()
    (intent,) = lab.world.signed("intents")
    assert outcome.intent_digest == digest(intent.value)
    assert outcome.decision == decision
    assert set(outcome.envelope.parents) == {digest(decision.value), digest(intent.value), *outcome.grant_digests}
    assert outcome.found_digest == outcome.pre_state_digest
    assert outcome.post_state_digest not in {None, outcome.pre_state_digest}
    assert [s.action for s in outcome.steps] == ["iam:UpdateAccessKey"]
    assert [c.path.rpartition("/")[2] for c in outcome.changes] == ["status"]
    assert {v.verdict for v in outcome.validation} == {OracleVerdict.PASSED}
    assert outcome.snapshot is not None
    name = outcome.snapshot.digest.removeprefix("sha256:")
    sealed = (lab.folder / "snapshots" / name[:2] / name[2:]).read_bytes()
    assert lab.user.encode() not in sealed
    opened = load_unseal(lab.folder / "keys" / "snapshots" / "snapshots.key").open(
        sealed, b"snapshot " + outcome.proposal_digest.encode()
    )
    assert projection_digest(json.loads(opened)) == outcome.pre_state_digest


def test_the_statement_is_for_tools_that_know_nothing_of_us(lab: Lab) -> None:
    """An in-toto statement in a DSSE envelope, signed with the executor's certificate, about the proposal."""
    lab.decide()
    outcome = lab.executor().finish()
    envelope = json.loads(outcome.statement)
    (signature,) = envelope["signatures"]
    pae = Envelope(b64decode(envelope["payload"]), envelope["payloadType"], {}).pae()
    certificate = x509.load_der_x509_certificate(b64decode(signature["cert"])[: leaf_length(lab.world)])
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(b64decode(signature["sig"]), pae, ec.ECDSA(hashes.SHA256()))
    said = json.loads(b64decode(envelope["payload"]))
    assert (said["_type"], said["predicateType"]) == ("https://in-toto.io/Statement/v1", PREDICATE)
    assert said["subject"][0]["digest"]["sha256"] == outcome.proposal_digest.removeprefix("sha256:")
    assert said["predicate"]["result"] == "done"
    assert said["predicate"]["executor"] == spiffe_id("executor")


def leaf_length(world: ServicesWorld) -> int:
    """Bytes of the executor's own certificate, the first of its chain."""
    return len(world.person("executor").issued.certificate.public_bytes(Encoding.DER))


def test_a_record_can_be_read_by_anybody(lab: Lab) -> None:
    """The outcome decodes to what was read here, and nothing secret of the key is in it."""
    lab.decide()
    outcome = lab.executor().finish()
    (signed,) = lab.world.signed("outcomes")
    assert CODEC.decode(signed.value, Outcome) == outcome
    assert b"minted1" not in signed.value


def test_a_dead_issuer_does_not_hold_up_the_record(lab: Lab) -> None:
    """Giving back is tried; a credential that nobody hears of dies by its window."""
    lab.issuer.forgetful = True
    lab.decide()
    assert lab.executor().finish().result is Result.DONE
