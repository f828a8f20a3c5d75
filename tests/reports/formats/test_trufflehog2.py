"""trufflehog 2: one result for each commit, file and reason, with all strings that were found there."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from fixgate.reports.report import read as read_bytes
from tests.reports.making import KEY_ID, data, encoded, found, leak, one, report

LEAKED: Final = "hunter" + "2" * 20
OTHER: Final = "correct-" + "horse-" + "battery"
COMMIT: Final = "8c1f0d2" * 5 + "abcde"


def hit(*strings: str, **changes: Any) -> dict[str, Any]:
    """A result."""
    made: dict[str, Any] = {
        "branch": "origin/main",
        "commit": "settings\n",
        "commitHash": COMMIT,
        "date": "2026-01-02 03:04:05",
        "diff": "@@ -1 +1 @@\n+" + " ".join(strings),
        "path": "deploy/settings.py",
        "printDiff": "+" + " ".join(strings),
        "reason": "High Entropy",
        "stringsFound": list(strings),
    }
    return {**made, **changes}


SAMPLE: Final = b"\n".join(
    data(value)
    for value in (
        hit(LEAKED),
        hit(OTHER, reason="Generic Secret"),
        hit(KEY_ID, reason="AWS API Key", path="run.sh"),
        hit(LEAKED, OTHER, commitHash="ab" * 20),
    )
)


@pytest.mark.parametrize("changes", [{"reason": 7}, {"reason": ""}, {"path": None}, {"stringsFound": "x"}])
def test_a_result_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report([hit(LEAKED), hit(OTHER, **changes), hit(OTHER, path="b")])
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/1"])


@pytest.mark.parametrize("value", [[leak(LEAKED)], [{"reason": "x", "path": "y"}]])
def test_what_has_no_strings_is_refused(value: Any) -> None:
    """Others have reasons too."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="trufflehog2")


def test_lines_and_arrays_are_the_same() -> None:
    """As lines is how it writes them."""
    lines = read_bytes(SAMPLE)
    assert (lines.format, len(lines.findings)) == ("trufflehog2", 4)
    assert report([hit(LEAKED)]).findings[0].fingerprint == lines.findings[0].fingerprint


def test_a_leaked_key_of_aws_is_the_same_as_another_scanners() -> None:
    """Also when there are other strings beside it."""
    finding, theirs = one([hit(OTHER, KEY_ID)]), one([leak(KEY_ID)])
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert (finding.identity, finding.secret, finding.problem_key) == (
        theirs.identity,
        theirs.secret,
        theirs.problem_key,
    )


def test_of_several_strings_none_is_the_secret() -> None:
    """And none of them is kept, nor the change that shows them."""
    finding = one([hit(LEAKED, OTHER)])
    assert (finding.secret, finding.labels["strings"]) == (None, "2")
    assert one([hit(LEAKED, LEAKED)]).secret == one([leak(LEAKED, RuleID="High Entropy")]).secret
    for secret in (LEAKED, OTHER):
        assert secret.encode() not in encoded(finding)
    assert one([hit()]).secret is None


def test_reason_file_and_commit_tell_results_apart() -> None:
    """The strings do not; and there is no severity."""
    changes: list[dict[str, Any]] = [{}, {"reason": "x"}, {"path": "y"}, {"commitHash": "ab" * 20}]
    assert len({f.fingerprint for f in found([hit(LEAKED, **c) for c in changes])}) == 4
    assert one([hit(LEAKED)]).fingerprint == one([hit(OTHER)]).fingerprint
    assert (one([hit(LEAKED)]).severity.normalised, one([hit(LEAKED)]).commit) == (Severity.UNKNOWN, COMMIT)
    assert one([hit(LEAKED, commitHash="not one")]).commit is None
