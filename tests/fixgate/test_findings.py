"""Which findings a record is about, as its traces say."""

import json
from pathlib import Path
from typing import Any

import pytest

from fixgate.events import Approval, Assessment, Decision, Finding, Grant, Intent, Outcome, Proposal, Review, Signal
from fixgate.findings import LIMIT, findings_of, label_of
from fixgate.json_form import from_json

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"


def example(kind: type[Any]) -> Any:
    """One of the schemas' own valid examples."""
    folder = EXAMPLES / kind.__name__
    return from_json(kind, json.loads(min(folder.glob("valid-*")).read_text()))


@pytest.mark.parametrize("kind", [Approval, Signal])
def test_what_names_no_finding_is_about_none(kind: type[Any]) -> None:
    """An answer names a proposal; it is found by what came of it."""
    assert findings_of(example(kind)) == ()
    assert findings_of(b"a report") == ()


@pytest.mark.parametrize("kind", [Finding, Assessment, Proposal, Decision, Review, Intent, Grant, Outcome])
def test_every_record_of_the_way_names_its_findings(kind: type[Any]) -> None:
    """From the finding itself to the record of what was done."""
    assert findings_of(example(kind))


def test_a_label_names_each_once_and_not_thousands() -> None:
    """A report with all that a scanner ever found does not become one attribute."""
    assert label_of(()) == ""
    assert label_of(["a", "b", "a"]) == "a,b"
    assert label_of(map(str, range(1000))).count(",") == LIMIT - 1
