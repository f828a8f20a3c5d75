"""How operations write and judge: results with their times, and errors that mean what they say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fixgate.changes.template import Stage, Step
from fixgate.errors import Transient
from fixgate.events import OracleKind, OracleResult, OracleVerdict, StepResult
from fixgate.resources.aws_calls import Absent, error_code, is_passing
from fixgate.resources.reading import Unreadable

Judgement = tuple[OracleVerdict, str]


class Stopped(Exception):
    """A step must not go on, and why; nothing was written by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One step under way."""

    step: Step
    stage: Stage
    started_at: datetime

    def run(self, write: Callable[[], tuple[str, str | None]]) -> StepResult:
        """The step's result. `write` answers what it did in words, and the target's id of the call.

        A refusal is a result; only what is worth another try is raised, as Transient.
        """
        try:
            detail, request_id = write()
        except (Stopped, Unreadable) as error:
            return self._result(succeeded=False, detail=str(error))
        except Absent:
            return self._result(succeeded=False, detail="it is no longer there")
        except ClientError as error:
            if is_passing(error):
                raise Transient(f"AWS answered {error_code(error)}") from None
            return self._result(succeeded=False, detail=f"AWS answered {error_code(error)}")
        except BotoCoreError as error:
            # It may have been written: the guarding read of the next try tells.
            raise Transient(f"the call to AWS failed: {type(error).__name__}") from None
        return self._result(succeeded=True, detail=detail, request_id=request_id)

    def _result(self, *, succeeded: bool, detail: str, request_id: str | None = None) -> StepResult:
        return StepResult(
            name=self.step.name,
            action=self.step.action,
            resource=self.step.resource,
            succeeded=succeeded,
            detail=detail,
            request_id=request_id,
            started_at=self.started_at,
            ended_at=self.stage.now(),
        )


def writing(step: Step, stage: Stage) -> Writing:
    """Begin a step."""
    return Writing(step=step, stage=stage, started_at=stage.now())


def request_id(answer: Any) -> str | None:
    """AWS's id of a call."""
    found: str | None = answer.get("ResponseMetadata", {}).get("RequestId")
    return found


def judged(name: str, kind: OracleKind, stage: Stage, look: Callable[[], Judgement]) -> OracleResult:
    """What an oracle says; one that cannot look, for whatever reason, is inconclusive."""
    asked_at = stage.now()
    try:
        verdict, detail = look()
    except (Unreadable, Transient, Absent, ClientError, BotoCoreError) as error:
        verdict, detail = OracleVerdict.INCONCLUSIVE, f"it cannot be told: {str(error) or type(error).__name__}"
    return OracleResult(name=name, kind=kind, verdict=verdict, detail=detail, asked_at=asked_at)


def verdict(*, good: bool, yes: str, no: str) -> Judgement:
    """Passed or failed, with the words for it."""
    return (OracleVerdict.PASSED, yes) if good else (OracleVerdict.FAILED, no)
