"""An oracle that does not answer is no pass, and no oracle at all is none either (law 9)."""

from typing import Any

import pytest

from fixgate.changes.aws_iam_deactivate_access_key.operations import DeactivateAccessKey
from fixgate.events import Result
from tests.executor.lab import Lab, Stops


@pytest.mark.parametrize("answering", [0, 1])
def test_every_oracle_that_was_named_must_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch, answering: int) -> None:
    """After the rehearsal the template asks fewer than it names: the change is put back."""
    whole = DeactivateAccessKey.validate

    def fewer(self: DeactivateAccessKey, *arguments: Any) -> Any:
        return whole(self, *arguments)[:answering]

    lab.decide()
    stops = Stops(does={"judging:act": lambda: monkeypatch.setattr(DeactivateAccessKey, "validate", fewer)})
    outcome = lab.executor(stops).finish()
    assert (outcome.result, lab.status) == (Result.ROLLED_BACK, "Active"), outcome.detail
    assert "did not answer" in outcome.detail


def test_what_is_compared_is_what_the_oracles_judge(lab: Lab) -> None:
    """The target is read live before the change and live after it, and the last reading serves both questions."""
    lab.decide()
    outcome = lab.executor().finish()
    assert outcome.result is Result.DONE, outcome.detail
    reads = [name for _, name in lab.calls if name in {"GetUser", "UpdateAccessKey"}]
    assert reads == ["GetUser", "UpdateAccessKey", "GetUser"]
