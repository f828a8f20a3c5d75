"""trufflehog 3: its lines with a log among them, whose secret it is, and where it stands."""

import json
from base64 import b64encode
from typing import Any, Final

import pytest

from fixgate.events import Resource, Severity
from fixgate.reports.report import Report, Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import ACCOUNT, KEY_ID, data, found, leak, one, report

LEAKED: Final = "hunter" + "2" * 20
OTHER: Final = "correct-" + "horse-" + "battery"
COMMIT: Final = "8c1f0d2" * 5 + "abcde"
GIT: Final = {
    "commit": COMMIT,
    "file": "deploy/settings.py",
    "email": "Ada <ada@example.test>",
    "repository": "https://git.test/acme/shop.git",
    "timestamp": "2026-01-02 03:04:05 +0100",
    "line": 3,
}


def hit(secret: str, detector: str = "Stripe", source: dict[str, Any] | None = None, /, **changes: Any) -> Any:
    """A result."""
    made: dict[str, Any] = {
        "SourceMetadata": {"Data": source or {"Git": GIT}},
        "SourceID": 1,
        "SourceType": 16,
        "SourceName": "trufflehog - git",
        "DetectorType": 13,
        "DetectorName": detector,
        "DetectorDescription": "A service for payments.",
        "DecoderName": "PLAIN",
        "Verified": False,
        "Raw": secret,
        "RawV2": "",
        "Redacted": "",
        "ExtraData": None,
        "StructuredData": None,
    }
    return {**made, **changes}


def log(level: str = "info-0", msg: str = "running source", **fields: Any) -> Any:
    """A line of the log."""
    return {"level": level, "ts": "2026-01-02T03:04:05Z", "logger": "trufflehog", "msg": msg, **fields}


def key(**changes: Any) -> Any:
    """A leaked access key, whose user trufflehog has found out."""
    extra = {
        "account": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/ci/deploy",
        "user_id": "AIDA" + "Q1" * 8,
        "resource_type": "Access key",
        "rotation_guide": "https://howtorotate.test/aws/",
    }
    secret = "wJal" + "r" * 36
    whole = {"Verified": True, "RawV2": f"{KEY_ID}:{secret}", "Redacted": KEY_ID, "ExtraData": extra}
    return hit(KEY_ID, "AWS", {"Git": {**GIT, "file": "run.sh"}}, **{**whole, **changes})


def lines(*values: Any) -> Report:
    """A report of lines."""
    return read_bytes(b"\n".join(data(value) for value in values))


SAMPLE: Final = b"\n".join(
    data(value)
    for value in (
        log(),
        hit(LEAKED),
        key(),
        hit(OTHER, "URI", {"Docker": {"file": "etc/app.conf", "image": "acme/shop", "layer": "sha256:aa", "tag": "1"}}),
        hit(LEAKED[::-1], "Slack", {"Slack": {"channel_id": "C1", "channel_name": "ops", "link": "https://s.test/p1"}}),
        log(msg="finished scanning", chunks=9, verified_secrets=1, unverified_secrets=3),
    )
)


# -- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"DetectorName": 7},
        {"DetectorName": ""},
        {"Raw": ["x"]},
        {"Verified": "yes"},
        {"SourceMetadata": "x"},
        {"SourceMetadata": {"Data": {"Git": {**GIT, "line": "3"}}}},
        {"SourceMetadata": {"Data": {"Git": {**GIT, "file": 3}}}},
        {"ExtraData": []},
    ],
)
def test_a_result_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report([hit(LEAKED), hit(OTHER, **changes), key()])
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/1"])


@pytest.mark.parametrize("value", [[leak(LEAKED)], {"level": "info", "msg": "x", "logger": "another"}])
def test_what_another_wrote_is_not_taken_for_it(value: Any) -> None:
    """Neither another scanner's results nor another program's log."""
    with pytest.raises(Exception, match="it is not"):
        report(value, format="trufflehog")


# -- containers and the log ----------------------------------------------------------------------------------------


def test_lines_arrays_and_one_object_are_the_same() -> None:
    """As standard output, as an array that somebody made of it, and as one object over several lines."""
    pretty = read_bytes(json.dumps(hit(LEAKED), indent=2).encode())
    read = [lines(hit(LEAKED), hit(OTHER, "URI")), report([hit(LEAKED), hit(OTHER, "URI")]), pretty]
    assert [(r.format, len(r.findings)) for r in read] == [("trufflehog", 2), ("trufflehog", 2), ("trufflehog", 1)]
    assert len({r.findings[0].fingerprint for r in read}) == 1


