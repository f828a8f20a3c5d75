"""`fixgate policy replay`: other policies, asked about what was proposed before they are put into force."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.cli.cluster import Bootstrap
from fixgate.cli.options import AsJson
from fixgate.cli.policy import Policies, loaded_policies, policies_of, rules_of
from fixgate.errors import EXIT_REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixgate.chain import DecisionChain
    from fixgate.cli.seat import Seat
    from fixgate.policy.replay import Replayed


def replay(
    *,
    other: Annotated[Path, typer.Option("--with", metavar="DIR", help="The folder of the other policies.")],
    policies: Policies = None,
    bootstrap: Bootstrap = "",
    as_json: AsJson = False,
) -> None:
    """Judge past proposals by other policies too; ends with 1 when these demand less of production."""
    from fixgate.cli import seat  # noqa: PLC0415 - slow to import
    from fixgate.policy.replay import replay as judged  # noqa: PLC0415 - slow to import

    tried = loaded_policies(other)
    with seat.taken(bootstrap) as at:
        now = rules_of(at, loaded_policies(policies_of(policies or at.settings.policies)))
        said = {topic: list(at.desk.read(topic)) for topic in ("controls", "assets", "signals", "outcomes")}
        found = list(judged(now, rules_of(at, tried), _decisions(at), said))
    flips = [r for r in found if r.flips]
    loosened = [r for r in flips if r.loosens_production]
    if as_json:
        shape = {"replayed": len(found), "loosens_production": bool(loosened), "flips": [_described(r) for r in flips]}
        typer.echo(json.dumps(shape, indent=2))
    else:
        rows = [[r.chain.decision.proposal_id, r.before.verdict, r.after.verdict, r.meaning] for r in flips]
        seat.table(("proposal", "now", "then", "meaning"), rows)
        typer.echo(f"{len(found)} proposals replayed, {len(flips)} flip, {len(loosened)} with less asked in production")
    if loosened:
        raise typer.Exit(EXIT_REFUSED)


def _decisions(at: "Seat") -> "Iterator[DecisionChain]":
    from fixgate.chain import decision_chain  # noqa: PLC0415 - slow to import

    for received in at.desk.read("decisions"):
        if received.signed is not None:
            yield decision_chain(at.desk.codec, received.signed)


def _described(replayed: "Replayed") -> dict[str, Any]:
    from fixgate.json_form import to_json  # noqa: PLC0415 - slow to import

    return {
        "proposal_id": replayed.chain.decision.proposal_id,
        "proposal_digest": replayed.chain.proposed.digest,
        "environment": replayed.chain.proposed.assessment.environment.value,
        "result": None if replayed.result is None else replayed.result.value,
        "now": to_json(replayed.before),
        "then": to_json(replayed.after),
        "loosens": replayed.loosens,
        "meaning": replayed.meaning,
    }
