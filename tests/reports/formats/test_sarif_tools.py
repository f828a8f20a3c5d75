"""SARIF as tools really write it: what a run says for all of its results, and what each tool does in its own way."""

import copy
from typing import Any, Final

import pytest

from fixgate.events import FindingStatus, Resource, Severity
from fixgate.reports.report import Scan
from tests.reports.making import KEY_ID, found, one, report, result, sarif

IMAGE: Final = "registry.test/shop:1.2"
CRITICAL: Final = {"defaultConfiguration": {"level": "error"}}


def log_of(results: list[Any], run: dict[str, Any]) -> Any:
    """A log with one run that says this."""
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results, **run}]}


def placed(artifact: object, **run: Any) -> str | None:
    """The path of a result at this artifact."""
    made = result()
    made["locations"][0]["physicalLocation"]["artifactLocation"] = artifact
    return one(sarif([made], **run)).locations[0].path


def of_trivy(message: str = "", /, **run: Any) -> Any:
    """A log of Trivy about one package."""
    lines = "Package: curl", "Installed Version: 8.0", "Vulnerability CVE-2026-0001", "Severity: HIGH"
    text = message or "\n".join((*lines, "Fixed Version: 8.1, 9.0", "Link: [CVE-2026-0001](https://a.test)"))
    made = result("CVE-2026-0001", message={"text": text})
    del made["locations"][0]["physicalLocation"]["region"]["snippet"]
    return sarif([made], tool="Trivy", **run)


def prints(*logs: Any) -> set[str]:
    """Fingerprints of all of these logs."""
    return {finding.fingerprint for log in logs for finding in found(log)}


# -- what cannot be read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [
        {"tool": 7},
        {"tool": {"driver": 7}},
        {"tool": {"driver": {"name": 7}}},
        {"tool": {"driver": {"name": "t", "rules": [{"id": "r1", "properties": 7}, 7]}}},
        {"tool": {"driver": {"name": "t", "globalMessageStrings": [7]}}},
        {"tool": {"driver": {"name": "t"}, "extensions": [7, {"rules": [{"id": 7}]}]}},
        {"tool": {"driver": {"name": "t", "rules": {"r1": {}}}}},
        {"invocations": [{"executionSuccessful": "yes"}, 7]},
        {"invocations": {"executionSuccessful": False}},
    ],
)
def test_a_part_of_a_run_that_cannot_be_read_costs_no_result(run: dict[str, Any]) -> None:
    """It is left out, and said so."""
    read = report(log_of([result(), result("r2")], run))
    assert (len(read.findings), read.rejected) == (2, ())
    assert any("other types" in warning for warning in read.warnings)


@pytest.mark.parametrize(
    "run",
    [
        {"originalUriBaseIds": [7]},
        {"originalUriBaseIds": {"a": 7}},
        {"artifacts": {"a": 7}},
        {"logicalLocations": 7},
        {"versionControlProvenance": [7]},
        {"properties": 7},
        {"externalPropertyFileReferences": 7},
    ],
)
def test_what_only_adorns_a_run_is_dropped(run: dict[str, Any]) -> None:
    """Nothing is decided by it."""
    assert len(report(log_of([result()], run)).findings) == 1


def test_a_rule_that_cannot_be_read_gives_no_severity() -> None:
    """The standard's default is for rules that say nothing, not for what nobody understands."""
    for rules in ([{"id": "r1", "defaultConfiguration": "error"}], {"r1": CRITICAL}):
        tool = {"driver": {"name": "t", "rules": rules}}
        assert one(log_of([result()], {"tool": tool})).severity.normalised is Severity.UNKNOWN
        assert one(log_of([result(level="error")], {"tool": tool})).severity.normalised is Severity.HIGH


@pytest.mark.parametrize("number", [True, "high", "nan", "inf", "-inf", "", 10**400, [7.5], {"a": 1}])
def test_a_number_that_is_none_is_no_severity(number: object) -> None:
    """The level stays."""
    finding = one(sarif([result(level="note")], rules=[{"id": "r1", "properties": {"security-severity": number}}]))
    assert finding.severity.normalised is Severity.LOW


@pytest.mark.parametrize(
    ("log", "scan"),
    [
        (sarif([], invocations=[{"processStartFailureMessage": "no such file"}]), Scan.FAILED),
        (sarif([], externalPropertyFileReferences={"results": [{"location": {"uri": "r.json"}}]}), Scan.FAILED),
        ({**sarif([]), "inlineExternalProperties": [{"results": [result()]}]}, Scan.FAILED),
        (sarif([], invocations=[{"toolConfigurationNotifications": [{"level": "error"}]}]), Scan.CLEAN),
    ],
)
def test_a_scan_that_did_not_come_to_its_end_is_not_clean(log: object, scan: Scan) -> None:
    """Nor one whose results stand somewhere else; a tool that was badly configured warns."""
    read = report(log)
    assert (read.scan, len(read.warnings)) == (scan, 1)


