"""`fixgate pending`, `show`, `approve`, `reject` and `request-changes`: the reviewer's work."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from fixgate.cli.cluster import Bootstrap
from fixgate.cli.options import As, AsJson, KeyFile, Reason
from fixgate.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from fixgate.chain import DecisionChain
    from fixgate.cli.seat import Seat, Signer
    from fixgate.desk import Published
    from fixgate.events import ApprovalStatement, Decision
    from fixgate.people.showings import Showing
    from fixgate.verbs import Received

Id = Annotated[
    str, typer.Argument(metavar="ID", help="A proposal, its digest, its decision or a finding; may be shortened.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask after showing.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in your words; recorded and signed.")]


def pending(*, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """What waits for people: what is asked, of whom, and until when."""
    from fixgate.chain import decision_chain  # noqa: PLC0415 - slow to import
    from fixgate.cli import seat, waiting  # noqa: PLC0415 - slow to import

    now = seat.clock()
    with seat.taken(bootstrap) as at:
        found = [r for r in at.desk.decisions().values() if waiting.waits(r, now)]
        chains = [decision_chain(at.desk.codec, r.signed) for r in found if r.signed is not None]
    chains.sort(key=lambda c: c.decision.decided_at)
    if as_json:
        seat.tell([waiting.described(c) for c in chains], as_json=True, text="")
        return
    rows = [waiting.row(c, now) for c in chains]
    if not sys.stdout.isatty():
        seat.table((), rows)
        return
    # Too wide for a table.
    for name, old, change, asked, until in rows:
        typer.secho(f"{name}  {old} old", bold=True)
        typer.echo(f"  {change}\n  needs {asked}\n  until {until}")


def show(wanted: Id, *, bootstrap: Bootstrap = "", as_json: AsJson = False) -> None:
    """Verify a proposal's chain and print exactly what an answer to it would sign."""
    from fixgate.cli import seat, waiting  # noqa: PLC0415 - slow to import

    with seat.taken(bootstrap) as at:
        received, chain = waiting.found(at, wanted)
        now = seat.clock()
        text, showing = _shown(at, received, chain, now)
    if as_json:
        told = {**waiting.described(chain), "view": text, **showing.model_dump(mode="json")}
        seat.tell({**told, "answerable": waiting.waits(received, now)}, as_json=True, text="")
        return
    typer.echo(text, nl=False)
    typer.echo(f"\nview {showing.view_digest}")
    if waiting.waits(received, now):
        typer.echo(f"answer: fixgate approve|reject|request-changes {chain.decision.proposal_id}")


