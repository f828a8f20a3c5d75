"""What the policies come to: the shipped ones by their own cases, and the laws that hold for all."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.errors import Misconfigured
from fixgate.policy.bundle import SCHEMA_FILE, Bundle
from fixgate.policy.cases import UNREMARKABLE, run_cases
from fixgate.policy.controls import Prevention, PreventionKind
from fixgate.policy.judge import Moment, Outlook, judge
from fixgate.policy.shipped import SHIPPED, policies_folder
from fixgate.policy.subject import Subject
from fixgate.policy.testimony import NEVER

BUNDLE: Final = Bundle.load(SHIPPED)
FINE: Final = Moment(within_ceiling=True)
ORDER: Final = (Outlook.AUTOMATIC, Outlook.PEOPLE, Outlook.REFUSED)

UNKNOWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "environment": {"environment": "unknown"},
    "blast": {"blast": 4, "blast_name": "unknown"},
    "dependants": {"dependants_known": False, "dependants": 0},
    "reversibility": {"reversibility": "unknown"},
    "severity": {"severity": "unknown"},
    "deciding": {"deciding_known": False, "independent_sources": 0},
    "assembler": {"assembler": "unknown"},
    "owner": {"owner_known": False},
    "managed_by": {"managed_by": "unknown"},
    "shared": {"shared": True},
    "in_use": {"in_use": True},
    "status": {"status": "unknown"},
    "inventory": {"stale_inventory": True},
    "sender": {"sender_known": False},
}
"""How each fact looks when it is not known."""

LEVELS: Final = (("none", 0), ("low", 1), ("medium", 2), ("high", 3), ("unknown", 4))


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """Any change."""
    name, level = draw(st.sampled_from(LEVELS))
    known = draw(st.booleans())
    return replace(
        UNREMARKABLE,
        target_kind=draw(st.sampled_from(("aws.iam.access_key", "aws.s3.bucket", "git.workflow"))),
        environment=draw(st.sampled_from(("development", "test", "staging", "production", "unknown"))),
        blast=level,
        blast_name=name,
        dependants=draw(st.integers(0, 20)),
        dependants_known=draw(st.booleans()),
        reversibility=draw(st.sampled_from(("lossless", "lossy", "impossible", "unknown"))),
        severity=draw(st.sampled_from(("low", "critical", "unknown"))),
        automatic=draw(st.booleans()),
        deciding_known=known,
        independent_sources=draw(st.integers(1, 3)) if known else 0,
        tainted_slots=draw(st.integers(0, 2)),
        assembler=draw(st.sampled_from(("rules", "model", "person", "unknown"))),
        owner_known=draw(st.booleans()),
        managed_by=draw(st.sampled_from(("hand", "infrastructure_as_code", "platform", "unknown"))),
        shared=draw(st.booleans()),
        in_use=draw(st.booleans()),
        signals=draw(st.integers(0, 2)),
        stale_inventory=draw(st.booleans()),
        sender_known=draw(st.booleans()),
        honest=draw(st.booleans()),
        status=draw(st.sampled_from(("open", "seen_again", "resolved", "insufficient", "unknown"))),
        reading=draw(st.integers(1, 4)),
    )


MOMENTS: Final = st.builds(
    Moment,
    within_ceiling=st.booleans(),
    lapsed=st.lists(st.just("exception-1"), max_size=1).map(tuple),
    facts_hours=st.sampled_from((0, 23, 24, 167, 168)),
)


@pytest.mark.parametrize("outcome", list(run_cases(BUNDLE, SHIPPED / "tests")), ids=lambda o: f"{o.file}: {o.name}")
def test_the_shipped_policies_pass_their_own_cases(outcome: Any) -> None:
    """The same cases that `fixgate policy test` runs."""
    assert outcome.faults == ()


@given(subject=subjects(), moment=MOMENTS, fact=st.sampled_from(sorted(UNKNOWN)))
def test_knowing_less_never_asks_for_less(subject: Subject, moment: Moment, fact: str) -> None:
    """Refused over people over automatic, and among people never fewer nor less to be shown (law 8)."""
    known = judge(BUNDLE, subject, moment)
    unknown = judge(BUNDLE, replace(subject, **UNKNOWN[fact]), moment)
    assert ORDER.index(unknown.verdict) >= ORDER.index(known.verdict)
    if known.quorum is not None and unknown.quorum is not None:
        assert unknown.quorum.approvals >= known.quorum.approvals
        assert set(unknown.quorum.roles) >= set(known.quorum.roles)
        assert set(unknown.obligations) >= set(known.obligations)


@given(subject=subjects(), moment=MOMENTS, hours=st.integers(0, NEVER))
def test_older_facts_never_ask_for_less(subject: Subject, moment: Moment, hours: int) -> None:
    """From this hour's to those of a time that nobody knows."""
    older = replace(moment, facts_hours=max(hours, moment.facts_hours))
    assert ORDER.index(judge(BUNDLE, subject, older).verdict) >= ORDER.index(judge(BUNDLE, subject, moment).verdict)


