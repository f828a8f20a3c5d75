"""Fingerprints stay the same over re-scans, moved lines, another order and another machine; and tell results apart."""

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.reports.paths import portable
from tests.reports.making import asff, found, guardduty, leak, ocsf, old_leak, result, sarif

SECRETS = ["s3cr" + "et-" + c * 20 for c in "abcdef"]
FILES = ["a.py", "src/b.py", ".github/workflows/ci.yml"]


def leaks(draw: st.DrawFn, make: Callable[..., Any], line: str) -> list[Any]:
    """Results of gitleaks, some of one rule in one file."""
    places = draw(st.lists(st.tuples(st.sampled_from(FILES), st.integers(1, 90), st.sampled_from(SECRETS)), max_size=8))
    return [make(secret, File=file, file=file, **{line: number}) for file, number, secret in places]


@st.composite
def lists(draw: st.DrawFn) -> list[Any]:
    """Results of a format that is an array of them."""
    kind = draw(st.sampled_from(["leak", "old", "asff", "ocsf", "guardduty"]))
    if kind == "leak":
        made = leaks(draw, leak, "StartLine")
    elif kind == "old":
        made = leaks(draw, old_leak, "lineNumber")
    else:
        ids = draw(st.lists(st.integers(0, 5), max_size=8))
        made = {
            "asff": [asff(Id=f"id{n}") for n in ids],
            "ocsf": [ocsf(resources=[{"uid": f"arn:aws:s3:::bucket-{n}"}]) for n in ids],
            "guardduty": [guardduty(arn=f"arn:aws:guardduty:r:a:detector/d/finding/{n}") for n in ids],
        }[kind]
    return made


@st.composite
def logs(draw: st.DrawFn) -> list[Any]:
    """Results of SARIF."""
    places = draw(st.lists(st.tuples(st.sampled_from("rst"), st.sampled_from(FILES), st.integers(1, 90)), max_size=8))
    return [result(rule, f"file:///home/ada/shop/{file}", line) for rule, file, line in places]


def prints(value: object) -> list[str]:
    """The fingerprints of a report, in any order."""
    return sorted(finding.fingerprint for finding in found(value)) if value else []


def of_machine(results: list[Any], folder: str) -> object:
    """A log of these results, scanned in this folder."""
    moved = copy.deepcopy(results)
    for item in moved:
        location = item["locations"][0]["physicalLocation"]["artifactLocation"]
        location["uri"] = location["uri"].replace("/home/ada/shop", folder)
    root = {"uri": f"file://{folder}/"}
    return sarif(moved, invocations=[{"executionSuccessful": True, "workingDirectory": root}])


@given(lists(), st.randoms(use_true_random=False))
def test_another_order_changes_no_fingerprint(results: list[Any], order: random.Random) -> None:
    """Not even among results that only their place tells apart."""
    shuffled = list(results)
    order.shuffle(shuffled)
    assert prints(shuffled) == prints(results)


@given(lists())
def test_moved_lines_change_no_fingerprint(results: list[Any]) -> None:
    """Fifty lines were put in front of the file."""
    moved = copy.deepcopy(results)
    for item in moved:
        for name in ("StartLine", "EndLine", "lineNumber"):
            if name in item:
                item[name] += 50
    assert prints(moved) == prints(results)


@given(logs(), st.randoms(use_true_random=False), st.sampled_from(["/builds/x/shop", "/scratch/q/7", "/srv/s h"]))
def test_another_machine_order_and_lines_change_no_fingerprint_of_sarif(
    results: list[Any], order: random.Random, folder: str
) -> None:
    """All at once."""
    changed = copy.deepcopy(results)
    for item in changed:
        item["locations"][0]["physicalLocation"]["region"]["startLine"] += 7
    order.shuffle(changed)
    assert prints(of_machine(changed, folder)) == prints(of_machine(results, "/home/ada/shop"))