def approve(
    wanted: Id,
    *,
    reason: Why = "",
    yes: Yes = False,
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Approve a proposal as it was shown here; it is shown first when it was not."""
    _answer("approve", wanted, reason, _Way(yes, person, key, bootstrap, as_json))


def reject(
    wanted: Id,
    *,
    reason: Why = "",
    yes: Yes = False,
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Reject a proposal: it is not made, whoever else approves."""
    _answer("reject", wanted, reason, _Way(yes, person, key, bootstrap, as_json))


def request_changes(
    wanted: Id,
    *,
    reason: Reason,
    yes: Yes = False,
    person: As = "",
    key: KeyFile = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Send a proposal back with what should be different; a new revision has a new digest."""
    _answer("request_changes", wanted, reason, _Way(yes, person, key, bootstrap, as_json))


class _Way(NamedTuple):
    """How an answer is given."""

    yes: bool
    person: str
    key: Path | None
    bootstrap: str
    as_json: bool


def _answer(answer: str, wanted: str, reason: str, way: _Way) -> None:
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate.cli import seat, waiting  # noqa: PLC0415 - slow to import
    from fixgate.people.showings import Showings  # noqa: PLC0415 - slow to import

    with seat.taken(way.bootstrap) as at:
        received, chain = waiting.found(at, wanted)
        now = seat.clock()
        if not waiting.waits(received, now):
            raise Refused(
                f"{chain.decision.proposal_id} does not wait for an answer: it is {waiting.state(chain.decision, now)}",
                remedy="See `fixgate pending`.",
            )
        signer = at.signer(way.person, way.key, now)
        _check_asked(chain.decision, signer)
        showing = _showing(at, received, chain, now, way)
        record = _statement(answer, reason, chain, showing, signer)
        written = _published(at, record, chain, signer)
        Showings(at.settings.home).used(showing)
    told = {
        "answer": answer,
        "proposal_id": chain.decision.proposal_id,
        "proposal_digest": chain.proposed.digest,
        "view_digest": showing.view_digest,
        "person": signer.person.name,
        "record": asdict(written),
    }
    text = f"{answer.replace('_', ' ')}: {chain.proposed.digest}, signed by {signer.person.name}; the gate decides"
    seat.tell(told, as_json=way.as_json, text=text)


def _showing(at: "Seat", received: "Received", chain: "DecisionChain", now: "datetime", way: _Way) -> "Showing":
    """The showing that is answered: the one kept in this home, or one made now."""
    from fixgate.people.showings import Showings  # noqa: PLC0415 - slow to import

    kept = Showings(at.settings.home).of(chain.proposed.digest)
    if kept is not None:
        if kept.decision_digest != chain.digest:
            raise Refused(
                "what waits is not what was shown: it was decided anew since",
                remedy=f"Look again: fixgate show {chain.decision.proposal_id}",
            )
        return kept
    text, showing = _shown(at, received, chain, now)
    typer.echo(text, err=way.as_json)
    if not way.yes and sys.stdin.isatty() and not typer.confirm("Sign this?", err=True):
        raise Refused("nothing was signed")
    return showing


def _shown(at: "Seat", received: "Received", chain: "DecisionChain", now: "datetime") -> "tuple[str, Showing]":
    from fixgate.cli import waiting  # noqa: PLC0415 - slow to import
    from fixgate.people.showings import Showings, show  # noqa: PLC0415 - slow to import

    text, showing = show(chain, now)
    if waiting.waits(received, now):
        Showings(at.settings.home).keep(showing)
    return text, showing


def _check_asked(decision: "Decision", signer: "Signer") -> None:
    """Say at once what the gate would say later; only the gate's word counts."""
    if decision.quorum is not None and signer.person.name in decision.quorum.excluded:
        raise Refused(
            f"{signer.person.name} may not answer this one: the affected and the asking do not decide",
            remedy="Somebody else must look at it.",
        )


def _statement(
    answer: str, reason: str, chain: "DecisionChain", showing: "Showing", signer: "Signer"
) -> "ApprovalStatement":
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.events import Answer, ApprovalStatement  # noqa: PLC0415 - not needed for help

    return ApprovalStatement(
        answer=Answer(answer),
        proposal_digest=chain.proposed.digest,
        obligations=showing.obligations,
        view_digest=showing.view_digest,
        showing_nonce=showing.nonce,
        shown_at=showing.shown_at,
        answered_at=seat.clock(),
        person=signer.person.name,
        roster_version=signer.roster.version,
        reason=reason,
    )


def _published(at: "Seat", statement: "ApprovalStatement", chain: "DecisionChain", signer: "Signer") -> "Published":
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.events import Approval  # noqa: PLC0415 - not needed for help
    from fixgate.ids import derived_id  # noqa: PLC0415 - not needed for help
    from fixgate.people import statements  # noqa: PLC0415 - slow to import

    signed = signer.sign(at.desk, statement)
    statements.approval(at.desk.codec, signed, signer.roster, seat.clock())
    approval = Approval(
        approval_id=derived_id("approval", signer.person.name, statement.showing_nonce),
        proposal_id=chain.decision.proposal_id,
        statement=signed,
    )
    return at.desk.publish(approval, parents=(chain.proposed.digest,))