@given(subject=subjects(), moment=MOMENTS)
def test_what_no_policy_can_loosen(subject: Subject, moment: Moment) -> None:
    """With policies that permit everything, a lie is refused and the ceiling holds."""
    ruling = judge(PERMISSIVE, subject, moment)
    if not subject.honest:
        assert ruling.verdict is Outlook.REFUSED
    elif not moment.within_ceiling:
        assert ruling.verdict is Outlook.PEOPLE
    prevention = Prevention(kind=PreventionKind.HALT, control_id="control-1", words="halted")
    stopped = judge(PERMISSIVE, subject, replace(moment, prevention=prevention))
    assert (stopped.verdict, stopped.prevention, stopped.reasons) == (Outlook.REFUSED, prevention, ("halted",))


@given(subject=subjects(), moment=MOMENTS)
def test_every_ruling_says_why(subject: Subject, moment: Moment) -> None:
    """Words for people, and a quorum exactly when people are asked."""
    ruling = judge(BUNDLE, subject, moment)
    assert ruling.reasons
    assert (ruling.quorum is not None) is (ruling.verdict is Outlook.PEOPLE)
    if ruling.verdict is Outlook.AUTOMATIC:
        assert subject.honest
        assert moment.within_ceiling
        assert subject.environment != "unknown"
        assert subject.environment != "production" or subject.independent_sources >= 2


@pytest.mark.parametrize("action", ["action", 'action == Fixgate::Action::"automatic"'])
def test_a_policy_that_cannot_be_evaluated_refuses(action: str) -> None:
    """A forbid that overflows would be skipped by Cedar; here it is no answer, whichever question it is about."""
    broken = _with(
        """@id("overflow") @words("Too much.")
        forbid (principal, ACTION, resource) when { resource.revision * 9223372036854775807 > 5 };""".replace(
            "ACTION", action
        )
    )
    ruling = judge(broken, replace(UNREMARKABLE, revision=9), FINE)
    assert ruling.verdict is Outlook.REFUSED
    assert any("could not be evaluated" in r for r in ruling.reasons)
    assert judge(broken, replace(UNREMARKABLE, revision=0), FINE).verdict is Outlook.AUTOMATIC


def test_no_policy_for_people_is_a_refusal() -> None:
    """What is not permitted is forbidden, also when nothing forbids it."""
    only = _bundle('@id("never") @words("Never.") forbid (principal, action, resource) when { resource.signals > 9 };')
    ruling = judge(only, UNREMARKABLE, FINE)
    assert (ruling.verdict, ruling.reasons) == (Outlook.REFUSED, ("no policy permits it",))


