"""The view: exactly what a person sees before they sign, as text that anybody can make again.

It is a pure function of the waiting decision, its proposal's chain, and the showing (its nonce and moment). An approval
carries the SHA-256 of the text, so that what was shown can be compared with what should have been. It leaves out what
the decision gains when it is written (envelope, digest): whoever decides can make the view before and after.

Text from outside is escaped: nothing in it can draw on the terminal, end a line or look like a line of ours.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from fixgate.chain import DecisionChain, ProposalChain
from fixgate.events import Decision, Fact, FactState, Finding, Resource
from fixgate.forms import Scalar

FORM: Final = "fixgate view 1"
"""The first words of every view; counted up when the text changes."""
TEXT_LIMIT: Final = 500
"""Characters of one text from outside; what is longer is cut, and says so."""
LIST_LIMIT: Final = 50
STATE_FACT: Final = "state"
"""The fact that carries a target's whole projection; its digest is shown instead."""


def view(decision: Decision, proposed: ProposalChain, nonce: str, shown_at: datetime) -> str:
    """What is shown for this decision at this showing, with a line's end at its end."""
    sections = (
        _head(decision, proposed, nonce, shown_at),
        _findings(proposed),
        _evidence(proposed),
        _change(proposed),
        _risk(proposed),
        _undoing(proposed),
        _judgement(decision),
    )
    return "\n".join("\n".join(section) + "\n" for section in sections)


def view_of(chain: DecisionChain, nonce: str, shown_at: datetime) -> str:
    """See `view`."""
    return view(chain.decision, chain.proposed, nonce, shown_at)


def view_digest(text: str) -> str:
    """What an approval carries of the view: the digest of its UTF-8 bytes."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def safe(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text from outside on one line: what is not printable is escaped, what is too long is cut."""
    shown = "".join(c if c.isprintable() and c != "\\" else _escaped(c) for c in text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text)} characters)"


def moment(value: datetime | None) -> str:
    """A time as it is shown."""
    return "-" if value is None else value.strftime("%Y-%m-%d %H:%M:%S UTC")


def resource(target: Resource) -> str:
    """A resource as it is shown."""
    where = [w for w in (target.account, target.region) if w]
    return f"{safe(target.kind)} {safe(target.id)}" + (f" ({safe(', '.join(where))})" if where else "")


def _escaped(character: str) -> str:
    return "\\\\" if character == "\\" else character.encode("unicode_escape").decode()


def _line(name: str, value: object) -> str:
    return f"  {name:<16} {value}"


def _list(name: str, values: Sequence[str]) -> Iterator[str]:
    """One line for each value; a dash without any."""
    for number, value in enumerate(values[:LIST_LIMIT] or ["-"]):
        yield _line("" if number else name, value)
    if len(values) > LIST_LIMIT:
        yield _line("", f"and {len(values) - LIST_LIMIT} more")


def _said(texts: Iterable[str]) -> list[str]:
    return [safe(t) for t in texts]


def _head(decision: Decision, proposed: ProposalChain, nonce: str, shown_at: datetime) -> Iterator[str]:
    proposal = proposed.proposal
    yield FORM
    yield _line("proposal", f"{safe(proposal.proposal_id)} revision {proposal.revision}")
    yield _line("digest", proposed.digest)
    yield _line("shown", f"{moment(shown_at)}, nonce {safe(nonce)}")
    yield _line("decision", f"{decision.verdict.value}, to be answered by {moment(decision.expires_at)}")


def _findings(proposed: ProposalChain) -> Iterator[str]:
    assessment = proposed.assessment
    yield "FINDING (titles are the scanner's words)"
    for finding in proposed.findings[:LIST_LIMIT]:
        yield from _finding(finding)
    if len(proposed.findings) > LIST_LIMIT:
        yield _line("", f"and {len(proposed.findings) - LIST_LIMIT} more findings")
    yield _line("kind", f"{safe(assessment.kind)}, {assessment.severity.value}, {assessment.status.value}")
    yield _line("environment", assessment.environment.value)
    yield _line("affected", resource(assessment.target))
    if assessment.identity is not None:
        held = f", credential {safe(assessment.identity.credential)}" if assessment.identity.credential else ""
        yield _line("identity", f"{safe(assessment.identity.kind)} {safe(assessment.identity.id)}{held}")
    if assessment.secret is not None:
        yield _line("secret", f"{safe(assessment.secret.kind)} {safe(assessment.secret.masked)}")
    owner = assessment.ownership
    yield _line("owner", f"{safe(owner.owner or 'nobody known')}, changed by {owner.managed_by.value}")
    yield _line("seen", f"{moment(assessment.first_seen_at)} to {moment(assessment.last_seen_at)}")


