"""zizmor's own JSON: what it found in workflows, and the action that a workflow uses."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import Resource, Severity
from tests.reports.making import found, one, report, result, sarif

REPOSITORY: Final = "https://git.test/acme/shop"
WORKFLOW: Final = ".github/workflows/ci.yml"


def place(feature: str, row: int = 5, kind: str = "Primary", path: str = WORKFLOW, /, **key: Any) -> dict[str, Any]:
    """A place in a workflow, whose rows begin at 0."""
    route = [{"Key": "jobs"}, {"Key": "build"}, {"Key": "steps"}, {"Index": row}, {"Key": "uses"}]
    symbolic = {
        "key": key or {"Local": {"verbatim_path": path}},
        "annotation": "action is not pinned to a hash",
        "route": {"route": route},
        "feature_kind": "Normal",
        "kind": kind,
    }
    span = {"start_point": {"row": row, "column": 14}, "end_point": {"row": row, "column": 33}}
    return {"symbolic": symbolic, "concrete": {"location": span, "feature": feature, "comments": []}}


def hit(ident: str = "unpinned-uses", *places: Any, **changes: Any) -> dict[str, Any]:
    """A finding."""
    made: dict[str, Any] = {
        "ident": ident,
        "desc": "unpinned action reference",
        "url": "https://docs.test/audits/#unpinned-uses",
        "determinations": {"confidence": "High", "severity": "High", "persona": "Regular"},
        "locations": places or (place("uses: acme/build@v1", 5, "Hidden"), place("acme/build@v1")),
        "ignored": False,
        "fixes": [],
    }
    return {**made, **changes}


SAMPLE: Final = [
    hit(),
    hit("template-injection", place("echo ${{ github.event.issue.title }}", 9)),
    hit("unpinned-uses", place("acme/deploy@main", 3, "Primary", ".github/workflows/release.yml")),
    hit("unpinned-uses", place("acme/test@v2", 7)),
]


@pytest.mark.parametrize(
    "changes",
    [{"ident": 7}, {"ident": ""}, {"locations": {}}, {"ignored": "no"}, {"determinations": {"severity": 3}}],
)
def test_a_finding_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report([hit(), hit(**changes), hit("another")])
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/1"])


def test_its_sarif_is_another_format() -> None:
    """And what has no determinations is none."""
    others: tuple[Any, ...] = (sarif([result()]), [{"ident": "x", "locations": []}])
    for other in others:
        with pytest.raises(Poison, match="it is not"):
            report(other, format="zizmor")


def test_what_a_comment_ignores_is_suppressed() -> None:
    """It is in the report only when it was asked for."""
    read = report([hit(ignored=True), hit()])
    assert (read.suppressed, len(read.findings)) == (1, 1)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Informational", Severity.INFORMATIONAL),
        ("Low", Severity.LOW),
        ("Medium", Severity.MEDIUM),
        ("High", Severity.HIGH),
        ("Unknown", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_severity_is_its_word(word: str | None, severity: Severity) -> None:
    """The confidence is another."""
    finding = one([hit(determinations={"severity": word, "confidence": "Low"})])
    assert (finding.severity.normalised, finding.confidence) == (severity, "Low")


def test_an_action_that_is_not_pinned_is_one_of_a_workflow() -> None:
    """The same resource and action as its SARIF gives, so that the template is reached."""
    finding = one([hit()], repository=REPOSITORY)
    theirs = one(
        sarif([result("zizmor/unpinned-uses", WORKFLOW, message={"text": "acme/build@v1"})]), repository=REPOSITORY
    )
    assert finding.resource == theirs.resource == Resource(kind="git.workflow", id=f"{REPOSITORY}#{WORKFLOW}")
    assert finding.labels["uses"] == theirs.labels["uses"] == "acme/build@v1"


@pytest.mark.parametrize(
    "path", ["./" + WORKFLOW, "/home/ada/shop/" + WORKFLOW, "C:\\shop\\" + WORKFLOW.replace("/", "\\")]
)
def test_a_workflow_is_known_by_the_folder_at_the_root(path: str) -> None:
    """Wherever zizmor was run."""
    finding = one([hit("unpinned-uses", place("acme/build@v1", 5, "Primary", path))], repository=REPOSITORY)
    assert (finding.locations[0].path, finding.fingerprint) == (WORKFLOW, one([hit()]).fingerprint)


def test_the_older_name_of_a_path_is_read_and_one_that_was_fetched_has_its_repository() -> None:
    """The sender's word goes first."""
    older = place("acme/build@v1", Local={"prefix": ".", "given_path": WORKFLOW})
    assert one([hit("unpinned-uses", older)]).fingerprint == one([hit()]).fingerprint
    remote = {"slug": {"owner": "acme", "repo": "shop", "git_ref": None}, "path": WORKFLOW}
    fetched = [hit("unpinned-uses", place("acme/build@v1", Remote=remote))]
    assert one(fetched).repository == "https://github.com/acme/shop"
    assert one(fetched, repository=REPOSITORY).repository == REPOSITORY


def test_places_begin_with_the_primary_and_at_one() -> None:
    """Hidden ones are left out."""
    finding = one([hit("x", place("b", 2, "Related"), place("a", 1), place("c", 3, "Hidden"))])
    assert [(p.snippet, p.start_line, p.start_column) for p in finding.locations] == [("a", 2, 15), ("b", 3, 15)]
    assert one([hit("x", place("c", 3, "Hidden"))]).locations == ()


def test_steps_that_move_and_jobs_that_grow_are_the_same_findings() -> None:
    """The number of a step is no name, and a whole job is no line."""
    assert (
        one([hit("a", place("acme/build@v1", 5))]).fingerprint == one([hit("a", place("acme/build@v1", 8))]).fingerprint
    )
    jobs = [one([hit("a", place(text))]).fingerprint for text in ("build:\n  steps: []", "build:\n  steps: [x]")]
    assert len(set(jobs)) == 1
    assert len({finding.fingerprint for finding in found(SAMPLE)}) == 4
