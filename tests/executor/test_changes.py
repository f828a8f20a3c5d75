"""A change from its decision to its outcome; what the record says is what the account shows."""

from fixgate.events import Result
from tests.executor.lab import Lab


def test_an_allowed_change_is_made_and_recorded(lab: Lab) -> None:
    """The key is inactive, and the outcome names the whole way there."""
    lab.decide()
    outcome = lab.executor().finish()
    assert (outcome.result, lab.status) == (Result.DONE, "Inactive"), outcome.detail
