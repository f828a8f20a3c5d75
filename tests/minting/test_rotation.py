"""Issuer and executor with identities of the development authority, which gives the issuer its name and rotates."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixgate.errors import Refused, Transient
from fixgate.events import Signed
from fixgate.identity import WorkloadIdentity
from fixgate.local.authority.config import AuthorityConfig, for_topology
from fixgate.minting import Issuer
from fixgate.minting.server import Answer, MintServer
from fixgate.topology import PIPELINE
from tests.local.authority_process import DOMAIN, Authority
from tests.minting.parties import Noted

EXECUTOR = f"spiffe://{DOMAIN}/fixgate/executor"
PARTIES = ("issuer", "executor", "gate")
WAIT_S = 30.0


def configuration() -> AuthorityConfig:
    """The pipeline's entries of these parties; the executor's has nothing that the issuer's has."""
    whole = for_topology(PIPELINE, DOMAIN)
    return whole.model_copy(update={"entries": tuple(e for e in whole.entries if e.name in PARTIES)})


@pytest.fixture
def authority(short_tmp: Path) -> Iterator[Authority]:
    """The development authority as a process."""
    folder = short_tmp / "minting"
    folder.mkdir()
    made = Authority(folder, configuration())
    made.start()
    made.await_ready()
    yield made
    made.stop()


@pytest.fixture
def identities(authority: Authority) -> Iterator[dict[str, WorkloadIdentity]]:
    """The parties' identities."""
    made = {e.name: WorkloadIdentity(f"unix://{authority.socket(e)}") for e in authority.config.entries}
    yield made
    for identity in made.values():
        identity.close()


def granted(identity: WorkloadIdentity) -> Answer:
    """An answer that the issuer has signed."""
    made = identity.signer().sign(b"a grant")
    grant = Signed(value=b"a grant", signature=made.signature, certificate=made.certificate)
    return Answer(grant=grant, reasons=("a test",))


def asked(client: Issuer, identity: WorkloadIdentity) -> str:
    """How the issuer answers."""
    record = granted(identity).grant
    with pytest.raises(Refused) as error:
        client.mint(record, record, 5.0)
    return error.value.message


def test_the_authority_gives_the_issuers_name_to_nobody_else() -> None:
    """The parties that answer calls have a DNS name, each its own."""
    whole = for_topology(PIPELINE, DOMAIN)
    assert {e.name: e.dns_names for e in whole.entries if e.dns_names} == {
        "issuer": ("issuer",),
        "receiver": ("receiver",),
    }


def test_identities_of_the_authority_serve_and_rotate(
    authority: Authority, identities: dict[str, WorkloadIdentity]
) -> None:
    """The gate is refused, as client and as server; the executor is served, and again under a rotated authority."""
    issuer, executor, gate = (identities[name] for name in PARTIES)
    noted = Noted(granted(issuer))
    server = MintServer("127.0.0.1:0", issuer, EXECUTOR, noted)
    fake = MintServer("127.0.0.1:0", gate, EXECUTOR, Noted(granted(gate)))
    clients = [Issuer(f"127.0.0.1:{p}", who) for p, who in ((server.port, gate), (fake.port, executor))]
    client = Issuer(f"127.0.0.1:{server.port}", executor)
    try:
        assert "not served" in asked(clients[0], issuer)
        with pytest.raises(Transient):
            clients[1].mint(noted_record := granted(issuer).grant, noted_record, 5.0)
        assert asked(client, issuer) == "the issuer refused: a test"
        before = (issuer.tls(), executor.tls())
        authority.change(generation=authority.config.generation + 1)
        deadline = time.monotonic() + WAIT_S
        while issuer.tls() is before[0] or executor.tls() is before[1]:
            assert time.monotonic() < deadline
            # Served all the while, whichever of the two is ahead.
            assert asked(client, issuer) == "the issuer refused: a test"
        noted.answer = replace(granted(issuer))
        assert asked(client, issuer) == "the issuer refused: a test"
    finally:
        for one in (*clients, client):
            one.close()
        server.stop(0)
        fake.stop(0)