def test_a_suppression_in_the_spelling_of_drafts_is_read() -> None:
    """One that was rejected is none."""
    results = [
        result(suppressions=[{"kind": "external", "state": "rejected"}]),
        result("r2", suppressions=[{"kind": "external", "state": "accepted"}]),
        result("r3", suppressions=[{"kind": "external", "status": "accepted"}, {"status": "underReview"}]),
        result("r4", suppressions=[]),
    ]
    read = report(sarif(results))
    assert ([t.draft.rule_id for t in read.findings], read.suppressed) == (["r1", "r3", "r4"], 1)


@pytest.mark.parametrize("baseline", ["new", "unchanged", "updated", "existing", None, "odd"])
def test_what_a_baseline_knows_already_is_still_there(baseline: str | None) -> None:
    """Only what is absent is resolved."""
    assert one(sarif([result(baselineState=baseline)])).status is FindingStatus.OPEN


# -- rules and levels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"ruleIndex": -1}, "r1"),
        ({"ruleIndex": 99}, "r1"),
        ({"ruleId": None, "ruleIndex": 1}, "r2"),
        ({"ruleId": None, "rule": {"index": 0, "toolComponent": {"index": 0}}}, "x1"),
        ({"ruleId": None, "rule": {"index": 0, "toolComponent": {"index": -1}}}, "r1"),
        ({"ruleId": "r2/deep/down"}, "r2/deep/down"),
        ({"ruleId": None}, "unknown"),
    ],
)
def test_the_rule_of_a_result(changes: dict[str, Any], name: str) -> None:
    """By its id, its place in the driver or in an extension; one below another has what that has."""
    rules = [{"id": "r1"}, {"id": "r2", **CRITICAL}]
    tool = {"driver": {"name": "t", "rules": rules}, "extensions": [{"rules": [{"id": "x1"}]}]}
    finding = one(log_of([result(**changes)], {"tool": tool}))
    assert (finding.rule_id or "unknown") == name
    assert finding.severity.normalised is (Severity.HIGH if name.startswith("r2") else Severity.MEDIUM)


@pytest.mark.parametrize(
    ("descriptor", "changes", "expected"),
    [
        ({"id": "r1"}, {}, Severity.LOW),
        ({"index": 0}, {}, Severity.LOW),
        ({"id": "r1"}, {"level": "error"}, Severity.HIGH),
        ({"id": "r1"}, {"provenance": {"invocationIndex": 0}}, Severity.LOW),
        ({"id": "r1"}, {"provenance": {"invocationIndex": 7}}, Severity.HIGH),
        ({"id": "r2"}, {}, Severity.HIGH),
        ({"index": 7}, {}, Severity.HIGH),
    ],
)
def test_an_invocation_may_change_the_level_of_a_rule(
    descriptor: dict[str, Any], changes: dict[str, Any], expected: Severity
) -> None:
    """It goes before the rule's own, and after the result's (3.27.10)."""
    override = {"descriptor": descriptor, "configuration": {"level": "note"}}
    invocation = {"executionSuccessful": True, "ruleConfigurationOverrides": [override]}
    log = sarif([result(**changes)], rules=[{"id": "r1", **CRITICAL}], invocations=[invocation])
    assert one(log).severity.normalised is expected


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        ({"properties": {"tags": ["external/cwe/cwe-079", "external/cwe/cwe-16"]}}, {}, ("CWE-79", "CWE-16")),
        ({"properties": {"tags": ["CWE-89: SQL Injection", 7, "OWASP-A01"]}}, {}, ("CWE-89",)),
        ({"properties": {"cwe": ["CWE-23"]}}, {}, ("CWE-23",)),
        ({"relationships": [{"target": {"id": "327", "toolComponent": {"name": "CWE"}}}]}, {}, ("CWE-327",)),
        ({}, {"taxa": [{"id": "CWE-22", "toolComponent": {"name": "CWE"}}]}, ("CWE-22",)),
        ({}, {"properties": {"cwe": "CWE-327: Broken algorithm"}}, ("CWE-327",)),
        ({}, {"taxa": [{"id": "327", "toolComponent": {"name": "OWASP"}}]}, ()),
        ({"id": "CVE-2026-0001-apk-curl"}, {"ruleId": "CVE-2026-0001-apk-curl"}, ("CVE-2026-0001",)),
    ],
)  # fmt: skip
def test_weaknesses_and_vulnerabilities_are_named(rule: Any, changes: Any, expected: tuple[str, ...]) -> None:
    """As CodeQL, Semgrep, Snyk, gosec, nodejsscan and Grype name them."""
    assert one(sarif([result(**changes)], rules=[{"id": "r1", **rule}])).aliases == expected


