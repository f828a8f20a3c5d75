"""`fixgate topology show` and `fixgate topology apply`: what is declared, and making a cluster hold exactly that."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.cli import cluster
from fixgate.errors import Misconfigured

if TYPE_CHECKING:
    from fixgate.graph import Topology
    from fixgate.naming import Naming
    from fixgate.provisioning import Report

app = typer.Typer(name="topology", help="Topics, identities and grants.", no_args_is_help=True)


@app.command()
def show(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with every grant.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="The flowchart of the README.")] = False,
) -> None:
    """Print the pipeline: who reads, writes and touches what."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.derived.diagram import mermaid as drawn  # noqa: PLC0415 - slow to import
    from fixgate.naming import Naming  # noqa: PLC0415 - slow to import
    from fixgate.topology import PIPELINE  # noqa: PLC0415 - slow to import

    if as_json and mermaid:
        raise Misconfigured("--json and --mermaid are two different outputs", remedy="Give one of them.")
    configured = settings.load()
    naming = Naming(prefix=configured.prefix, trust_domain=configured.trust_domain)
    if as_json:
        typer.echo(json.dumps(described(PIPELINE, naming), indent=2))
    elif mermaid:
        typer.echo(drawn(PIPELINE))
    else:
        _print_tables(PIPELINE)


@app.command()
def apply(
    *,
    bootstrap: cluster.Bootstrap = "",
    replication: Annotated[int, typer.Option("--replication", min=1, help="Replicas of each topic.")] = 3,
    tls: cluster.Tls = False,
    ca: cluster.Ca = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Make a cluster hold exactly the declared topics and grants, as the provisioner; a second time changes nothing.

    With FIXGATE_SCHEMA_REGISTRY_URL the schemas are registered too.
    """
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate import provisioning, registry, schemas, settings  # noqa: PLC0415 - slow to import
    from fixgate.identity import WorkloadIdentity  # noqa: PLC0415 - slow to import
    from fixgate.topology import PIPELINE, PROVISIONER  # noqa: PLC0415 - slow to import

    configured = settings.load()
    servers = cluster.bootstrap_servers(configured, bootstrap)
    cluster.tls_context(tls=tls, ca=ca)  # refuses certificates that cannot be read, before anything is asked
    identity = WorkloadIdentity(cluster.workload_api(configured, PROVISIONER))
    try:
        admin: dict[str, Any] = {**identity.kafka_client_config(servers, tls=tls or ca is not None)}
        if ca is not None:
            admin["ssl.ca.location"] = str(ca)
        report = provisioning.provision(
            PIPELINE, configured.prefix, admin, replication, trust_domain=configured.trust_domain
        )
    finally:
        identity.close()
    if configured.schema_registry_url:
        registry.register_all(
            registry.Registry(configured.schema_registry_url), schemas.SchemaFolder(), configured.prefix
        )
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _print_report(report)


def described(topology: "Topology", naming: "Naming") -> dict[str, Any]:
    """The topology as JSON has it, with the deployment's names."""
    from fixgate.derived.acls import grants  # noqa: PLC0415 - slow to import

    return {
        "topics": [
            {
                "name": naming.topic(t.name),
                "record": t.record,
                "key": t.key.value,
                "spread": t.spread.value,
                "partitions": t.partitions,
                "retention_seconds": None if t.retention is None else int(t.retention.total_seconds()),
                "compacted": t.compacted,
                "max_bytes": t.max_bytes,
                "signed": t.signed,
                "writers": list(topology.writers[t.name]),
                "readers": list(topology.readers[t.name]),
            }
            for t in topology.topics.values()
        ],
        "parties": [
            {
                "name": p.name,
                "role": p.role.value,
                "spiffe_id": naming.spiffe_id(p),
                "verb": p.verb,
                "touches": p.touches,
            }
            for p in topology.parties.values()
        ],
        "grants": [
            {
                "principal": g.principal,
                "resource": g.resource.value,
                "name": g.name,
                "prefixed": g.prefixed,
                "operation": g.operation.value,
            }
            for g in grants(topology, naming)
        ],
    }


def _print_tables(topology: "Topology") -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.markdown import Markdown  # noqa: PLC0415 - slow to import

    from fixgate.derived import tables  # noqa: PLC0415 - slow to import

    console = Console()
    for table in (tables.topics(topology), tables.parties(topology)):
        console.print(Markdown(table))


def _print_report(report: "Report") -> None:
    parts = (
        ("created the topic", report.topics_created),
        ("set the configuration of", report.topics_configured),
        ("granted:", report.granted),
        ("taken away:", report.revoked),
        ("NOT OURS, left as it was:", report.foreign),
    )
    for what, names in parts:
        for name in names:
            typer.echo(f"{what} {name}")
    if not report.changed:
        typer.echo("nothing had to be changed")
