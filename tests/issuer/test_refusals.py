"""What gets no credential; each refusal of a verified request is a record with its reasons."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Poison, Refused, Transient
from fixgate.events import (
    AffectedIdentity,
    Answer,
    ControlKind,
    Decision,
    Durations,
    Environment,
    IntentPurpose,
    ManagedBy,
    Ownership,
    Proposal,
    Quorum,
    Scope,
    Signed,
    Verdict,
)
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Ceiling
from fixgate.policy.shipped import SHIPPED
from services.issuer.admission import MINTS_LIMIT
from services.issuer.systems import Seen
from tests.fixgate.certificates import Shape, leaf, self_signed
from tests.issuer.office import MINUTE, SECOND, Office, ceiling
from tests.people.persons import introducing
from tests.samples import KEY_ID, USER
from tests.services_people import FIRST
from tests.services_world import CODEC, START, spiffe_id


def refused(office: Office, decision: Signed, intent: Signed | None = None, **changed: Any) -> str:
    """The reasons, after everything that a refusal must leave undone was checked."""
    before = len(office.script.made)
    answer = office.mint(decision, intent, **changed)
    assert answer.credential is None
    assert answer.reasons
    assert len(office.script.made) == before
    assert office.states()[-1] == "refused"
    assert office.grants()[-1].admission.reasons == answer.reasons
    assert not any(k.startswith(b"credential/") for k in office.world.state("issuer")) or before
    return "; ".join(answer.reasons)


# -- signatures ----------------------------------------------------------------------------------------------------


def test_an_altered_intent_is_not_even_considered(office: Office) -> None:
    """One byte of the signed value is another one."""
    decision = office.decided()
    intent = office.intent(decision)
    altered = replace(intent, value=intent.value[:-1] + bytes([intent.value[-1] ^ 1]))
    with pytest.raises(Poison, match="signature"):
        office.mint(decision, altered)
    assert office.states() == []


def test_an_intent_of_another_service_is_not_even_considered(office: Office) -> None:
    """The proposer signs an intent: it may not write any."""
    decision = office.decided()
    with pytest.raises(Poison, match="signed by"):
        office.mint(decision, office.intent(decision, "proposer"))
    assert office.states() == []


def test_an_intent_under_an_ended_certificate_is_not_even_considered(office: Office) -> None:
    """Who kept an executor's old key and intent cannot use them now."""
    decision = office.decided()
    intent = office.intent(decision)
    office.world.advance(timedelta(hours=2))
    with pytest.raises(Poison, match="held from"):
        office.mint(decision, intent)


def test_a_decision_that_the_gate_did_not_sign_is_not_even_considered(office: Office) -> None:
    """The executor makes itself a decision."""
    forged = office.world.sign(office.decision(), "executor")
    with pytest.raises(Poison, match="signed by"):
        office.mint(forged)


def test_a_decision_of_a_foreign_authority_is_not_even_considered(office: Office) -> None:
    """A key that calls itself the gate under an authority that nobody knows."""
    made = office.decided()
    stranger = leaf(self_signed(), Shape(uris=(spiffe_id("gate"),))).signer().sign(made.value)
    forged = Signed(value=made.value, signature=stranger.signature, certificate=stranger.certificate)
    with pytest.raises(Poison, match="no authority"):
        office.mint(forged, office.intent(made))


# -- the warrant ---------------------------------------------------------------------------------------------------


def test_a_warrant_for_another_executor_is_refused(office: Office) -> None:
    """The gate gave leave to somebody else."""
    other = spiffe_id("subscriber")
    decision = office.decided(office.decision(warrant_with={"executor": other}))
    assert f"the warrant is for {other}" in refused(office, decision)


def test_an_intent_in_anothers_name_is_refused(office: Office) -> None:
    """The intent says that somebody else will act."""
    decision = office.decided()
    assert "who is not served" in refused(office, decision, executor=spiffe_id("gate"))


