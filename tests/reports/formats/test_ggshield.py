"""ggshield: scans within scans, secrets of several parts, and what it hides itself."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from fixgate.reports.fields import inside
from fixgate.reports.report import Scan
from tests.reports.making import KEY_ID, encoded, found, leak, one, report

LEAKED: Final = "hunter" + "2" * 20
COMMIT: Final = "8c1f0d2" * 5 + "abcde"


def part(match: str, kind: str = "apikey", line: int | None = 3, /) -> dict[str, Any]:
    """A match, which is a secret or a part of one."""
    return {
        "match": match,
        "match_type": kind,
        "line_start": line,
        "line_end": line,
        "index_start": 14,
        "index_end": 64,
    }


def incident(*parts: Any, kind: str = "Stripe Keys", **changes: Any) -> dict[str, Any]:
    """An incident."""
    made: dict[str, Any] = {
        "policy": "Secrets detection",
        "occurrences": parts or (part(LEAKED),),
        "type": kind,
        "detector_documentation": "https://docs.test/stripe",
        "validity": "no_checker",
        "ignore_sha": "0" * 64,
        "total_occurrences": 1,
        "incident_url": "",
        "known_secret": False,
        "ignore_reason": None,
        "secret_vaulted": False,
    }
    return {**made, **changes}


def entity(*incidents: object, file: str = "deploy/settings.py") -> dict[str, Any]:
    """A file with its incidents."""
    counts = {"total_incidents": len(incidents), "total_occurrences": len(incidents)}
    return {"mode": "FILE", "filename": file, "incidents": incidents, **counts}


def totals(parts: tuple[Any, ...]) -> dict[str, int]:
    """What is counted of scans or files."""
    total = sum(n for part in parts if isinstance(n := inside(part, "total_incidents"), int))
    return {"total_incidents": total, "total_occurrences": total}


def scan(*entities: object, **changes: Any) -> dict[str, Any]:
    """A scan of a folder."""
    made: dict[str, Any] = {"id": ".", "type": "path_scan", **totals(entities)}
    return {**made, "secrets_engine_version": "2.130.0", "entities_with_incidents": entities, **changes}


def commits(*scans: object) -> dict[str, Any]:
    """A scan of commits."""
    return {"id": "x", "type": "commit-range", "scans": scans, **totals(scans)}


def commit(*entities: object, sha: str = COMMIT) -> dict[str, Any]:
    """A scan of one commit."""
    about = {"author": "Ada", "email": "ada@example.test", "date": "Fri Jan 2 03:04:05 2026 +0000"}
    return scan(*entities, id=sha, type="commit", extra_info=about)


SAMPLE: Final = commits(
    commit(
        entity(
            incident(),
            incident(part(KEY_ID, "client_id"), part("wJal" + "r" * 36, "client_secret", 4), kind="AWS Keys"),
        )
    ),
    commit(
        entity(incident(), incident(part("ab" + "*" * 12), kind="Generic Password"), file="src/a.py"), sha="ab" * 20
    ),
)


# -- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [incident(kind=""), {**incident(), "type": 7}, {**incident(), "occurrences": None}, None, incident({"match": 7})],
)
def test_an_incident_of_wrong_types_is_rejected_alone(bad: object) -> None:
    """Its neighbours are findings."""
    read = report(scan(entity(incident(), bad, incident(kind="Another"))))
    rejected = [r.pointer for r in read.rejected]
    assert (len(read.findings), rejected) == (2, ["/entities_with_incidents/0/incidents/1"])


def test_what_is_no_file_and_no_scan_is_rejected_alone() -> None:
    """Nobody knows what was found in it."""
    read = report(
        commits(commit(entity(incident())), "x", commit({"filename": "a"}, {**entity(incident()), "filename": 3}))
    )
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (
        1,
        ["/scans/1", "/scans/2/entities_with_incidents/0", "/scans/2/entities_with_incidents/1/incidents/0"],
    )


def test_scans_within_scans_have_an_end() -> None:
    """Only an attack has more."""
    value = scan(entity(incident()))
    for _ in range(30):
        value = commits(value)
    assert [r.why for r in report(value).rejected] == ["it is no scan"]


@pytest.mark.parametrize("value", [{"total_incidents": 0}, {"entities_with_incidents": []}, [leak(LEAKED)]])
def test_what_has_no_totals_is_refused(value: object) -> None:
    """It writes them when it found nothing too."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="ggshield")


# -- scan ----------------------------------------------------------------------------------------------------------


