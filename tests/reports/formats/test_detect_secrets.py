"""detect-secrets: baselines, what an audit said, and that no hash of a secret goes on."""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from tests.reports.making import encoded, found, one, report


def hit(secret: str = "s" * 12, kind: str = "Secret Keyword", line: int = 3, /, **changes: Any) -> dict[str, Any]:
    """A potential secret."""
    made: dict[str, Any] = {
        "type": kind,
        "filename": "deploy/settings.py",
        "hashed_secret": sha1(secret.encode(), usedforsecurity=False).hexdigest(),
        "is_verified": False,
        "line_number": line,
    }
    return {**made, **changes}


def baseline(results: Mapping[str, Sequence[object]], **changes: Any) -> dict[str, Any]:
    """A baseline of version 1."""
    made: dict[str, Any] = {
        "version": "1.5.0",
        "plugins_used": [{"name": "AWSKeyDetector"}, {"name": "KeywordDetector", "keyword_exclude": ""}],
        "filters_used": [{"path": "detect_secrets.filters.allowlist.is_line_allowlisted"}],
        "results": results,
        "generated_at": "2026-01-02T03:04:05Z",
    }
    return {**made, **changes}


SAMPLE: Final = baseline(
    {
        "deploy/settings.py": [hit(), hit("t" * 12, line_number=9), hit("u" * 20, "AWS Access Key", 9)],
        "src/a~b.js": [hit("v" * 12, is_verified=True), hit("w" * 12, "Private Key", is_secret=True)],
        "docs/guide.md": [hit("x" * 12, is_secret=False)],
    }
)


@pytest.mark.parametrize("changes", [{"type": 7}, {"type": ""}, {"line_number": "3"}, {"is_secret": "no"}])
def test_a_result_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report(baseline({"a/b.py": [hit(), hit(**changes), hit("y" * 9)]}))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/results/a~1b.py/1"])


def test_a_file_without_an_array_is_rejected_alone() -> None:
    """Nobody knows how many results that were."""
    read = report(baseline({"a.py": [hit()], "b.py": "x"}))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/results/b.py"])


@pytest.mark.parametrize("value", [{"results": {}}, {"plugins_used": [], "results": []}, {"plugins_used": []}])
def test_what_only_looks_like_a_baseline_is_refused(value: Any) -> None:
    """Others have results too."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="detect-secrets")


def test_nothing_found_is_clean() -> None:
    """The baseline says whose it is; without plugins nothing was looked for."""
    clean = report(baseline({}))
    assert (clean.format, clean.scan, clean.results, clean.warnings) == ("detect-secrets", Scan.CLEAN, 0, ())
    assert len(report(baseline({}, plugins_used=[])).warnings) == 1


def test_what_an_audit_found_to_be_no_secret_is_suppressed() -> None:
    """What it found to be one is said so."""
    read = report(baseline({"a.py": [hit(is_secret=False), hit(is_secret=True)]}))
    assert (read.suppressed, len(read.findings)) == (1, 1)
    assert one(baseline({"a.py": [hit(is_secret=True)]})).labels["audited"] == "secret"


def test_the_oldest_baselines_are_read() -> None:
    """They name no file within a result, and nothing of verification."""
    bare = {"hashed_secret": "0" * 40, "line_number": 3, "type": "Secret Keyword"}
    old = {"exclude": {"files": None, "lines": None}, "generated_at": "2019-01-02T03:04:05Z", "version": "0.12.2"}
    finding = one({**old, "plugins_used": [{"name": "KeywordDetector"}], "results": {"a.py": [bare]}})
    assert (finding.locations[0].path, finding.confidence, finding.severity.normalised) == (
        "a.py",
        None,
        Severity.UNKNOWN,
    )


def test_the_hash_of_a_secret_is_in_nothing() -> None:
    """It has no key: neither the record nor the fingerprint tells of it."""
    one_secret, another = (one(baseline({"a.py": [hit(secret)]})) for secret in ("s" * 12, "t" * 12))
    assert one_secret.fingerprint == another.fingerprint
    hashed = hit("s" * 12)["hashed_secret"]
    assert hashed.encode() not in encoded(one_secret)


def test_results_in_one_file_are_told_apart_by_kind_and_order() -> None:
    """So the lines may move together."""
    made = found(
        baseline({"a.py": [hit("s" * 9, line_number=3), hit("t" * 9, line_number=8), hit("u" * 9, "Private Key", 5)]})
    )
    moved = found(
        baseline(
            {"a.py": [hit("u" * 9, "Private Key", 25), hit("t" * 9, line_number=28), hit("s" * 9, line_number=23)]}
        )
    )
    assert len({f.fingerprint for f in made}) == 3
    assert {(f.fingerprint, (f.locations[0].start_line or 0) + 20) for f in made} == {
        (f.fingerprint, f.locations[0].start_line) for f in moved
    }
