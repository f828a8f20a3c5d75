"""What becomes of each trouble in a company's account, when services do all of it and people little or nothing."""

from fixgate.demo.reports import Report
from fixgate.events import Decision, OracleVerdict, Rejected, Result, Verdict
from fixgate.local.account import acme
from fixgate.local.pipeline import REPORTS_KEY
from fixgate.sealing import load_unseal
from fixgate.verbs import Received
from tests.end_to_end.town import Town, arn, user

NOT_JSON = b"Traceback (most recent call last): the scanner died, its password was hunter2"


def refused(town: Town, lock_key: str) -> Decision:
    """The refusal, after which nothing else came: no intent was written, nothing was issued."""
    _, decision = town.decision(lock_key, Verdict.REFUSED)
    assert not town.decisions(lock_key, Verdict.ALLOWED)
    assert not town.issued(lock_key)
    return decision


def test_the_key_of_a_live_service_is_left_alone(town: Town) -> None:
    """It was used lately and much depends on it: refused by a policy that says so in words."""
    decision = refused(town, user(acme.LIVE))
    assert "refuse-live-key" in {p.id for p in decision.policies}
    assert town.account.state()["users"][acme.LIVE] == town.before["users"][acme.LIVE]


def test_an_exception_of_people_is_left_alone(town: Town) -> None:
    """A bucket that people want public stays public."""
    decision = refused(town, arn(acme.EXCEPTED))
    assert any("exception" in reason for reason in decision.reasons), decision.reasons
    assert town.bucket(acme.EXCEPTED) == town.before["buckets"][acme.EXCEPTED]


def test_a_report_that_is_not_json_is_a_dead_letter_with_its_bytes_sealed(town: Town) -> None:
    """Nothing is lost, and nobody but the holder of the key can read what may be a secret."""
    partition, offset = town.publish(Report("broken", NOT_JSON))

    def found() -> tuple[Received, Rejected] | None:
        letters = town.feed.all(Rejected)
        return next((f for f in letters if (f[1].origin_partition, f[1].origin_offset) == (partition, offset)), None)

    _, letter = town.feed.wait(found, "the dead letter")
    assert (letter.service, letter.sealed, letter.digest) == ("ingest", True, None)
    assert letter.value is not None
    assert b"hunter2" not in letter.value
    origin = f"findings.raw/{partition}/{offset}".encode()
    assert load_unseal(town.stack.home.keys / f"{REPORTS_KEY}.key").open(letter.value, origin) == NOT_JSON


def test_a_fix_that_does_not_take_is_put_back(town: Town) -> None:
    """Whoever has no credentials can still read the bucket: the change is undone, and the bucket is as it was."""
    _, outcome = town.outcome(arn(acme.UNFIXABLE))
    assert outcome.result is Result.ROLLED_BACK
    assert OracleVerdict.FAILED in {v.verdict for v in outcome.validation}
    assert outcome.rollback is not None
    assert outcome.rollback.complete
    assert town.bucket(acme.UNFIXABLE) == town.before["buckets"][acme.UNFIXABLE]


def test_a_leaked_key_that_nobody_uses_is_disabled(town: Town) -> None:
    """From the report to the account's own state, without a person."""
    assert set(town.before["users"][acme.LEAKED]["keys"].values()) == {"Active"}
    received, outcome = town.outcome(user(acme.LEAKED))
    assert (outcome.result, outcome.incident) == (Result.DONE, False)
    assert town.key_status(acme.LEAKED) == "Inactive"
    assert received.signer.endswith("/executor")
    (grant,) = town.issued(user(acme.LEAKED))
    assert grant.proposal_digest == outcome.proposal_digest


def test_a_public_bucket_in_staging_is_closed(town: Town) -> None:
    """All four switches are on, and all else of the bucket is as it was."""
    _, outcome = town.outcome(arn(acme.STAGING))
    assert outcome.result is Result.DONE
    after, before = dict(town.bucket(acme.STAGING)), dict(town.before["buckets"][acme.STAGING])
    assert set(after.pop("public_access_block").values()) == {True}
    before.pop("public_access_block")
    assert after == before


def test_an_action_is_pinned_on_a_branch_of_its_own(town: Town) -> None:
    """The default branch stays where it is; a new branch holds the fix for people to merge."""
    _, outcome = town.outcome(f"git:{town.repository}")
    assert outcome.result is Result.DONE
    before, after = town.before["refs"][acme.SHOP], town.account.state()["refs"][acme.SHOP]
    assert {ref: after[ref] for ref in before} == before
    assert len(after) == len(before) + 1
