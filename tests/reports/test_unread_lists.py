"""A list of problems that no adapter reads: a report that has one does not look clean without a word."""

from typing import Any, Final

import pytest

from fixgate.reports.report import Scan
from tests.reports.making import report
from tests.reports.making_trivy import cluster, folder, scanned, system

TEXT: Final = "held-by-the-report"
CLEAN_FILE: Final = {"Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod"}


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


def test_what_should_hold_a_clusters_things_and_does_not_is_rejected() -> None:
    """It does not look like a cluster in which nothing was found."""
    read = report({"ClusterName": "acme", "Resources": {TEXT: 1}})
    assert (read.scan, [bad.pointer for bad in read.rejected]) == (Scan.FAILED, ["/Resources"])
