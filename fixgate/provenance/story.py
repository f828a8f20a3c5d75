"""One finding from report to outcome, as a tree: each record under the newest of those that it was made from. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fixgate.events import (
    Approval,
    Assessment,
    Decision,
    Finding,
    Grant,
    GrantState,
    Intent,
    Outcome,
    Proposal,
    Record,
    Review,
    Verdict,
)
from fixgate.people.view import safe
from fixgate.provenance.archive import Logged, parents_of


@dataclass(slots=True, kw_only=True)
class Chapter:
    """One record of a story: what it is, its id and digest, when it was appended (UTC), what it says, what followed."""

    kind: str
    id: str
    digest: str
    at: datetime | None
    words: str
    signer: str
    trace_id: str
    followed: "list[Chapter]" = field(default_factory=list["Chapter"])

    def to_json(self) -> dict[str, Any]:
        """The chapter and all that followed, as JSON values."""
        return {
            "kind": self.kind,
            "id": self.id,
            "digest": self.digest,
            "at": None if self.at is None else self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "words": self.words,
            "signer": self.signer,
            "trace_id": self.trace_id,
            "followed": [chapter.to_json() for chapter in self.followed],
        }

    def lines(self, depth: int = 0) -> Iterator[str]:
        """Plain lines, two spaces deeper for what followed."""
        when = "" if self.at is None else self.at.strftime("%H:%M:%S.%f")[:-3]
        yield f"{'  ' * depth}{when} {self.kind} {safe(self.id)}: {self.words}"
        for chapter in self.followed:
            yield from chapter.lines(depth + 1)


def story(records: Sequence[Logged]) -> list[Chapter]:
    """The chapters that begin a chain, with all that followed, oldest first.

    The log takes up each topic at its own pace, so a record may stand there before those that it was made from.
    """
    chapters = {logged.digest: _chapter(logged) for logged in records}
    roots: list[Chapter] = []
    for logged in records:
        made_from = [chapters[digest] for digest in parents_of(logged.record) if digest in chapters]
        followed = max(made_from, key=_moment).followed if made_from else roots
        followed.append(chapters[logged.digest])
    for chapter in chapters.values():
        chapter.followed.sort(key=_moment)
    return sorted(roots, key=_moment)


def _moment(chapter: Chapter) -> datetime:
    return chapter.at or datetime.min.replace(tzinfo=UTC)


def _chapter(logged: Logged) -> Chapter:
    record, ms = logged.record, logged.leaf.appended_ms
    return Chapter(
        kind=logged.kind.lower(),
        id=logged.ids[0],
        digest=logged.digest,
        at=None if ms is None else datetime.fromtimestamp(ms / 1000, UTC),
        words=safe(_WORDS[type(record)](record) if type(record) in _WORDS else logged.kind.lower()),
        signer=logged.leaf.signer,
        trace_id=getattr(getattr(record, "envelope", None), "trace_id", ""),
    )


def _finding(f: Finding) -> str:
    return f"{f.tool} says: {f.title or f.rule_id} ({f.severity.normalised.value})"


def _assessment(a: Assessment) -> str:
    unread = sum(fact.state.value == "unreadable" for fact in a.evidence)
    more = f", {unread} facts unreadable" if unread else ""
    return (
        f"{a.status.value} {a.kind} on {a.target.id} in {a.environment.value}, blast radius "
        f"{a.blast_radius.level.value}, {len(a.evidence)} facts{more}"
    )


def _proposal(p: Proposal) -> str:
    return (
        f"revision {p.revision}: {p.summary or p.template.id} (rehearsed: {p.rehearsal.reversibility.value}; "
        f"picked by {p.assembler.name})"
    )


def _decision(d: Decision) -> str:
    if d.verdict is Verdict.ALLOWED and d.approvals:
        count = len(d.approvals)
        return f"allowed by {count} {'approval' if count == 1 else 'approvals'}"
    policies = "; ".join(p.words or p.id for p in d.policies)
    reasons = "; ".join(d.reasons)
    return f"{d.verdict.value}: {reasons or policies or 'no policy permits it'}"


def _approval(a: Approval) -> str:
    return f"an answer of {', '.join(sorted({s.person for s in a.statement.signatures}))}"


def _grant(g: Grant) -> str:
    if g.credential is not None and g.state is GrantState.ISSUED:
        until = f"{g.credential.not_after_at:%H:%M:%S}"
        return f"{g.state.value}: {g.credential.kind} {g.credential.session_name} until {until}"
    if g.death is not None and g.state is not GrantState.DYING:
        after = f", {g.death.answer_after}" if g.death.answer_after else ""
        return f"{g.state.value}: {g.death.method.value}{after}"
    return f"{g.state.value}: {'; '.join(g.admission.reasons)}" if g.admission.reasons else g.state.value


def _intent(i: Intent) -> str:
    return f"attempt {i.attempt} to {i.purpose.value}: {', '.join(s.action for s in i.steps)}"


def _outcome(o: Outcome) -> str:
    oracles = ", ".join(f"{v.name} {v.verdict.value}" for v in o.validation)
    return f"{o.result.value}: {o.detail or oracles}{' INCIDENT' if o.incident else ''}"


def _review(r: Review) -> str:
    return f"{r.kind.value}: {r.feedback}"


_WORDS: Final[Mapping[type[Record], Callable[[Any], str]]] = {
    Finding: _finding,
    Assessment: _assessment,
    Proposal: _proposal,
    Decision: _decision,
    Approval: _approval,
    Grant: _grant,
    Intent: _intent,
    Outcome: _outcome,
    Review: _review,
}
