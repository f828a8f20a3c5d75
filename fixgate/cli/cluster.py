"""What the commands that speak to a cluster have in common: which one, as whom, and how."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fixgate.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from fixgate.settings import Settings

Bootstrap = Annotated[
    str, typer.Option("--bootstrap", help="HOST:PORT of the cluster, several by commas; the local stack's otherwise.")
]
Tls = Annotated[bool, typer.Option("--tls", help="Speak TLS to the cluster.")]
Ca = Annotated[Path | None, typer.Option("--ca", help="Certificates (PEM) to trust for TLS; the system's otherwise.")]


def bootstrap_servers(settings: "Settings", option: str) -> str:
    """The cluster that is meant; raises `Unavailable` when it would be the local stack and none is running."""
    if option or settings.bootstrap_servers:
        return option or settings.bootstrap_servers
    from fixgate.local import launch  # noqa: PLC0415 - slow to import

    _, state = launch.status(settings)
    if state is None or not state.bootstrap:
        raise Unavailable(
            "no cluster was named and no local stack is running", remedy="Run `fixgate up`, or give --bootstrap."
        )
    return state.bootstrap


def workload_api(settings: "Settings", party: str) -> str:
    """The socket that gives the party's identity."""
    if settings.workload_api:
        return settings.workload_api
    from fixgate.local.home import Home  # noqa: PLC0415 - slow to import

    return f"unix://{Home(settings.home).socket(party)}"


def tls_context(*, tls: bool, ca: Path | None) -> ssl.SSLContext | None:
    """How to speak TLS; None without. Raises `Misconfigured` when the certificates cannot be read."""
    if not tls and ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"the certificates {ca} cannot be read: {error}") from error


def addresses(servers: str) -> list[tuple[str, int]]:
    """Host and port of each; raises `Misconfigured` when one is not HOST:PORT."""
    found: list[tuple[str, int]] = []
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdecimal():
            raise Misconfigured(f"{server!r} is not HOST:PORT", remedy="For example 127.0.0.1:29092 or [::1]:29092.")
        found.append((host.removeprefix("[").removesuffix("]"), int(port)))
    return found