def _finding(finding: Finding) -> Iterator[str]:
    yield _line("finding", f"{safe(finding.finding_id)} by {safe(finding.tool)} {safe(finding.rule_id)}")
    yield _line("title", f'"{safe(finding.title)}"')


def _evidence(proposed: ProposalChain) -> Iterator[str]:
    yield "EVIDENCE"
    for fact in sorted(proposed.assessment.evidence, key=_fact_order):
        yield f"  {safe(fact.name):<28} {_fact(fact)}  [{safe(fact.source)}, {moment(fact.observed_at)}]"


def _fact_order(fact: Fact) -> tuple[str, str]:
    return fact.name, fact.source


def _fact(fact: Fact) -> str:
    if fact.state is FactState.ABSENT:
        return "absent"
    if fact.state is not FactState.VALUE:
        return f"UNREADABLE: {safe(fact.why or 'nobody says why')}"
    if fact.name == STATE_FACT and isinstance(fact.value, str):
        return "sha256:" + hashlib.sha256(fact.value.encode()).hexdigest()
    return _scalar(fact.value)


def _scalar(value: Scalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "[" + ", ".join(safe(v) for v in value[:LIST_LIMIT]) + (", …]" if len(value) > LIST_LIMIT else "]")
    return safe(str(value))


def _change(proposed: ProposalChain) -> Iterator[str]:
    proposal = proposed.proposal
    yield "CHANGE"
    yield _line("summary", safe(proposal.summary))
    yield _line("template", f"{safe(proposal.template.id)} {safe(proposal.template.version)}")
    yield _line("template digest", proposal.template.digest)
    yield _line("target", resource(proposal.target))
    yield _line("from the state", f"{proposal.pre_state_digest}, read {moment(proposal.pre_state_read_at)}")
    yield _line("picked by", f"{proposal.assembler.kind.value} {safe(proposal.assembler.name)}")
    for slot in proposal.slots:
        taint = ", TAINTED by a finding's text" if slot.tainted else ""
        yield _line("slot", f"{safe(slot.name)} = {_scalar(slot.value)}  [{slot.filler.value}{taint}]")
    yield from _list("writes", [f"{safe(w.resource)} {safe(w.path)}: {safe(w.meaning)}" for w in proposal.write_set])
    yield from _list("calls", [f"{safe(c.action)} on {safe(c.resource)}" for c in proposal.calls])


def _risk(proposed: ProposalChain) -> Iterator[str]:
    proposal = proposed.proposal
    radius = proposal.blast_radius
    yield "RISK"
    count = "unknown" if radius.dependants is None else str(radius.dependants)
    yield _line("blast radius", f"{radius.level.value}, dependants: {count}")
    yield from _list("because", _said(radius.reasons))
    if radius.sample:
        yield from _list("for example", _said(radius.sample))
    yield from _list("residual power", _said(proposal.residual_power))


def _undoing(proposed: ProposalChain) -> Iterator[str]:
    proposal, rehearsal = proposed.proposal, proposed.proposal.rehearsal
    took = proposal.durations
    yield "UNDOING AND PROOF"
    yield _line("reversibility", proposal.reversibility.value)
    validated = "validated" if rehearsal.validated else "NOT validated"
    yield _line("rehearsal", f"{rehearsal.reversibility.value}, {validated}, on {safe(rehearsal.stage)}")
    yield _line("rehearsed", moment(rehearsal.performed_at))
    if rehearsal.lossy_fields:
        yield from _list("lost fields", _said(rehearsal.lossy_fields))
    if rehearsal.detail:
        yield _line("detail", safe(rehearsal.detail))
    yield _line("rollback", safe(proposal.rollback.operation))
    yield from _list("puts back", _said(proposal.rollback.restores))
    yield from _list("cannot put back", _said(proposal.rollback.limits))
    yield from _list("judged by", [f"{safe(o.name)} ({o.kind.value}): {safe(o.question)}" for o in proposal.validation])
    yield _line(
        "seconds",
        f"apply {took.apply_seconds}, validate {took.validate_seconds}, soak {took.soak_seconds}, "
        f"roll back {took.rollback_seconds}, credential {took.credential_seconds}",
    )


def _judgement(decision: Decision) -> Iterator[str]:
    yield "POLICY"
    yield from _list("policies", [f"{safe(p.id)} ({p.effect.value}): {safe(p.words)}" for p in decision.policies])
    yield from _list("reasons", _said(decision.reasons))
    yield from _list("obligations", [f"{safe(o.id)}: {safe(o.words)}" for o in decision.obligations])
    quorum = decision.quorum
    if quorum is not None:
        yield _line("needs", f"{quorum.approvals} people; of the roles: {', '.join(_said(quorum.roles)) or 'any'}")
        yield _line("may not answer", ", ".join(_said(quorum.excluded)) or "-")
    yield _line("policy bundle", decision.policy_bundle_digest)