def test_an_expired_warrant_is_refused(office: Office) -> None:
    """Ten minutes and a second later."""
    decision = office.decided()
    office.pass_time(10 * MINUTE + SECOND)
    assert "the warrant ended at" in refused(office, decision)


def test_a_warrant_that_does_not_hold_yet_is_refused(office: Office) -> None:
    """A minute too early."""
    decision = office.decided(office.decision(warrant_with={"not_before_at": START + MINUTE}))
    assert "the warrant holds from" in refused(office, decision)


def test_a_warrant_that_another_intent_used_is_refused(office: Office) -> None:
    """A replay under another name: the warrant was used once."""
    decision = office.decided()
    office.give_back(office.mint(decision))
    assert office.states() == ["issued", "dying", "dead"]
    assert "the warrant was used by intent-1" in refused(office, decision, intent_id="intent-2")


def test_an_intent_that_turns_in_a_circle_gets_no_more(office: Office) -> None:
    """The same intent comes again and again: there is an end."""
    decision = office.decided()
    for _ in range(MINTS_LIMIT):
        office.script.answers = [Seen.ALLOWED, Seen.DENIED]
        office.give_back(office.mint(decision, purpose=IntentPurpose.FINISH))
        office.pass_time(3 * SECOND)
        office.pass_time(50 * SECOND)
    reasons = refused(office, decision, purpose=IntentPurpose.FINISH)
    assert "no more are" in reasons


@pytest.mark.parametrize("field", ["proposal_id", "warrant_id", "lock_key"])
def test_an_intent_for_another_change_than_the_decision_is_refused(office: Office, field: str) -> None:
    """The executor asks under one decision for what another one may have allowed."""
    decision = office.decided()
    intent = office.intent(decision, **{field: "another"})
    assert "the intent names another" in refused(office, decision, intent)


@pytest.mark.parametrize("verdict", [Verdict.WAITING, Verdict.REFUSED, Verdict.EXPIRED, Verdict.WITHDRAWN])
def test_a_decision_that_does_not_allow_is_refused(office: Office, verdict: Verdict) -> None:
    """Only `allowed` is leave to act, even with a warrant inside."""
    decision = office.decided(office.decision(verdict=verdict))
    assert f"the decision is {verdict.value}" in refused(office, decision)


# -- the topic -----------------------------------------------------------------------------------------------------


def test_a_decision_that_never_was_on_the_topic_is_refused(office: Office) -> None:
    """Signed by the gate's key, but not written where everybody can see it."""
    decision = office.world.sign(office.decision(decided_at=START - 2 * MINUTE), "gate")
    assert "not one that was read" in refused(office, decision)


def test_a_decision_that_was_not_read_yet_is_waited_for(office: Office) -> None:
    """A young one may still be on its way: nothing is recorded, the executor asks again."""
    with pytest.raises(Transient, match="not read"):
        office.mint(office.world.sign(office.decision(), "gate"))
    assert office.states() == []


def test_a_withdrawn_decision_is_refused(office: Office) -> None:
    """The gate withdrew what it had allowed."""
    proposal = office.proposal()
    decision = office.decided(office.decision(proposal))
    office.decided(office.decision(proposal, verdict=Verdict.WITHDRAWN, warrant=None))
    assert "withdrawn or replaced" in refused(office, decision)


def test_a_replaced_decision_is_refused(office: Office) -> None:
    """The gate decided again, with another warrant."""
    proposal = office.proposal()
    decision = office.decided(office.decision(proposal))
    office.decided(office.decision(proposal, warrant_with={"warrant_id": "warrant-2"}))
    assert "withdrawn or replaced" in refused(office, decision)


# -- the judgement of this moment ------------------------------------------------------------------------------------


def test_without_a_ceiling_nothing_is_automatic(tmp_path: Path) -> None:
    """Nobody signed that such a change may ever be automatic."""
    office = Office(tmp_path, ceiling=Ceiling())
    assert "more must approve" in refused(office, office.decided())
    office.close()


