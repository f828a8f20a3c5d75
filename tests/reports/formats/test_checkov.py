"""Checkov: its frameworks, what it checked and what not, and the cloud's resources behind the code's."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import KEY_ID, encoded, found, one, report

REPOSITORY: Final = "https://git.test/acme/shop"


def check(
    rule: str = "CKV_AWS_20", file: str = "/main.tf", resource: str = "aws_s3_bucket.assets", /, **changes: Any
) -> dict[str, Any]:
    """A failed check."""
    made: dict[str, Any] = {
        "check_id": rule,
        "bc_check_id": None,
        "check_name": f"Ensure that all is well with {rule}",
        "check_result": {"result": "FAILED", "evaluated_keys": ["acl"]},
        "code_block": [[1, 'resource "aws_s3_bucket" "assets" {\n'], [2, '  bucket = "acme-assets"\n'], [3, "}\n"]],
        "file_path": file,
        "file_abs_path": f"/builds/acme/shop{file}",
        "repo_file_path": file,
        "file_line_range": [1, 3],
        "resource": resource,
        "severity": None,
        "guideline": "https://docs.test/s3",
    }
    return {**made, **changes}


def framework(
    failed: Sequence[object],
    passed: Sequence[object] = (),
    skipped: Sequence[object] = (),
    kind: str = "terraform",
    **changes: Any,
) -> dict[str, Any]:
    """The report of a framework."""
    lists: dict[str, Sequence[object]] = {
        "passed_checks": passed,
        "failed_checks": failed,
        "skipped_checks": skipped,
        "parsing_errors": [],
    }
    counts = {"passed": len(passed), "failed": len(failed), "skipped": len(skipped), "parsing_errors": 0}
    summary = {**counts, "resource_count": 1, "checkov_version": "3.2.1"}
    return {"check_type": kind, "results": lists, "summary": summary, "url": "Add an api key", **changes}


def summary(**counts: int) -> dict[str, Any]:
    """What is printed when there was nothing to check."""
    made = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0}
    return {**made, **counts, "checkov_version": "3.2.1"}


SAMPLE: Final = [
    framework(
        [check(), check("CKV_AWS_18"), check("CKV_AWS_20", "/modules/a.tf")],
        [check("CKV_AWS_21")],
        [check("CKV_AWS_144")],
    ),
    framework([check("CKV_GHA_2", "/.github/workflows/ci.yml", "jobs(a).steps[4]")], kind="github_actions"),
    framework([check("CKV_SECRET_6", "/run.sh", "0" * 40, code_block=[[4, "TOKEN=abcd******\n"]])], kind="secrets"),
]


# -- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"check_id": 7},
        {"check_id": ""},
        {"file_path": None},
        {"file_line_range": ["1"]},
        {"severity": 3},
        {"resource": 1},
    ],
)
def test_a_check_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report(framework([check(), check(**changes), check("CKV_AWS_18")]))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/results/failed_checks/1"])


@pytest.mark.parametrize(
    "value",
    [
        {"results": [], "tool": "another"},
        {"check_type": "x", "results": {}},
        {"passed": 1, "failed": 0},
        {"check_type": "x"},
    ],
)
def test_what_has_no_lists_of_checks_is_refused(value: object) -> None:
    """Nor a summary of Checkov's."""
    with pytest.raises(Poison, match="it is not"):
        report(value, format="checkov")


def test_what_stands_among_frameworks_and_is_none_is_rejected() -> None:
    """Nobody knows how many results that were."""
    read = report([framework([check()]), {"x": 1}])
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/1"])


# -- counts and scan -----------------------------------------------------------------------------------------------


def test_passed_and_skipped_checks_are_counted_apart() -> None:
    """Over all frameworks."""
    read = report(SAMPLE)
    assert (len(read.findings), read.passed, read.suppressed, read.results) == (5, 1, 1, 7)


def test_a_clean_scan_has_checked_something() -> None:
    """Also where `--quiet` leaves out what passed: then the summary counts it."""
    assert report(framework([], [check()])).warnings == ()
    quiet: dict[str, Any] = {"check_type": "terraform", "results": {"failed_checks": []}, "summary": summary(passed=20)}
    read = report(quiet)
    assert (read.scan, read.results, read.warnings) == (Scan.CLEAN, 0, ())


@pytest.mark.parametrize("value", [summary(), framework([]), [framework([]), framework([], kind="helm")]])
def test_nothing_checked_is_clean_with_a_warning(value: object) -> None:
    """The summary alone is what Checkov prints when there was nothing to check."""
    read = report(value)
    assert (read.format, read.scan, read.results) == ("checkov", Scan.CLEAN, 0)
    assert read.warnings == ("checkov checked nothing",)


def test_files_that_could_not_be_parsed_are_told() -> None:
    """When there were no others the scan has failed."""
    broken = framework([], summary=summary(parsing_errors=2))
    assert report(broken).scan is Scan.FAILED
    read = report([broken, framework([check()])])
    assert (read.scan, read.warnings) == (Scan.FINDINGS, ("checkov could not parse all files",))
    listed = framework([], summary={"checkov_version": "3.2.1"})
    listed["results"]["parsing_errors"] = ["/main.tf"]
    assert report(listed).scan is Scan.FAILED