# -- messages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"markdown": "*bad*"}, "*bad*"),
        ({"text": "bad", "markdown": "*bad*"}, "bad"),
        ({"id": "shared", "arguments": ["{1}", 2]}, "{1} and 2"),
        ({"text": "{{0}} {0} {9}", "arguments": ["x"]}, "{0} x {9}"),
        ({"text": "{0}"}, "{0}"),
        ({"id": "none"}, ""),
        (None, ""),
    ],
)
def test_a_message(message: object, text: str) -> None:
    """Of its text, its markdown, the tool's own texts; an argument is no template."""
    tool = {"driver": {"name": "t", "globalMessageStrings": {"shared": {"text": "{0} and {1}"}}}}
    assert one(log_of([result(message=message)], {"tool": tool})).description == text


# -- places --------------------------------------------------------------------------------------------------------


def test_a_base_within_the_root_is_part_of_the_path() -> None:
    """Where the root itself is says nothing on another machine."""
    bases = {
        "ROOT": {"uri": "file:///home/ada/shop/"},
        "SRC": {"uri": " src", "uriBaseId": "ROOT"},
        "DEEP": {"uri": "deep/", "uriBaseId": "SRC"},
        "LOOP": {"uri": "x/", "uriBaseId": "LOOP"},
    }
    said = {base: placed({"uri": "a.py", "uriBaseId": base}, originalUriBaseIds=bases) for base in (*bases, "NONE")}
    assert said == {"ROOT": "a.py", "SRC": "src/a.py", "DEEP": "src/deep/a.py", "LOOP": "a.py", "NONE": "a.py"}
    whole = {"uri": "file:///home/ada/shop/b.py", "uriBaseId": "SRC"}
    assert placed(whole, originalUriBaseIds=bases) == "b.py"


@pytest.mark.parametrize(
    ("artifact", "path"),
    [({"index": 0}, "listed.py"), ({"index": -1}, None), ({"index": 7}, None), ({"index": 1}, None), ({}, None)],
)
def test_a_file_may_be_known_by_its_number(artifact: object, path: str | None) -> None:
    """In the list of the run's artifacts; one without an address is no file."""
    assert placed(artifact, artifacts=[{"location": {"uri": "listed.py"}}, 7]) == path


def test_a_function_may_be_known_by_its_number() -> None:
    """In the list of the run's logical locations."""
    made = result(locations=[{"logicalLocations": [{"index": 0}]}])
    finding = one(sarif([made], logicalLocations=[{"fullyQualifiedName": "shop::pay"}]))
    assert finding.locations[0].logical == "shop::pay"


def test_what_was_analysed_is_the_place_of_a_result_without_any() -> None:
    """As BinSkim writes it."""
    made = result(locations=[], analysisTarget={"uri": "bin/shop.dll"})
    assert [place.path for place in one(sarif([made])).locations] == ["bin/shop.dll"]


@pytest.mark.parametrize("line", [-1, 0, 1 << 40])
def test_a_line_that_no_file_has_is_dropped(line: int) -> None:
    """It is not the result's fault."""
    finding = one(sarif([result("r1", "a.py", line)]))
    assert finding.locations[0].start_line == (0 if line == 0 else None)


# -- tools ---------------------------------------------------------------------------------------------------------


def test_trivy_names_package_and_image() -> None:
    """In the lines of its message, and for the whole run."""
    finding = one(of_trivy(properties={"imageName": IMAGE}))
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:generic/curl@8.0", ("8.1", "9.0"))
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("container.image", IMAGE)
    assert finding.problem_key == f"resource:container.image:{IMAGE}:CVE-2026-0001"


def test_equal_results_of_two_images_are_two() -> None:
    """They are different targets; of one target they are one, and a repeat."""
    log = copy.deepcopy(of_trivy(properties={"imageName": IMAGE}))
    log["runs"].append({**log["runs"][0], "properties": {"imageName": "other:1"}})
    read = report(log)
    assert (len(read.findings), read.repeated, len(prints(log))) == (2, 0, 2)
    log["runs"][1]["properties"] = {"imageName": IMAGE}
    assert (len(report(log).findings), report(log).repeated) == (1, 1)


