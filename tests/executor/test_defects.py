"""A defect in the work on a change: people are told, and the change is taken up again by the same process."""

from dataclasses import dataclass

import pytest

from fixgate.events import Intent, Result
from fixgate.telemetry import Alarm
from tests.executor.lab import Lab, Stops


@dataclass
class Faulty(Stops):
    """A probe that fails once, as code of ours would that has a fault."""

    fails_at: str = ""

    def __call__(self, place: str) -> None:
        """Called in the engine's threads."""
        super().__call__(place)
        if place == self.fails_at:
            self.fails_at = ""
            raise RuntimeError


@pytest.mark.parametrize("point", ["acted", "told"])
@pytest.mark.parametrize("stage", ["minting", "comparing", "applying", "ending"])
def test_a_change_that_could_not_go_on_is_taken_up_again(lab: Lab, stage: str, point: str) -> None:
    """Its lock key is not held until the next start: a new attempt makes it whole, written once."""
    lab.decide()
    executor = lab.executor(Faulty(fails_at=f"{stage}:{point}"))
    outcome = executor.finish()
    assert (outcome.result, lab.status) == (Result.DONE, "Inactive"), outcome.detail
    assert len([c for c in lab.calls if c[1] == "UpdateAccessKey"]) == 1
    executor.until(lambda: lab.world.state("executor") == {})
    attempts = [i.attempt for i in lab.world.read("intents", Intent)]
    assert attempts == list(range(1, len(attempts) + 1))
    if (stage, point) != ("ending", "told"):
        assert f'"{Alarm.DEFECT.value}"' in lab.world.logs.getvalue()
        assert "a change cannot go on: RuntimeError at test_defects.py" in lab.world.logs.getvalue()
