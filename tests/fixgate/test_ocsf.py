"""What those who consume are told in OCSF: each verdict and each result has its number, and the classes validate."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from py_ocsf_models.events.findings.detection_finding import (  # type: ignore[import-untyped]  # it ships no types
    DetectionFinding,
)

from fixgate.events import Assessment, Decision, Finding, Outcome, Resource, Result, Severity, Verdict
from fixgate.json_form import from_json
from fixgate.ocsf import finding_update, remediation_activity
from fixgate.targets import BUCKET, access_key

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
DIGEST = "sha256:" + "1" * 64
REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


def example(cls: type[Any], name: str) -> Any:
    """One of the schemas' own valid examples."""
    return from_json(cls, json.loads((EXAMPLES / cls.__name__ / name).read_text()))


def decision(verdict: Verdict = Verdict.ALLOWED) -> Decision:
    """A decision with the verdict."""
    found: Decision = replace(example(Decision, "valid-allowed.json"), verdict=verdict)
    return found


def update(verdict: Verdict = Verdict.ALLOWED, severity: Severity = Severity.HIGH) -> dict[str, Any]:
    """The update that a decision becomes."""
    finding: Finding = example(Finding, min(p.name for p in (EXAMPLES / "Finding").glob("valid-*")))
    assessment: Assessment = example(Assessment, min(p.name for p in (EXAMPLES / "Assessment").glob("valid-*")))
    return finding_update(decision(verdict), DIGEST, replace(assessment, severity=severity), finding)


def activity(result: Result, target: Resource | None = None) -> dict[str, Any]:
    """The activity that an outcome becomes."""
    outcome: Outcome = example(Outcome, min(p.name for p in (EXAMPLES / "Outcome").glob("valid-*")))
    return remediation_activity(replace(outcome, result=result, target=target or outcome.target), DIGEST)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in {Verdict.ALLOWED, Verdict.WAITING}])
def test_whatever_is_not_allowed_or_waiting_is_rejected(verdict: Verdict) -> None:
    """A verdict that is not known to be good reaches a SOAR platform as a rejection, never as an approval."""
    made = update(verdict)
    assert (made["disposition_id"], made["action_id"]) == (25, 2)


def test_allowed_is_approved_and_waiting_is_delayed() -> None:
    """The two verdicts that are no rejection have OCSF's words for them."""
    assert update(Verdict.ALLOWED)["disposition_id"] == 8
    assert update(Verdict.WAITING)["disposition_id"] == 14


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("verdict", Verdict)
def test_every_update_is_a_valid_detection_finding(verdict: Verdict, severity: Severity) -> None:
    """Each update validates as the class that it names, whatever the verdict and the severity."""
    made = update(verdict, severity)
    DetectionFinding.model_validate(made)
    assert made.keys() >= REQUIRED
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("result", Result)
def test_only_done_is_a_success(result: Result) -> None:
    """Nothing but a change that was made and proved is told as a success."""
    made = activity(result)
    assert (made["status_id"] == 1) is (result is Result.DONE)
    assert made.keys() >= REQUIRED | {"command_uid"}
    assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]


def test_what_was_done_has_its_activity() -> None:
    """A revoked credential was evicted, a tightened resource hardened, what was put back restored."""
    key = access_key("123456789012", "ci", "AKIA" + "0" * 16)
    assert activity(Result.DONE, key)["activity_id"] == 2
    assert (
        activity(Result.DONE, Resource(kind=BUCKET, id="arn:aws:s3:::b", account=None, region=None))["activity_id"] == 4
    )
    assert activity(Result.ROLLED_BACK, key)["activity_id"] == 3


def test_an_event_leads_back_to_the_signed_records() -> None:
    """Each event carries the digests by which `fixgate verify` finds what it was made from."""
    assert update()["unmapped"]["fixgate"]["decision"] == DIGEST
    assert activity(Result.DONE)["unmapped"]["fixgate"]["outcome"] == DIGEST
