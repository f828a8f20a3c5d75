"""truffleHog3: secrets with their rules."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from tests.reports.making import KEY_ID, encoded, found, leak, one, report

LEAKED: Final = "hunter" + "2" * 20
OTHER: Final = "correct-" + "horse-" + "battery"


def hit(secret: str = LEAKED, rule: str = "generic.secret", path: str = "deploy/settings.py", /, **changes: Any) -> Any:
    """A result."""
    made: dict[str, Any] = {
        "rule": {"id": rule, "message": f"Rule {rule}", "pattern": "x", "severity": "HIGH"},
        "path": path,
        "line": "12",
        "secret": secret,
        "id": "0" * 32,
        "branch": "main",
        "message": "settings",
        "author": "Ada <ada@example.test>",
        "commit": "ab" * 20,
        "date": "2026-01-02T03:04:05Z",
        "context": {"12": f"key = {secret}"},
    }
    return {**made, **changes}


SAMPLE: Final = [hit(), hit(OTHER, "high-entropy"), hit(KEY_ID, "aws.key", "run.sh"), hit(commit=None, path="b.py")]


@pytest.mark.parametrize("changes", [{"rule": []}, {"rule": {"id": 7}}, {"path": None}, {"path": ""}, {"secret": 3}])
def test_a_result_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report([hit(), hit(**changes), hit(OTHER, "another")])
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/1"])


@pytest.mark.parametrize("value", [[leak(LEAKED)], [{"rule": "x", "path": "y", "secret": "z"}]])
def test_what_has_no_rule_is_refused(value: Any) -> None:
    """Others have rules by name."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="trufflehog3")


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("LOW", Severity.LOW),
        ("medium", Severity.MEDIUM),
        ("High", Severity.HIGH),
        ("other", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_severity_is_its_rules_word(word: str | None, severity: Severity) -> None:
    """In any case."""
    assert one([hit(rule={"id": "x", "severity": word})]).severity.normalised is severity


def test_a_leaked_key_of_aws_is_the_same_as_another_scanners() -> None:
    """By the secret."""
    finding, theirs = one([hit(KEY_ID)]), one([leak(KEY_ID)])
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert (finding.identity, finding.secret, finding.problem_key) == (
        theirs.identity,
        theirs.secret,
        theirs.problem_key,
    )


def test_what_stands_around_a_secret_is_not_kept() -> None:
    """It may hold another one."""
    finding = one([hit(context={"11": OTHER, "12": LEAKED})])
    for secret in (LEAKED, OTHER):
        assert secret.encode() not in encoded(finding)


@pytest.mark.parametrize(("line", "number"), [("12", 12), (12, 12), ("0", None), ("x", None), (None, None)])
def test_a_line_is_a_number_or_a_text_of_one(line: object, number: int | None) -> None:
    """Another text is none."""
    assert one([hit(line=line)]).locations[0].start_line == number


def test_rule_file_and_commit_tell_results_apart() -> None:
    """The secret and its line do not."""
    assert len({f.fingerprint for f in found(SAMPLE)}) == 4
    assert one([hit()]).fingerprint == one([hit(OTHER, line="40", id="1" * 32)]).fingerprint
    assert one([hit(rule={"message": "named so"})]).rule_id == "named so"