def test_beyond_the_ceiling_nothing_is_automatic(tmp_path: Path) -> None:
    """The ceiling allows another template."""
    office = Office(tmp_path, ceiling=ceiling("aws-s3-block-public-access"))
    assert "more must approve" in refused(office, office.decided())
    office.close()


def test_policies_that_changed_meanwhile_are_refused(tmp_path: Path) -> None:
    """The warrant was given under other policies than the issuer has."""
    files = {p.name: p.read_bytes() for p in SHIPPED.iterdir() if p.suffix in {".cedar", ".cedarschema"}}
    changed = {**files, "refusals.cedar": files["refusals.cedar"] + b"\n// changed\n"}
    office = Office(tmp_path, bundle=Bundle(changed))
    assert "the policies are not those" in refused(office, office.decided())
    office.close()


def test_a_halt_in_between_is_obeyed(office: Office) -> None:
    """Allowed, then halted, then asked."""
    decision = office.decided()
    office.control(ControlKind.HALT)
    assert "halted" in refused(office, decision)


def test_an_exception_in_between_is_obeyed(office: Office) -> None:
    """An owner's exception for the user came after the decision."""
    decision = office.decided()
    lock_key = CODEC.decode(decision.value, Decision).lock_key
    office.control(ControlKind.EXCEPTION, "bob", scope=Scope(lock_keys=(lock_key,)))
    assert "exception" in refused(office, decision)


def test_a_freeze_in_between_is_obeyed(office: Office) -> None:
    """Changes are frozen in staging."""
    decision = office.decided()
    office.control(ControlKind.FREEZE, scope=Scope(environments=(Environment.STAGING,)))
    assert "frozen" in refused(office, decision)


def test_a_lying_proposal_is_refused(office: Office) -> None:
    """The proposal hides what its credential could do beyond the change."""
    decision = office.decided(office.decision(office.proposal(residual_power=())))
    assert "residual power" in refused(office, decision)


def test_a_proposal_of_another_template_version_is_refused(office: Office) -> None:
    """What was rehearsed and approved is not what this catalogue has."""
    about = CODEC.decode(office.proposal().value, Proposal)
    proposal = office.proposal(template=replace(about.template, version="0.9.0"))
    assert "another version" in refused(office, office.decided(office.decision(proposal)))


def test_a_credential_that_would_live_too_long_is_refused(office: Office) -> None:
    """The plan asks for an hour."""
    about = CODEC.decode(office.proposal().value, Proposal)
    durations: Durations = replace(about.durations, credential_seconds=3600)
    decision = office.decided(office.decision(office.proposal(durations=durations)))
    assert "credential of 3600 s" in refused(office, decision)


def test_calls_that_no_read_could_prove_dead_are_refused(office: Office) -> None:
    """Only writes: nobody could see whether the credential still works."""
    about = CODEC.decode(office.proposal().value, Proposal)
    writes = tuple(c for c in about.calls if c.action == "iam:UpdateAccessKey")
    decision = office.decided(office.decision(office.proposal(calls=writes)))
    assert "could show that the credential is dead" in refused(office, decision)


# -- people ----------------------------------------------------------------------------------------------------------


def production(office: Office) -> Signed:
    """A proposal that nobody lets happen by itself: where the key serves is in doubt."""
    return office.proposal({"environment": Environment.PRODUCTION})


def answered(office: Office, *people: str, **changed: Any) -> Signed:
    """A decision on it with these people's approvals, read from the topic."""
    proposal = production(office)
    approvals = tuple(office.approved(proposal, p, **changed) for p in people)
    return office.decided(office.decision(proposal, approvals=approvals))


def test_what_needs_people_is_refused_without_them(office: Office) -> None:
    """The gate says allowed, and nobody approved."""
    assert "more must approve" in refused(office, answered(office))


