"""`fixgate doctor`: proves on the wire that foreign tokens and ungranted reads and writes are refused."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from fixgate.cli import cluster
from fixgate.errors import EXIT_REFUSED, EXIT_UNABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixgate.doctor.checks import Finding, Waiting

WAIT_S = 360.0
"""Long enough for a token of the usual five minutes."""


def doctor(
    *,
    bootstrap: cluster.Bootstrap = "",
    tls: cluster.Tls = False,
    ca: cluster.Ca = None,
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds to wait, at most, for a token of the doctor's own to end.")
    ] = WAIT_S,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Prove that the cluster refuses what it must; exit code 1 when it let something in, 3 when that stayed unknown."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.doctor import checks, wire  # noqa: PLC0415 - slow to import
    from fixgate.identity import WorkloadIdentity  # noqa: PLC0415 - slow to import
    from fixgate.naming import Naming  # noqa: PLC0415 - slow to import
    from fixgate.topology import DOCTOR, PIPELINE  # noqa: PLC0415 - slow to import

    configured = settings.load()
    servers = cluster.bootstrap_servers(configured, bootstrap)
    context = cluster.tls_context(tls=tls, ca=ca)
    identity = WorkloadIdentity(cluster.workload_api(configured, DOCTOR))
    try:
        patient = checks.Patient(
            bootstrap=[wire.Address(*address) for address in cluster.addresses(servers)],
            token=identity.jwt,
            topology=PIPELINE,
            naming=Naming(prefix=configured.prefix, trust_domain=configured.trust_domain),
            tls=context,
            wait_s=wait,
        )
        found = checks.examine(patient, _waiting())
    finally:
        identity.close()
    code = exit_code(found)
    if as_json:
        typer.echo(json.dumps({"bootstrap": servers, "exit_code": code, "checks": _plain(found)}, indent=2))
    else:
        _print_table(found)
    if code:
        raise typer.Exit(code)


def exit_code(found: "Sequence[Finding]") -> int:
    """1 when anything was let in, 3 when anything stayed unknown, 0 when every check passed."""
    verdicts = {finding.verdict.value for finding in found}
    if "let in" in verdicts:
        return EXIT_REFUSED
    return 0 if verdicts == {"passed"} else EXIT_UNABLE


def _waiting() -> "Waiting":
    """Tells a person, once, why it takes so long."""
    told: list[float] = []

    def tell(seconds: float) -> None:
        if not told:
            told.append(seconds)
            typer.echo(f"waiting {seconds:.0f} s for a token to end, to see that it is refused then", err=True)

    return tell


def _plain(found: "Sequence[Finding]") -> list[dict[str, str]]:
    return [{"check": f.check, "result": f.verdict.value, "detail": f.detail} for f in found]


def _print_table(found: "Sequence[Finding]") -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415 - slow to import

    table = Table(box=None, pad_edge=False)
    for heading in ("result", "check", "detail"):
        table.add_column(heading)
    colours = {"passed": "green", "let in": "bold red", "untested": "yellow"}
    for finding in found:
        word = finding.verdict.value
        table.add_row(f"[{colours[word]}]{word}[/]", finding.check, finding.detail)
    Console().print(table)