def test_lines_of_the_log_are_no_results() -> None:
    """A report of nothing else is of a clean scan."""
    read = lines(log(), hit(LEAKED), log(msg="finished scanning", chunks=3))
    assert (read.results, read.scan, read.warnings) == (1, Scan.FINDINGS, ())
    clean = lines(log(), log(msg="finished scanning", chunks=3))
    assert (clean.format, clean.results, clean.scan, clean.warnings) == ("trufflehog", 0, Scan.CLEAN, ())


def test_what_the_log_says_of_the_scan_is_told() -> None:
    """An end with an error is a failed scan; an error is a warning, and so is a scan of nothing."""
    assert lines(log(), log("fatal", "error running scan")).scan is Scan.FAILED
    partial = lines(log("error", "encountered errors during scan"), hit(LEAKED))
    assert (partial.scan, len(partial.warnings)) == (Scan.FINDINGS, 1)
    nothing = lines(log(), log(msg="finished scanning", chunks=0))
    assert (nothing.scan, nothing.warnings) == (Scan.CLEAN, ("trufflehog says that it scanned nothing",))


# -- whose it is ---------------------------------------------------------------------------------------------------


def test_a_leaked_key_of_aws_is_the_same_as_another_scanners() -> None:
    """The resource, the identity and the problem are those that gitleaks names; the account is known besides."""
    finding, theirs = one(key()), one([leak(KEY_ID)])
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID, account=ACCOUNT)
    assert finding.identity == theirs.identity
    assert (finding.problem_key, finding.secret) == (theirs.problem_key, theirs.secret)
    assert (finding.account, finding.confidence, finding.labels["verified"]) == (ACCOUNT, "verified", "true")
    assert finding.labels["arn"].endswith(":user/ci/deploy")


@pytest.mark.parametrize("redacted", [KEY_ID, ""])
def test_the_early_versions_secret_is_decoded(redacted: str) -> None:
    """They wrote it in Base64, and no decoder's name."""
    early = key(Raw=b64encode(KEY_ID.encode()).decode(), RawV2=None, Redacted=redacted)
    del early["DecoderName"]
    assert one(early).secret == one(key()).secret
    assert one(early).resource == one(key()).resource


@pytest.mark.parametrize("made", ["\a" * 9, "\N{NO-BREAK SPACE}" * 9])
def test_what_is_base64_of_no_text_is_the_secret_itself(made: str) -> None:
    """Chance makes such a secret, also where a version would have encoded it."""
    raw = b64encode(made.encode()).decode()
    assert report(hit(raw, DecoderName=None)).secrets == {raw}


@pytest.mark.parametrize("made", ["begin\r\n\tkey\nend", "\xe9t\xe9\n2026"])
def test_an_early_secret_of_several_lines_is_decoded(made: str) -> None:
    """A private key, and what is no ASCII."""
    assert report(hit(b64encode(made.encode()).decode(), DecoderName=None)).secrets == {made}


def test_a_secret_that_only_looks_encoded_stays_as_it_is() -> None:
    """What a later version writes is the secret itself."""
    encoded = b64encode(OTHER.encode()).decode()
    assert one(hit(encoded)).secret != one(hit(OTHER)).secret


def test_a_key_whose_secret_was_taken_out_of_the_report_is_still_named() -> None:
    """By what is redacted, or the user by its ARN."""
    assert one(key(Raw="", RawV2="")).resource == one(key()).resource
    user = one(key(Raw="REDACTED", RawV2="", Redacted=""))
    assert user.resource is not None
    assert user.identity is not None
    assert (user.secret, user.resource.kind, user.identity.kind) == (None, "aws.iam.user", "aws.iam.user")


def test_the_key_of_a_session_is_no_resource() -> None:
    """Nothing about it can be changed."""
    session = one(key(Raw="ASIA" + "Z7" * 8, RawV2="", Redacted="", ExtraData=None))
    assert (session.resource is None or session.resource.kind == "git.file", session.identity) == (True, None)


@pytest.mark.parametrize(
    ("changes", "confidence"),
    [
        ({"Verified": True}, "verified"),
        ({"Verified": False}, "unverified"),
        ({"Verified": False, "VerificationError": "timeout"}, "verification failed"),
        ({"Verified": None}, None),
    ],
)
def test_what_came_of_trying_the_secret_out_is_kept(changes: Any, confidence: str | None) -> None:
    """It is no severity: there is none in the format."""
    finding = one(hit(LEAKED, **changes))
    assert (finding.confidence, finding.severity.normalised) == (confidence, Severity.UNKNOWN)


# -- where it stands -----------------------------------------------------------------------------------------------