@pytest.mark.parametrize(
    ("policies", "why"),
    [
        ("", "there is no policy"),
        ("permit (", "not valid"),
        ('@words("x") permit (principal, action, resource);', "policy id"),
        ('@id("a") permit (principal, action == Fixgate::Action::"automatic", resource);', "no @words"),
        ('@id("a") @words("x") permit (principal, action, resource);', "several actions"),
        ('@id("a") @words("x") permit (principal, action == Fixgate::Action::"with_approval", resource);', "@quorum"),
        ('@id("a") @words("x") @quorum("1") forbid (principal, action, resource);', "asks people"),
        ('@id("a") @words("x") @note("1") forbid (principal, action, resource);', "mean nothing"),
        ('@id("a") @words("x") forbid (principal, action, resource) when { resource.blats > 1 };', "not valid"),
        ('@id("a") @words("x") forbid (principal, action, resource) when { resource.blast == "1" };', "not valid"),
        (
            (
                '@id("a") @words("x") @quorum("1") @roles("king") '
                'permit (principal, action == Fixgate::Action::"with_approval", resource);'
            ),
            "king",
        ),
        (
            (
                '@id("a") @words("x") @quorum("1") @obligation("read it") '
                'permit (principal, action == Fixgate::Action::"with_approval", resource);'
            ),
            "id: words",
        ),
    ],
)
def test_policies_that_are_not_whole_are_refused_at_the_start(policies: str, why: str) -> None:
    """Misspelt attributes, missing words, annotations that nobody heeds."""
    with pytest.raises(Misconfigured, match=why):
        _bundle(policies)


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    """So is one without a schema: Cedar would fail open."""
    with pytest.raises(Misconfigured, match="cannot be read"):
        Bundle.load(tmp_path)
    with pytest.raises(Misconfigured, match=SCHEMA_FILE):
        Bundle({"a.cedar": b""})
    assert policies_folder(str(tmp_path)) == tmp_path
    assert policies_folder("") == SHIPPED


def test_the_digest_names_every_file(tmp_path: Path) -> None:
    """Another byte, another name of a file: another digest."""
    files = {p.name: p.read_bytes() for p in SHIPPED.glob("*.cedar*")}
    assert Bundle(files).digest == BUNDLE.digest
    files["zz.cedar"] = b""
    assert Bundle(files).digest != BUNDLE.digest


def test_cases_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    """A misspelt attribute would make a case that always passes."""
    for text, why in (
        ("cases: []", "holds no cases"),
        ("cases: [", "no YAML"),
        ("cases: [{name: a, subject: {blats: 1}, expect: {verdict: people}}]", "blats"),
        ("cases: [{name: a, subject: {blast: high}, expect: {verdict: people}}]", "blast"),
        ("cases: [{name: a, moment: {lapse: 1}, expect: {verdict: people}}]", "Extra"),
    ):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(Misconfigured, match=why):
            list(run_cases(BUNDLE, tmp_path))
    wrong = "{verdict: people, policies: [refuse-dishonest], quorum: 3, roles: [owner], obligations: [x]}"
    (tmp_path / "a.yaml").write_text(f"cases: [{{name: a, expect: {wrong}}}]")
    [outcome] = run_cases(BUNDLE, tmp_path)
    assert len(outcome.faults) == 5


def _bundle(policies: str) -> Bundle:
    return Bundle({SCHEMA_FILE: (SHIPPED / SCHEMA_FILE).read_bytes(), "a.cedar": policies.encode()})


def _with(policies: str) -> Bundle:
    files = {p.name: p.read_bytes() for p in SHIPPED.glob("*.cedar*")}
    return Bundle({**files, "zz.cedar": policies.encode()})


PERMISSIVE: Final = _bundle(
    """@id("all") @words("All.") permit (principal, action == Fixgate::Action::"automatic", resource);
    @id("ask") @words("Ask.") @quorum("1") permit (principal, action == Fixgate::Action::"with_approval", resource);"""
)