def test_an_unknown_persons_approval_is_refused(office: Office) -> None:
    """Mallory is not in the roster."""
    assert "mallory is not in roster" in refused(office, answered(office, "mallory"))


def test_a_removed_persons_approval_is_refused(office: Office) -> None:
    """Bob approved, and was removed before the executor asked."""
    decision = answered(office, "bob")
    after = FIRST.model_copy(update={"version": 2, "people": tuple(p for p in FIRST.people if p.name != "bob")})
    statement = introducing(after, FIRST, "ann")
    office.publish_roster(statement)
    assert "bob is not in roster 2" in refused(office, decision)


def test_an_affected_persons_approval_is_refused(office: Office) -> None:
    """Bob owns the affected identity."""
    owned = office.proposal(
        {
            "environment": Environment.PRODUCTION,
            "identity": AffectedIdentity(kind="aws.iam.user", id=USER, credential=KEY_ID),
            "ownership": Ownership(owner="bob", team="platform", managed_by=ManagedBy.HAND, shared=False),
        }
    )
    decision = office.decision(owned, approvals=(office.approved(owned, "bob"),))
    assert "more must approve" in refused(office, office.decided(decision))


def test_an_approval_of_another_proposal_is_refused(office: Office) -> None:
    """Bob's answer was about something else."""
    decision = answered(office, "bob", proposal_digest="sha256:" + "7" * 64)
    assert "bob approved another proposal" in refused(office, decision)


def test_a_rejection_is_no_approval(office: Office) -> None:
    """Bob said no, and the decision counts it."""
    assert "bob did not approve" in refused(office, answered(office, "bob", answer=Answer.REJECT))


def test_an_approval_that_was_not_shown_everything_is_refused(office: Office) -> None:
    """The obligation was not shown to bob."""
    assert "was not shown" in refused(office, answered(office, "bob", obligations=()))


def test_one_person_twice_is_one(office: Office) -> None:
    """The quorum that the gate named asks for two."""
    proposal = production(office)
    twice = (office.approved(proposal), office.approved(proposal, showing_nonce="another"))
    decision = office.decision(proposal, approvals=twice, quorum=Quorum(approvals=2))
    assert "1 more must approve" in refused(office, office.decided(decision))


def test_what_people_approved_is_made(office: Office) -> None:
    """The same, with bob's good approval: a credential."""
    assert office.mint(answered(office, "bob")).credential


# -- earlier credentials ---------------------------------------------------------------------------------------------


def test_while_an_earlier_credential_lives_there_is_no_other(office: Office) -> None:
    """The same intent comes again after a crash of the executor: it waits, and nothing is recorded."""
    decision = office.decided()
    office.mint(decision)
    with pytest.raises(Transient, match="not dead"):
        office.mint(decision, purpose=IntentPurpose.FINISH)
    assert office.states() == ["issued"]
    office.pass_time(70 * SECOND)
    assert office.mint(decision, purpose=IntentPurpose.FINISH).credential == {"token": "made-2"}


def test_there_is_nothing_to_undo_where_nothing_was_made(office: Office) -> None:
    """An undoing is no way around the judgement."""
    assert "nothing to put back" in refused(office, office.decided(), purpose=IntentPurpose.UNDO)


def test_an_unknown_purpose_is_refused(office: Office) -> None:
    """Nothing is done for a purpose that nobody knows."""
    assert "purpose is unknown" in refused(office, office.decided(), purpose=IntentPurpose.UNKNOWN)


def test_an_undoing_is_halted_too(office: Office) -> None:
    """A change was begun, and then everything was halted."""
    decision = office.decided()
    office.give_back(office.mint(decision))
    office.control(ControlKind.HALT)
    assert "halted" in refused(office, decision, purpose=IntentPurpose.UNDO)


def test_giving_back_what_never_was_is_refused(office: Office) -> None:
    """Nobody knows such a grant."""
    with pytest.raises(Refused, match="no living credential"):
        office.calls.give_back("sha256:" + "0" * 64, 1.0, "")
