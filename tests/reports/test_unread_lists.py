"""A list of problems that no adapter reads: a report that has one does not look clean without a word."""

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.reports.registry import ADAPTERS
from fixgate.reports.report import Scan
from tests.reports.making import report
from tests.reports.making_trivy import cluster, folder, scanned, system
from tests.reports.samples import at, read_as, replaced, sample, walked

TEXT: Final = "held-by-the-report"
NO_LISTS: Final[tuple[Any, ...]] = (7, TEXT, True, {TEXT: 1}, {TEXT: {TEXT: 1}})
CLEAN_FILE: Final = {"Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod"}


def quiet(name: str, value: Any) -> bool:
    """Whether the sample of a format has lost a finding by what was done to it, and nothing says so."""
    whole = read_as(sample(name), name)
    try:
        read = read_as(value, name)
    except Poison:
        return False
    told = len(read.rejected) > len(whole.rejected) or set(read.warnings) > set(whole.warnings)
    return len(read.findings) < len(whole.findings) and not told


def lists(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Where a list stands under a name."""
    return (path for path, held in walked(value) if path and isinstance(held, list) and isinstance(path[-1], str))


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_what_should_be_a_list_and_is_none_is_not_read_as_an_empty_one(name: str) -> None:
    """Wherever it stands: it is rejected, or the report refused."""
    value = sample(name)
    assert [(path, bad) for path in lists(value) for bad in NO_LISTS if quiet(name, replaced(value, path, bad))] == []


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_a_list_of_results_by_another_name_is_told(name: str) -> None:
    """As a newer version of a scanner may have it."""
    missed: list[tuple[str | int, ...]] = []
    for path in lists(sample(name)):
        renamed = copy.deepcopy(sample(name))
        held = at(renamed, path[:-1])
        held[f"{path[-1]}-{TEXT}"] = held.pop(path[-1])
        missed += [path] if quiet(name, renamed) else []
    assert missed == []


@pytest.mark.parametrize(
    "value",
    [
        folder({**CLEAN_FILE, TEXT: [{"ID": TEXT}]}),
        folder({**CLEAN_FILE, "CustomResources": [{"Type": TEXT}]}),
        folder({**CLEAN_FILE, "Class": TEXT}),
        folder({**CLEAN_FILE, "Class": [TEXT]}),
        folder(CLEAN_FILE, {"Target": "x", "Class": "custom"}),
        scanned(system(), **{TEXT: [{"ID": TEXT}]}),
        cluster("Resources", {**CLEAN_FILE, TEXT: [1]}),
        {**cluster("Resources", CLEAN_FILE), TEXT: [{"Results": None}]},
        [{**CLEAN_FILE, "Vulnerabilities": None, TEXT: [1]}],
    ],
)
def test_trivy_says_something_that_is_not_read(value: Any) -> None:
    """A list under another name, or a target of another kind, in each of its containers; not by its name."""
    read = report(value, format="trivy")
    assert (read.scan, read.results) == (Scan.CLEAN, 0)
    assert ["not read" in warning or "not known" in warning for warning in read.warnings] == [True]
    assert TEXT not in "".join(read.warnings)


@pytest.mark.parametrize(
    "value",
    [
        folder(CLEAN_FILE, {**CLEAN_FILE, "Packages": [{"Name": "a"}], "Secrets": [], TEXT: []}),
        folder({**CLEAN_FILE, "MisconfSummary": {"Successes": 3, "Failures": 0}}),
        folder(*({"Target": "a", "Class": kind} for kind in ("config", "secret", "license", "license-file"))),
        scanned(system()),
        cluster("Findings", CLEAN_FILE),
    ],
)
def test_what_trivy_always_writes_is_no_trouble(value: Any) -> None:
    """What was looked at, without a problem."""
    read = report(value, format="trivy")
    assert (read.scan, read.results, read.warnings) == (Scan.CLEAN, 0, ())


def test_failures_that_trivy_counts_and_does_not_list_are_told() -> None:
    """Of a cluster's thing it counts more than its report is about: then some are listed."""
    counted = {**CLEAN_FILE, "MisconfSummary": {"Successes": 3, "Failures": 2}}
    assert report(folder(counted)).warnings == ("the report says that Trivy found more than it lists",)
    assert report(folder({**counted, "Misconfigurations": [{"ID": "KSV001"}]})).warnings == ()


def test_what_should_hold_a_clusters_things_and_does_not_is_rejected() -> None:
    """It does not look like a cluster in which nothing was found."""
    read = report({"ClusterName": "acme", "Resources": {TEXT: 1}})
    assert (read.scan, [bad.pointer for bad in read.rejected]) == (Scan.FAILED, ["/Resources"])