def test_failures_that_are_counted_and_not_there_make_no_clean_scan() -> None:
    """With some of them there it is a warning."""
    assert report(summary(failed=3)).scan is Scan.FAILED
    some = report(framework([check()], summary=summary(failed=3)))
    assert (some.scan, len(some.warnings)) == (Scan.FINDINGS, 1)


# -- findings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "severity"), [(None, Severity.UNKNOWN), ("HIGH", Severity.HIGH), ("Moderate", Severity.MEDIUM)]
)
def test_a_severity_is_there_only_with_a_key_of_the_platform(word: str | None, severity: Severity) -> None:
    """Without one it is unknown."""
    assert one(framework([check(severity=word)])).severity.normalised is severity


@pytest.mark.parametrize(
    ("line", "bucket"),
    [
        ('  bucket = "acme-assets"\n', "acme-assets"),
        ("      BucketName: acme-assets\n", "acme-assets"),
        ('      "BucketName": "acme-assets",\n', "acme-assets"),
        ("  bucket = aws_s3_bucket.assets.id\n", None),
        ('  bucket = "${var.name}-assets"\n', None),
        ("      BucketName: !Ref Assets\n", None),
        ('  bucket_prefix = "acme"\n', None),
    ],
)
def test_a_bucket_is_known_where_the_code_names_it(line: str, bucket: str | None) -> None:
    """Not where it refers to something."""
    finding = one(framework([check(code_block=[[1, line]])]))
    made = None if bucket is None else Resource(kind="aws.s3.bucket", id=f"arn:aws:s3:::{bucket}")
    assert finding.resource == made
    assert one(framework([check(code_block=[[1, line]], resource="aws_lambda_function.x")])).resource is None


def test_a_workflow_is_one_of_its_repository() -> None:
    """Its steps are counted from above: one more before it changes nothing."""
    steps = [check("CKV_GHA_2", "/.github/workflows/ci.yml", f"jobs(a).steps[{n}]") for n in (4, 5)]
    first, second = (one(framework([s], kind="github_actions"), repository=REPOSITORY) for s in steps)
    assert first.resource == Resource(kind="git.workflow", id=f"{REPOSITORY}#.github/workflows/ci.yml")
    assert first.fingerprint == second.fingerprint
    indexed = [one(framework([check("A", "/a.tf", f"aws_instance.x[{n}]")])).fingerprint for n in (0, 1)]
    assert len(set(indexed)) == 2


def test_a_secrets_hash_is_in_nothing() -> None:
    """Checkov names the resource by it, and shows some of its characters."""
    hashed = "ab" * 20
    made = [check("CKV_SECRET_6", "/run.sh", h, code_block=[[4, "TOKEN=abcd******\n"]]) for h in (hashed, "0" * 40)]
    first, second = (one(framework([m], kind="secrets")) for m in made)
    assert hashed.encode() not in encoded(first)
    assert (first.secret, first.locations[0].snippet, first.fingerprint) == (None, None, second.fingerprint)


def test_a_leaked_key_of_aws_in_code_is_named_and_the_code_is_not_kept() -> None:
    """A check for keys in code shows the code."""
    secret = "wJal" + "r" * 36
    code = [[1, f'  access_key = "{KEY_ID}"\n'], [2, f'  secret_key = "{secret}"\n']]
    title = "Ensure no hard coded AWS access key and secret key exists in provider"
    finding = one(framework([check("CKV_AWS_41", "/p.tf", "aws.default", code_block=code, check_name=title)]))
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert finding.secret is not None
    assert finding.secret.kind == "aws_access_key"
    assert secret.encode() not in encoded(finding)


def test_a_package_is_named_with_its_vulnerability() -> None:
    """Of the framework for dependencies."""
    details = {
        "id": "CVE-2026-1234",
        "package_name": "library",
        "package_version": "1.4.0",
        "package_type": "python",
        "lowest_fixed_version": "1.5.0",
        "link": "https://nvd.test/1",
    }
    finding = one(
        framework(
            [
                check(
                    "CKV_CVE_2026_1234", "/requirements.txt", "requirements.txt.library", vulnerability_details=details
                )
            ],
            kind="sca_package",
        )
    )
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:pypi/library@1.4.0", ("1.5.0",))
    assert finding.aliases == ("CVE-2026-1234",)


def test_the_frameworks_check_file_and_resource_tell_results_apart() -> None:
    """The same in two files is two findings."""
    made = found(SAMPLE)
    assert len({f.fingerprint for f in made}) == len(made) == 5
    assert [place.path for f in made for place in f.locations][:3] == ["main.tf", "main.tf", "modules/a.tf"]


def test_compact_reports_have_no_code() -> None:
    """And the oldest no lines."""
    finding = one(framework([check(code_block=None, file_line_range=None)]))
    assert (finding.locations[0].snippet, finding.locations[0].start_line) == (None, None)
