"""`fixgate policy check`, `test` and `explain`: the policies validated, tested, and asked again about one proposal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.cli.cluster import Bootstrap
from fixgate.cli.options import AsJson
from fixgate.errors import EXIT_REFUSED, Misconfigured, Refused

if TYPE_CHECKING:
    from fixgate.chain import DecisionChain
    from fixgate.cli.seat import Seat
    from fixgate.policy.bundle import Bundle
    from fixgate.policy.sight import Considered, Rules

app = typer.Typer(name="policy", help="The policies by which the gate decides.", no_args_is_help=True)

Policies = Annotated[
    Path | None, typer.Option("--policies", metavar="DIR", help="Another folder of policies than the configured one.")
]


@app.command()
def check(*, policies: Policies = None, as_json: AsJson = False) -> None:
    """Validate the policies against their schema; ends with 1 when they are not whole."""
    bundle = loaded_policies(policies_of(policies))
    if as_json:
        shape = {
            "digest": bundle.digest,
            "policies": [
                {"id": p.id, "effect": p.effect.value, "words": p.words, "quorum": p.quorum, "roles": list(p.roles)}
                for p in bundle.policies.values()
            ],
        }
        typer.echo(json.dumps(shape, indent=2))
        return
    for policy in bundle.policies.values():
        typer.echo(f"{policy.effect.value:<7} {policy.id:<30} {policy.words}")
    typer.echo(f"{len(bundle.policies)} policies are valid: {bundle.digest}")


@app.command(name="test")
def run_tests(*, policies: Policies = None, as_json: AsJson = False) -> None:
    """Run the policies' own cases (the folder's tests/*.yaml); ends with 1 when one comes to something else."""
    from fixgate.policy.cases import run_cases  # noqa: PLC0415 - slow to import

    folder = policies_of(policies)
    outcomes = list(run_cases(loaded_policies(folder), folder / "tests"))
    wrong = [o for o in outcomes if o.faults]
    if as_json:
        shape = [{"file": o.file, "case": o.name, "faults": list(o.faults)} for o in outcomes]
        typer.echo(json.dumps(shape, indent=2))
    else:
        for outcome in wrong:
            typer.echo(f"{outcome.file}: {outcome.name}: {'; '.join(outcome.faults)}", err=True)
        typer.echo(f"{len(outcomes) - len(wrong)} of {len(outcomes)} cases come to what they must")
    if not outcomes:
        raise Refused(f"there are no cases in {folder / 'tests'}", remedy="Write some: policies need tests, too.")
    if wrong:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def explain(
    wanted: Annotated[
        str, typer.Argument(metavar="ID", help="A proposal, its digest, its decision or a finding; may be shortened.")
    ],
    *,
    policies: Policies = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Say what was decided and why, what the policies looked at, and what they would come to now."""
    from fixgate.cli import seat, waiting  # noqa: PLC0415 - slow to import

    with seat.taken(bootstrap) as at:
        _, chain = waiting.found(at, wanted)
        bundle = loaded_policies(policies_of(policies or at.settings.policies))
        considered = _considered(at, chain, bundle)
    seat.tell(_explained(chain, considered), as_json=as_json, text=_text(chain, considered, bundle.digest))


def rules_of(at: "Seat", bundle: "Bundle") -> "Rules":
    """This deployment's catalogue, ceiling and roster, with these policies; raises Misconfigured."""
    from fixgate.changes.catalogue import CATALOGUE  # noqa: PLC0415 - slow to import
    from fixgate.policy.ceiling import Ceiling  # noqa: PLC0415 - slow to import
    from fixgate.policy.sight import Rules  # noqa: PLC0415 - slow to import

    own = at.settings.home / "ceiling.json"
    ceiling = _set(at.settings.ceiling) or (own if own.exists() else None)
    return Rules(
        codec=at.desk.codec,
        bundle=bundle,
        catalogue=CATALOGUE,
        ceiling=Ceiling.load(ceiling),
        first_roster=at.pin,
    )


def _considered(at: "Seat", chain: "DecisionChain", bundle: "Bundle") -> "Considered":
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.policy.sight import Sight  # noqa: PLC0415 - slow to import

    broadcasts = {topic: at.desk.broadcast(topic) for topic in ("controls", "assets", "signals")}
    sight = Sight.of(rules_of(at, bundle), broadcasts, seat.clock())
    return sight.consider(chain.proposed, len(chain.decision.approvals))


def _explained(chain: "DecisionChain", considered: "Considered") -> dict[str, Any]:
    from fixgate.json_form import to_json  # noqa: PLC0415 - slow to import

    decision = chain.decision
    return {
        "proposal_id": decision.proposal_id,
        "proposal_digest": decision.proposal_digest,
        "decided": {
            "verdict": decision.verdict.value,
            "policies": to_json(decision.policies),
            "reasons": list(decision.reasons),
            "policy_bundle_digest": decision.policy_bundle_digest,
        },
        "looked_at": dict(considered.subject.attributes),
        "lies": list(considered.subject.lies),
        "moment": dict(considered.moment.context),
        "now": to_json(considered.ruling),
    }


def _text(chain: "DecisionChain", considered: "Considered", digest: str) -> str:
    from fixgate.people.view import safe  # noqa: PLC0415 - slow to import

    decision, ruling = chain.decision, considered.ruling
    lines = [f"{safe(decision.proposal_id)}: {decision.verdict.value}"]
    lines += [f"  {safe(reason)}" for reason in decision.reasons]
    lines += [f"  {p.effect.value:<7} {safe(p.id):<30} {safe(p.words)}" for p in decision.policies]
    lines.append("what the policies look at")
    looked_at = {**considered.subject.attributes, **considered.moment.context}
    lines += [f"  {name:<20} {safe(str(value))}" for name, value in looked_at.items()]
    lines.append(f"now they would come to: {ruling.verdict.value}")
    lines += [f"  {safe(reason)}" for reason in ruling.reasons]
    lines += [f"  {p.effect.value:<7} {safe(p.id):<30} {safe(p.words)}" for p in ruling.policies]
    if digest != decision.policy_bundle_digest:
        lines.append(f"the policies are others than those it was decided by: {digest}")
    return "\n".join(lines)


def _set(setting: str) -> Path | None:
    return Path(setting) if setting else None


def policies_of(policies: Path | str | None) -> Path:
    """The folder that is meant: the one given, the configured one, or the shipped one."""
    from fixgate.policy.shipped import policies_folder  # noqa: PLC0415 - slow to import
    from fixgate.settings import load  # noqa: PLC0415 - slow to import

    return Path(policies) if policies else policies_folder(load().policies)


def loaded_policies(folder: Path) -> "Bundle":
    """The policies in a folder; raises Refused when they are not whole."""
    from fixgate.policy.bundle import Bundle  # noqa: PLC0415 - slow to import

    try:
        return Bundle.load(folder)
    except Misconfigured as error:
        raise Refused(error.message, remedy=error.remedy or f"Correct the policies in {folder}.") from None