def test_what_is_counted_and_not_there_is_told() -> None:
    """All of it missing is no clean scan."""
    read = report(scan(total_incidents=2))
    assert (read.scan, read.results, len(read.warnings)) == (Scan.FAILED, 0, 1)
    read = report(commits(commit(entity(incident())), {**commit(), "total_incidents": 1}))
    assert (read.scan, len(read.findings), len(read.warnings)) == (Scan.FINDINGS, 1, 1)
    assert report(scan(entity(incident()), total_incidents=True)).warnings == ()


def test_nothing_found_is_clean_and_errors_are_a_warning() -> None:
    """A clean scan has totals alone."""
    nothing: dict[str, Any] = {"id": ".", "type": "path_scan", "total_incidents": 0, "total_occurrences": 0}
    clean = report(nothing)
    assert (clean.format, clean.scan, clean.results, clean.warnings) == ("ggshield", Scan.CLEAN, 0, ())
    errors: list[Any] = [{"files": [], "description": LEAKED}]
    partial = report({**nothing, "errors": errors})
    assert partial.warnings == ("ggshield tells of 1 errors: something was not scanned",)


def test_what_is_ignored_is_suppressed() -> None:
    """It is in the report only with `--all-secrets`."""
    read = report(scan(entity(incident(ignore_reason={"kind": "known_secret", "detail": None}), incident())))
    assert (read.suppressed, len(read.findings)) == (1, 1)


# -- findings ------------------------------------------------------------------------------------------------------


def test_a_leaked_key_of_aws_is_the_same_as_another_scanners() -> None:
    """Its id and its secret are two matches of one incident."""
    secret = "wJal" + "r" * 36
    both = incident(part(secret, "client_secret", 4), part(KEY_ID, "client_id"), kind="AWS Keys")
    finding, theirs = one(scan(entity(both))), one([leak(KEY_ID)])
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert (finding.identity, finding.secret, finding.problem_key) == (
        theirs.identity,
        theirs.secret,
        theirs.problem_key,
    )
    assert secret.encode() not in encoded(finding)
    assert [place.start_line for place in finding.locations] == [4, 3]


def test_a_secret_that_ggshield_hid_has_no_mark() -> None:
    """It does so unless it is told to show secrets, and leaves some characters."""
    hidden = incident(part("&dt" + "*" * 20 + "ji5"))
    assert one(scan(entity(hidden))).secret is None
    assert one(scan(entity(incident(part("AKIA" + "*" * 16, "client_id"), kind="AWS Keys")))).resource is None


def test_the_user_of_a_password_is_not_the_secret() -> None:
    """The password is."""
    pair = incident(part("deploy", "username"), part(LEAKED, "password"))
    finding, alone = one(scan(entity(pair))), one(scan(entity(incident())))
    assert finding.secret == alone.secret
    assert one(scan(entity(incident(part("deploy", "username"))))).secret is None


def test_whether_it_works_is_the_confidence_and_no_severity() -> None:
    """There is no severity in the format."""
    finding = one(scan(entity(incident(validity="valid", known_secret=True, incident_url="https://dash.test/1"))))
    assert (finding.confidence, finding.severity.normalised) == ("valid", Severity.UNKNOWN)
    assert (finding.labels["known"], finding.links) == ("true", ("https://dash.test/1", "https://docs.test/stripe"))


def test_the_commit_of_a_scan_is_its_id() -> None:
    """With who made it; a folder has none."""
    finding = one(commits(commit(entity(incident()))))
    assert (finding.commit, finding.labels["author"]) == (COMMIT, "Ada")
    assert one(scan(entity(incident()))).commit is None


def test_one_secret_in_several_lines_is_one_finding() -> None:
    """With as many places; a line that was taken away has no number."""
    finding = one(scan(entity(incident(part(LEAKED), part(LEAKED, "apikey", 9), part(LEAKED, "apikey", None)))))
    assert [place.start_line for place in finding.locations] == [3, 9, None]
    assert len(one(scan(entity({**incident(), "occurrences": []}))).locations) == 1


def test_detector_file_and_commit_tell_results_apart() -> None:
    """The secret and its hash do not."""
    made = found(SAMPLE)
    assert len({finding.fingerprint for finding in made}) == len(made) == 4
    others: Sequence[Any] = [incident(part("another-" + "secret"), ignore_sha="1" * 64), incident(validity="valid")]
    assert len({one(scan(entity(other))).fingerprint for other in others}) == 1


def test_the_older_name_of_a_matchs_kind_is_read() -> None:
    """It was `type`."""
    old = part("deploy", "username")
    old["type"] = old.pop("match_type")
    assert one(scan(entity(incident(old)))).secret is None
