"""What the gate decides about a proposal when it comes."""

from dataclasses import replace
from datetime import timedelta

from fixgate.events import (
    BlastLevel,
    BlastRadius,
    Environment,
    ManagedBy,
    Ownership,
    Reversibility,
    Saga,
    Verdict,
)
from fixgate.signing import digest
from tests.gate.court import BUNDLE, Court, refused_because
from tests.samples import ACCESS_KEY, BUCKET, assessment, fact, unreadable
from tests.services_world import spiffe_id


def test_a_proposal_that_lies_about_its_blast_radius_is_refused(lenient: Court) -> None:
    """What it claims is computed again."""
    made = lenient.propose(blast_radius=BlastRadius(level=BlastLevel.NONE, dependants=0))
    refused_because(made, "the blast radius is not what")


def test_a_proposal_that_lies_about_its_reversibility_is_refused(lenient: Court) -> None:
    """A rehearsal that did not come back is not lossless."""
    honest = lenient.proposal()
    rehearsal = replace(honest.rehearsal, reversibility=Reversibility.LOSSY, lossy_fields=("tags",))
    made = lenient.propose(rehearsal=rehearsal, reversibility=Reversibility.LOSSLESS)
    refused_because(made, "the reversibility is not what")


def test_a_proposal_that_lies_about_its_environment_changes_nothing(lenient: Court) -> None:
    """The environment is the assessment's: there is no claim in a proposal that could say otherwise."""
    made = lenient.propose({"environment": Environment.PRODUCTION})
    assert made.verdict is Verdict.WAITING
    assert any("Nobody knows for certain where" in r for r in made.reasons)


def test_what_was_not_on_offer_is_refused(lenient: Court) -> None:
    """The offers are computed again from the assessment."""
    refused_because(lenient.propose(offer_digest=digest(b"other offers")), "made from other offers")


def test_a_template_that_is_not_in_the_catalogue_is_refused(lenient: Court) -> None:
    """Nobody can bring a template of their own."""
    honest = lenient.proposal()
    made = lenient.propose(template=replace(honest.template, id="delete-everything"))
    refused_because(made, "there is no template")


def test_a_changed_template_is_refused(lenient: Court) -> None:
    """The same name with another digest is another template."""
    honest = lenient.proposal()
    made = lenient.propose(template=replace(honest.template, digest=digest(b"other")))
    refused_because(made, "the template is another version")


def test_another_target_than_the_assessments_is_a_dead_letter(lenient: Court) -> None:
    """Parts that do not fit together are no proposal at all."""
    lenient.world.publish("proposals", lenient.proposal(target=BUCKET))
    lenient.work()
    assert lenient.decisions() == []
    [letter] = lenient.world.rejected("gate")
    assert "another target" in letter.detail


def test_an_expired_proposal_is_not_decided(lenient: Court) -> None:
    """It expires on arrival."""
    made = lenient.propose(expires_at=lenient.world.now)
    assert made.verdict is Verdict.EXPIRED
    assert made.warrant is None


def test_a_key_in_live_use_is_refused(lenient: Court) -> None:
    """Deactivating it would stop what runs."""
    evidence = [f for f in assessment().evidence if not f.name.startswith(("unused", "last_used"))]
    used = (*evidence, fact("unused.aws:iam", value=False), fact("last_used_days", 2))
    made = lenient.propose({"evidence": used, "blast_radius": BlastRadius(level=BlastLevel.HIGH, dependants=3)})
    refused_because(made, "Replace it first")
    assert [p.id for p in made.policies] == ["refuse-live-key"]


def test_a_change_that_cannot_be_put_back_is_refused(lenient: Court) -> None:
    """Unknown counts as impossible."""
    refused_because(lenient.propose({"reversibility": Reversibility.UNKNOWN}), "cannot be put back")


def test_a_step_of_wider_work_is_refused(lenient: Court) -> None:
    """Nobody would see to the order."""
    saga = Saga(saga_id="saga-1", step=2, steps=2, after=(digest(b"first"),))
    refused_because(lenient.propose(saga=saga), "follow other changes")


def test_without_a_ceiling_nothing_is_automatic(court: Court) -> None:
    """People have signed nothing, so people are asked."""
    made = court.propose()
    assert made.verdict is Verdict.WAITING
    assert made.reasons == ("People have not signed that such a change may ever be automatic.",)
    assert made.quorum is not None
    assert made.quorum.approvals == 1
    assert made.quorum.roles == ("security|owner",)
    assert "alice" in made.quorum.excluded
    assert [o.id for o in made.obligations] == ["residual-power"]
    assert made.expires_at is not None
    assert made.warrant is None


def test_infrastructure_as_code_is_never_automatic(lenient: Court) -> None:
    """The change would be undone or drift."""
    owned = Ownership(owner="bob", managed_by=ManagedBy.INFRASTRUCTURE_AS_CODE, shared=False)
    made = lenient.propose({"ownership": owned})
    assert made.verdict is Verdict.WAITING
    assert "source-of-truth" in [o.id for o in made.obligations]


def test_a_shared_identity_is_never_automatic(lenient: Court) -> None:
    """Not known counts as shared."""
    owned = Ownership(owner="bob", managed_by=ManagedBy.HAND, shared=None)
    assert lenient.propose({"ownership": owned}).verdict is Verdict.WAITING


def test_a_fact_that_could_not_be_read_asks_people(lenient: Court) -> None:
    """One source says so, the other cannot be read."""
    facts = tuple(f for f in assessment().evidence if f.name != "unused.report")
    made = lenient.propose({"evidence": (*facts, unreadable("unused.report", source="report"))})
    assert made.verdict is Verdict.WAITING


def test_a_small_change_in_staging_is_allowed_with_a_warrant(lenient: Court) -> None:
    """The warrant names this proposal, these policies, this executor and a short window."""
    made = lenient.propose()
    assert made.verdict is Verdict.ALLOWED
    assert [p.id for p in made.policies] == ["automatic-outside-production"]
    warrant = made.warrant
    assert warrant is not None
    assert warrant.proposal_digest == made.proposal_digest == digest(made.proposal.value)
    assert warrant.policy_bundle_digest == made.policy_bundle_digest == BUNDLE.digest
    assert warrant.executor == spiffe_id("executor")
    assert warrant.approval_digests == ()
    assert timedelta(0) < warrant.not_after_at - warrant.not_before_at <= timedelta(minutes=15)
    assert made.lock_key == ACCESS_KEY.id.partition("#")[0]


def test_a_warrant_ends_with_its_proposal(lenient: Court) -> None:
    """It holds no longer than what it is for."""
    made = lenient.propose(expires_at=lenient.world.now + timedelta(minutes=2))
    assert made.warrant is not None
    assert made.warrant.not_after_at == lenient.world.now + timedelta(minutes=2)