def test_a_newer_version_of_the_tool_changes_no_fingerprint() -> None:
    """Nor does a severity that was changed."""
    older = sarif([result()])
    newer = copy.deepcopy(older)
    newer["runs"][0]["tool"]["driver"]["version"] = "9"
    newer["runs"][0]["results"][0]["level"] = "error"
    assert prints(newer) == prints(older)


def test_the_tools_own_identity_is_used_where_it_is_one() -> None:
    """GitHub's line hash is; what says that somebody must log in is not."""
    known: dict[str, Any] = {"partialFingerprints": {"primaryLocationLineHash": "ab12:1"}}
    first, second = (sarif([result(**known, message={"text": t})]) for t in "ab")
    assert prints(first) == prints(second)
    none: dict[str, Any] = {"fingerprints": {"matchBasedId/v1": "requires login"}}
    assert prints(sarif([result(**none)])) == prints(sarif([result()]))
    nested: dict[str, Any] = {"fingerprints": {"v1": {"a": ["x"]}}}
    assert prints(sarif([result(**nested)])) != prints(sarif([result()]))


def test_two_of_one_rule_in_one_file_are_two() -> None:
    """And the first stays what it is when the second is gone."""
    first, second = leak(SECRETS[0], StartLine=3), leak(SECRETS[1], StartLine=9)
    both = prints([first, second])
    assert len(set(both)) == 2
    assert prints([first])[0] in both


def test_the_key_of_hashes_is_not_in_a_fingerprint() -> None:
    """A new key must not make everything new; nor may a hash without a key be of a secret."""
    assert prints([leak(SECRETS[0])]) == prints([leak(SECRETS[1])])


def test_a_fingerprint_says_its_version_and_format() -> None:
    """So that it can be told which code made it."""
    assert prints([leak(SECRETS[0])])[0].startswith("v1:gitleaks:")


def test_another_source_or_repository_is_another_finding() -> None:
    """The same file name in two repositories is two files."""
    one, other = (found([leak(SECRETS[0])], repository=f"https://git.test/{name}")[0] for name in "ab")
    assert one.finding_id != other.finding_id
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    ("text", "roots", "path", "identity"),
    [
        ("src/a.py", [], "src/a.py", "src/a.py"),
        ("./src//a.py", [], "src/a.py", "src/a.py"),
        ("src\\a.py", [], "src/a.py", "src/a.py"),
        ("../../etc/passwd", [], "etc/passwd", "etc/passwd"),
        ("file:///home/x/shop/src/a.py", ["file:///home/x/shop/"], "src/a.py", "src/a.py"),
        ("file:///C:/shop/src/a.py", ["C:\\shop"], "src/a.py", "src/a.py"),
        ("/home/runner/work/shop/shop/src/a.py", [], "src/a.py", "src/a.py"),
        ("/github/workspace/src/a%20b.py", [], "src/a%20b.py", "src/a%20b.py"),
        ("file:///github/workspace/src/a%20b.py", [], "src/a b.py", "src/a b.py"),
        ("/home/x/deep/down/src/a.py", [], "/home/x/deep/down/src/a.py", "down/src/a.py"),
        ("file://.github/workflows/ci.yml", [], ".github/workflows/ci.yml", ".github/workflows/ci.yml"),
        ("file://[broken", [], "file://[broken", "file://[broken"),
        ("https://shop.test:8080/a//b", [], "https://shop.test:8080/a//b", "https://shop.test:8080/a//b"),
        ("HTTP://bob:one@two@shop.test/a?key=x#y", [], "http://shop.test/a", "http://shop.test/a"),
        ("https://bob:one@[broken/a", [], "https://", "https://"),
        ("C://shop/src/a.py", [], "/shop/src/a.py", "shop/src/a.py"),
    ],
)
def test_a_path_means_the_same_elsewhere(text: str, roots: list[str], path: str, identity: str) -> None:
    """Relative to what was scanned, where that is known."""
    place = portable(text, roots)
    assert (place.path, place.identity) == (path, identity)