def test_a_fix_that_is_out_and_a_new_rating_change_no_identity() -> None:
    """Trivy, Grype and Snyk write both into their messages."""
    older, newer = (
        f"Package: curl\nInstalled Version: {v}\nSeverity: {s}\nFixed Version: {f}"
        for v, s, f in (("8.0", "HIGH", ""), ("8.0.1", "CRITICAL", "8.1"))
    )
    assert len(prints(of_trivy(older), of_trivy(newer))) == 1
    texts = ("A critical vulnerability in apk package: curl", "A medium vulnerability in apk package: curl")
    assert len(prints(*(of_trivy(text) for text in texts))) == 1
    assert len(prints(of_trivy(older), of_trivy(older.replace("curl", "wget")))) == 2


def test_grype_names_the_package_with_its_rule() -> None:
    """One address of a package; of several none is the one."""
    url = "pkg:apk/alpine/curl@8.0"
    rules: list[Any] = [{"id": "r1", "properties": {"purls": [url]}}, {"id": "r2", "properties": {"purls": [url, url]}}]
    first, second = found(sarif([result(), result("r2")], tool="Grype", rules=rules))
    assert first.package is not None
    assert (first.package.purl, second.package) == (url, None)


def test_gitleaks_7_names_its_secret_beside_the_place() -> None:
    """With the commit that it stands in."""
    made = result("aws", "deploy.sh", properties={"offender": KEY_ID, "commit": "8c1f0d2", "author": "Ada"})
    finding = one(sarif([made], tool="Gitleaks"))
    assert finding.secret is not None
    assert (finding.secret.kind, finding.commit) == ("aws_access_key", "8c1f0d2")
    assert finding.problem_key.startswith("secret:")


def test_gitleaks_8_names_the_commit_in_its_fingerprints() -> None:
    """What else it puts there are facts of the commit."""
    marks: dict[str, Any] = {
        "commitSha": "8c1f0d2",
        "author": "Ada",
        "date": "2026-01-02T03:04:05Z",
        "email": "a@b.test",
    }
    made = sarif([result(partialFingerprints=marks)], tool="gitleaks")
    again = sarif([result(partialFingerprints={**marks, "author": "Ada L."})], tool="gitleaks")
    assert one(made).commit == "8c1f0d2"
    assert len(prints(made, again)) == 1


@pytest.mark.parametrize("tool", ["Nosey Parker", "TruffleHog", "ggshield"])
def test_the_snippet_of_a_tool_that_looks_for_secrets_is_not_kept(tool: str) -> None:
    """Whatever the rule is called."""
    assert one(sarif([result()], tool=tool)).locations[0].snippet is None


@pytest.mark.parametrize(
    ("changes", "rule", "confidence"),
    [
        ({"properties": {"issue_confidence": "HIGH"}}, {}, "HIGH"),
        ({"properties": {"zizmor/confidence": "Low"}}, {}, "Low"),
        ({}, {"properties": {"precision": "very-high"}}, "very-high"),
        ({"properties": {"confidence": 0.5}}, {}, "0.5"),
        ({"properties": {"confidence": [1]}}, {}, None),
    ],
)
def test_how_sure_a_tool_is(changes: Any, rule: Any, confidence: str | None) -> None:
    """As Bandit, zizmor and CodeQL say it."""
    assert one(sarif([result(**changes)], rules=[{"id": "r1", **rule}])).confidence == confidence


@pytest.mark.parametrize(
    ("tool", "code", "bucket"),
    [
        ("Checkov", 'resource "aws_s3_bucket" "a" {\n  bucket = "acme-assets"\n  acl    = "public-read"\n}\n', True),
        ("Checkov", "  Assets:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: acme-assets\n", True),
        ("Checkov", 'resource "aws_s3_bucket" "a" {\n  bucket = var.name\n}\n', False),
        ("Checkov", 'resource "aws_flow_log" "a" {\n  bucket = "acme-assets"\n}\n', False),
        ("Other", 'resource "aws_s3_bucket" "a" {\n  bucket = "acme-assets"\n}\n', False),
    ],
)
def test_a_bucket_is_known_where_checkovs_snippet_names_it(tool: str, code: str, *, bucket: bool) -> None:
    """Its snippets are the whole code of a resource; what another tool shows may be any lines."""
    item = result("CKV_AWS_20", "main.tf")
    item["locations"][0]["physicalLocation"]["region"]["snippet"]["text"] = code
    finding = one(sarif([item], tool=tool))
    assert finding.resource == (Resource(kind="aws.s3.bucket", id="arn:aws:s3:::acme-assets") if bucket else None)
