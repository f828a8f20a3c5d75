"""`fixgate parse`: findings, counts, and what cannot be used, each where a person or a program looks for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fixgate import cli
from fixgate.errors import Misconfigured
from tests.reports.making import asff, data, leak, result, sarif

SECRET = "s3cr" + "et-" + "v4lue" * 4
NAMES = "results", "findings", "suppressed", "passed", "repeated", "rejected"


def run(*arguments: object, given: bytes = b"") -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(cli.app, ["parse", *map(str, arguments)], input=given, catch_exceptions=True)


def lines(text: str) -> list[Any]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A report with a secret, a repeat and a bad result."""
    path = tmp_path / "leaks.json"
    path.write_bytes(data([leak(SECRET), leak(SECRET), leak(SECRET, StartLine="x")]))
    return path


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    """It names the file."""
    ran = run(tmp_path / "none.json")
    assert isinstance(ran.exception, Misconfigured)
    assert "none.json cannot be read" in ran.exception.message


def test_a_format_that_does_not_exist_is_wrong_usage(good: Path) -> None:
    """It says which there are."""
    ran = run("--format", "nmap", good)
    assert isinstance(ran.exception, Misconfigured)
    assert "gitleaks" in ran.exception.remedy


def test_a_file_that_cannot_be_used_is_refused_and_the_others_are_read(tmp_path: Path, good: Path) -> None:
    """Exit code 1, the reason on standard error, the findings of the rest on standard output."""
    bad = tmp_path / "bad.json"
    bad.write_bytes(b'{"runs": [')
    ran = run(bad, good)
    assert ran.exit_code == 1
    assert f"error: {bad}: the report is cut off" in ran.stderr
    assert [f["format"] for f in lines(ran.stdout)] == ["gitleaks"]


def test_a_report_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """A file with a hole takes no space here."""
    path = tmp_path / "large.json"
    with path.open("wb") as opened:
        opened.truncate(1024 * 1024 * 1024 + 1)
    assert "more than 1073741824 bytes" in run(path).stderr


def test_findings_are_json_lines_without_a_secret(good: Path) -> None:
    """What cannot be used is said on standard error."""
    ran = run(good)
    (finding,) = lines(ran.stdout)
    assert (ran.exit_code, finding["format"], finding["source"]["name"]) == (0, "gitleaks", "parse")
    assert SECRET not in ran.stdout + ran.stderr
    assert "/2: wrong types: /StartLine" in ran.stderr
    assert "hashes of secrets are of a key for this run only" in ran.stderr


def test_with_the_deployments_key_hashes_are_the_same_each_time(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is said of a key for this run."""
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    monkeypatch.setenv("FIXGATE_HASH_KEY", str(key))
    first, second = run(good), run(good)
    assert first.stdout == second.stdout
    assert "this run" not in first.stderr


def test_the_summary_is_one_object_for_each_file(tmp_path: Path, good: Path) -> None:
    """With the counts, which add up, the state of the scan and the warnings."""
    contents = {"bad.json": b"[", "empty.json": b"", "clean.sarif": data(sarif([])), "failed.sarif": data(sarif(None))}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    ran = run("--summary", "--json", good, *(tmp_path / name for name in contents))
    said = lines(ran.stdout)
    assert [s["file"] for s in said] == [str(good), *(str(tmp_path / name) for name in contents)]
    assert [s["scan"] for s in said] == ["findings", "failed", "empty", "clean", "failed"]
    assert [s["format"] for s in said] == ["gitleaks", None, "none", "sarif", "sarif"]
    assert [said[0][name] for name in NAMES] == [3, 1, 0, 0, 1, 1]
    assert all(s["results"] == sum(s[name] for name in NAMES[1:]) for s in said)
    assert "cut off" in said[1]["error"]
    assert [bool(s["warnings"]) for s in said] == [True, False, True, False, True]
    assert ran.exit_code == 1


def test_the_summary_for_people_is_a_line(good: Path) -> None:
    """What is nought is left out."""
    said = run("--summary", good).stdout
    assert said == f"{good}: gitleaks, findings: 3 results, 1 findings, 1 repeated, 1 rejected\n"


def test_standard_input_and_the_repository_are_taken() -> None:
    """`-` is standard input; a password in the address is not taken along."""
    given = data(sarif([result("unpinned-uses", ".github/workflows/ci.yml")]))
    (finding,) = lines(run("--repository", "https://ci:pass@git.test/a", "--source", "ci", "-", given=given).stdout)
    assert finding["resource"]["id"] == "https://git.test/a#.github/workflows/ci.yml"
    assert finding["source"]["name"] == "ci"


def test_a_format_that_is_named_is_the_one_that_is_read(tmp_path: Path) -> None:
    """An empty list is then that format's."""
    path = tmp_path / "a.json"
    path.write_bytes(b"[]")
    assert "gitleaks, clean" in run("--summary", "--format", "gitleaks", path).stdout
    path.write_bytes(data([asff()]))
    assert run("--summary", "--format", "gitleaks", path).exit_code == 1