def test_the_repository_is_the_senders_word_else_the_reports_without_its_password() -> None:
    """A folder of the machine that scanned is none, and does not identify the result."""
    secretive = {**GIT, "repository": f"https://bot:{LEAKED}@git.test/acme/shop.git"}
    shells = {**GIT, "repository": "git@git.test:acme/shop.git"}
    local = {**GIT, "repository": "file:///tmp/clone-42"}
    assert one(hit(OTHER, "A", {"Git": secretive})).repository == "https://git.test/acme/shop.git"
    assert one(hit(OTHER, "A", {"Git": shells})).repository == "ssh://git@git.test/acme/shop.git"
    assert one(hit(OTHER, "A", {"Git": GIT}), repository="https://git.test/fork").repository == "https://git.test/fork"
    here, there = (one(hit(OTHER, "A", {"Git": source})) for source in (local, {**local, "repository": "/home/x"}))
    assert (here.repository, here.finding_id) == (None, there.finding_id)


@pytest.mark.parametrize(
    ("source", "path", "logical"),
    [
        ({"Filesystem": {"file": "/app/a.py", "line": 2}}, "a.py", None),
        ({"GCS": {"bucket": "b", "filename": "x/y"}}, "x/y", "b"),
        ({"Artifactory": {"repo": "libs", "path": "x.jar"}}, "x.jar", "libs"),
        ({"Bitbucket": {"repository": "shop", "workspace": "acme", "file": "a"}}, "a", "shop acme"),
        ({"Jira": {"issue": "OPS-1", "location": "description"}}, None, "OPS-1 description"),
        ({"CircleCI": {"repository": "acme/shop", "build_number": 7, "build_step": "test"}}, None, "acme/shop 7 test"),
        ({"Forager": {"Metadata": {"NPM": {"package": "left", "release": "1", "file": "i.js"}}}}, "i.js", "left 1"),
        ({"Webhook": {"Data": {"Vector": {"host": "h1", "timestamp": {"seconds": 1}}}}}, None, "h1"),
        ({"Stdin": {}}, None, None),
        ({"AKindOfLater": {"file": "a"}}, "a", None),
        ({"Stdin": None}, None, None),
    ],
)
def test_each_kind_of_source_has_its_place(source: Any, path: str | None, logical: str | None) -> None:
    """A file, or the names of what holds it."""
    places = one(hit(LEAKED, "A", source)).locations
    assert [(p.path, p.logical) for p in places] == ([(path, logical)] if path or logical else [])


def test_an_object_in_s3_is_a_resource() -> None:
    """Unless the secret names something better."""
    stored = {"S3": {"bucket": "acme-assets", "file": "a/b.env"}}
    finding = one(hit(LEAKED, "A", stored))
    assert finding.resource == Resource(kind="aws.s3.object", id="arn:aws:s3:::acme-assets/a/b.env")
    named = one(hit(KEY_ID, "AWS", stored)).resource
    assert named is not None
    assert named.kind == "aws.iam.access_key"


def test_the_time_is_read_as_go_and_git_print_it() -> None:
    """With the zone once, twice or by name."""
    zones = ("-0700", "-0700 -0700", "-07:00 MST")
    times = {
        one(hit(LEAKED, "A", {"Git": {**GIT, "timestamp": f"2026-01-02 03:04:05 {z}"}})).last_seen_at for z in zones
    }
    assert [t.isoformat() for t in times if t] == ["2026-01-02T10:04:05+00:00"]


# -- identity ------------------------------------------------------------------------------------------------------


def test_a_secret_is_no_part_of_the_identity() -> None:
    """The hash of a fingerprint has no key."""
    assert one(hit(LEAKED)).fingerprint == one(hit(OTHER)).fingerprint


def test_another_detector_commit_file_or_channel_is_another_finding() -> None:
    """And a custom detector's rule."""
    slack = {"channel_id": "C1", "link": "https://s.test/p1"}
    made = found(
        [
            hit(LEAKED),
            hit(LEAKED, "URI"),
            hit(LEAKED, "Stripe", {"Git": {**GIT, "commit": "b" * 40}}),
            hit(LEAKED, "Stripe", {"Git": {**GIT, "file": "other.py"}}),
            hit(LEAKED, "Stripe", {"Slack": slack}),
            hit(LEAKED, "Stripe", {"Slack": {**slack, "channel_id": "C2"}}),
            hit(LEAKED, "CustomRegex", ExtraData={"name": "ours"}),
            hit(LEAKED, "CustomRegex", ExtraData={"name": "theirs"}),
        ]
    )
    assert len({finding.fingerprint for finding in made}) == 8
    assert [finding.rule_name for finding in made[-2:]] == ["ours", "theirs"]
