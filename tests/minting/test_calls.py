from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from fixgate.errors import Fenced, Poison, Reason, Refused, Transient
from fixgate.minting import Issuer, NotMinted
from fixgate.minting.__main__ import FOLDER, GENERATED, generate
from fixgate.minting.server import Answer, MintServer
from fixgate.signing import digest
from tests.minting.parties import EXECUTOR, NOW, Noted, Workload, authority, bundle

ROOT = authority()
_grpc: Any = grpc  # its stubs leave out type arguments
TRUST = bundle(ROOT)
ROOT_PEM = ROOT.certificate.public_bytes(Encoding.PEM)
UNTIL = datetime(2026, 3, 1, 12, 2, 0, 345678, tzinfo=UTC)
S = 5.0

Listen = Callable[..., MintServer]
Dial = Callable[..., Issuer]


def issuer() -> Workload:
    """The issuer's identity, as the authority gives it."""
    return Workload(ROOT, "issuer", TRUST, dns=("issuer",))


def executor() -> Workload:
    """The executor's identity."""
    return Workload(ROOT, "executor", TRUST)


def issued(by: Workload) -> Answer:
    """What an issuer answers when it issued."""
    return Answer(grant=by.signed(b"a grant"), credential={"token": "for a test"}, not_after=UNTIL)


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts servers on loopback and stops them."""
    servers: list[MintServer] = []

    def start(identity: Workload, noted: Noted, **given: object) -> MintServer:
        servers.append(MintServer("127.0.0.1:0", identity, EXECUTOR, noted, **given))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.stop(0)


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Makes clients and closes them."""
    clients: list[Issuer] = []

    def make(server: MintServer, identity: Workload) -> Issuer:
        clients.append(Issuer(f"127.0.0.1:{server.port}", identity))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_another_workload_of_the_trust_domain_is_not_served(listen: Listen, dial: Dial) -> None:
    """The gate has a good SVID, and the issuer does not listen to it."""
    us = issuer()
    noted = Noted(issued(us))
    client = dial(listen(us, noted), Workload(ROOT, "gate", TRUST))
    with pytest.raises(Refused, match="fixgate/gate is not served here"):
        client.mint(us.signed(b"i"), us.signed(b"d"), S)
    with pytest.raises(Refused, match="not served here"):
        client.give_back("sha256:" + "0" * 64, S)
    assert not noted.minted
    assert not noted.given_back


def test_another_workload_of_the_trust_domain_is_not_taken_for_the_issuer(listen: Listen, dial: Dial) -> None:
    """A gate that listens at the issuer's address gets no request, for its SVID lacks the issuer's name."""
    gate = Workload(ROOT, "gate", TRUST)
    noted = Noted(issued(gate))
    with pytest.raises(Transient):
        dial(listen(gate, noted), executor()).mint(gate.signed(b"i"), gate.signed(b"d"), S)
    assert not noted.minted


def test_a_grant_that_another_signed_is_not_taken(listen: Listen, dial: Dial) -> None:
    """Even under the issuer's name, an answer counts only with a record that the issuer's SPIFFE ID has signed."""
    gate = Workload(ROOT, "gate", TRUST, dns=("issuer",))
    client = dial(listen(gate, Noted(issued(gate))), executor())
    with pytest.raises(Refused, match="not the issuer's"):
        client.mint(gate.signed(b"i"), gate.signed(b"d"), S)


def test_a_client_of_a_foreign_authority_is_not_served(listen: Listen, dial: Dial) -> None:
    """Who calls itself the executor under another authority does not get through the handshake."""
    us, foreign = issuer(), authority()
    noted = Noted(issued(us))
    with pytest.raises(Transient):
        dial(listen(us, noted), Workload(foreign, "executor", TRUST)).mint(us.signed(b"i"), us.signed(b"d"), S)
    assert not noted.minted


def test_a_server_of_a_foreign_authority_is_not_believed(listen: Listen, dial: Dial) -> None:
    """Who calls itself the issuer under another authority gets no request."""
    foreign = authority()
    fake = Workload(foreign, "issuer", bundle(ROOT, foreign), dns=("issuer",))
    noted = Noted(issued(fake))
    with pytest.raises(Transient):
        dial(listen(fake, noted), executor()).mint(fake.signed(b"i"), fake.signed(b"d"), S)
    assert not noted.minted


def test_a_client_without_a_certificate_is_not_served(listen: Listen) -> None:
    """The handshake demands a certificate."""
    us = issuer()
    noted = Noted(issued(us))
    server = listen(us, noted)
    credentials = grpc.ssl_channel_credentials(ROOT_PEM)
    options = (("grpc.ssl_target_name_override", "issuer"),)
    with _grpc.secure_channel(f"127.0.0.1:{server.port}", credentials, options) as channel:
        call = channel.unary_unary("/fixgate.minting.v1.Issuer/Mint", None, None)
        with pytest.raises(grpc.RpcError) as error:
            call(b"", timeout=S)
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    assert not noted.minted


def test_a_certificate_that_does_not_hold_now_is_not_served(listen: Listen, dial: Dial) -> None:
    """A connection may be older than its certificate: each call is judged by its own time."""
    us = issuer()
    noted = Noted(issued(us))
    later = (NOW + timedelta(hours=3)).timestamp()
    client = dial(listen(us, noted, clock=lambda: later), executor())
    with pytest.raises(Refused, match="does not hold now"):
        client.mint(us.signed(b"i"), us.signed(b"d"), S)
    assert not noted.minted


@pytest.mark.parametrize(
    ("raised", "expected", "words"),
    [
        (Refused("no such grant"), Refused, "no such grant"),
        (Poison(Reason.BAD_SIGNATURE, "altered"), Refused, "altered"),
        (Transient("a standby"), Transient, "a standby"),
        (Fenced("lost"), Transient, "lost"),
        (KeyError("what a library was given"), Transient, "its log says why"),
    ],
)
def test_what_the_issuer_raises_arrives_as_its_kind(
    listen: Listen, dial: Dial, raised: Exception, expected: type[Exception], words: str
) -> None:
    """What can never succeed is Refused, what may succeed later Transient, and a defect's text stays inside."""
    us = issuer()
    with pytest.raises(expected, match=words) as error:
        dial(listen(us, Noted(raised)), executor()).mint(us.signed(b"i"), us.signed(b"d"), S)
    assert "library" not in str(error.value)


def test_a_refusal_brings_its_reasons_and_its_record(listen: Listen, dial: Dial) -> None:
    """A refusal is a record too, and the executor's outcome can name it."""
    us = issuer()
    answer = Answer(grant=us.signed(b"refused"), reasons=("a halt is in force",))
    with pytest.raises(NotMinted) as error:
        dial(listen(us, Noted(answer)), executor()).mint(us.signed(b"i"), us.signed(b"d"), S)
    assert error.value.reasons == ("a halt is in force",)
    assert error.value.grant == answer.grant


def test_a_credential_comes_with_its_grant(listen: Listen, dial: Dial) -> None:
    """The exact records arrive, the trace goes on, and the answer shows the credential to nobody who prints it."""
    us = issuer()
    noted = Noted(issued(us))
    client = dial(listen(us, noted), executor())
    intent, decision = us.signed(b"intent"), us.signed(b"decision")
    minted = client.mint(intent, decision, S, context="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    assert noted.minted == [(intent, decision, "00-" + "a" * 32 + "-" + "b" * 16 + "-01")]
    assert minted.credential == {"token": "for a test"}
    assert minted.not_after == UNTIL
    assert minted.grant_digest == digest(b"a grant")
    assert "for a test" not in repr(minted)
    client.give_back(minted.grant_digest, S)
    assert noted.given_back == [minted.grant_digest]


def test_both_sides_rotate_without_a_restart(listen: Listen, dial: Dial) -> None:
    """New certificates under a new authority on both sides: the next call is served, the old authority no more."""
    us, them, late = issuer(), executor(), executor()
    noted = Noted(issued(us))
    server = listen(us, noted)
    client = dial(server, them)
    client.mint(us.signed(b"i"), us.signed(b"d"), S)
    root = authority()
    us.bundle = them.bundle = late.bundle = bundle(root)
    us.rotate(root)
    them.rotate(root)
    noted.answer = issued(us)
    client.mint(us.signed(b"i"), us.signed(b"d"), S)
    with pytest.raises(Transient):
        dial(server, late).mint(us.signed(b"i"), us.signed(b"d"), S)
    assert len(noted.minted) == 2


def test_generated_messages_are_those_of_the_proto(tmp_path: Path) -> None:
    """`python -m fixgate.minting` was run after the last change of mint.proto."""
    generate(tmp_path)
    for name in GENERATED:
        made = (tmp_path / "fixgate/minting" / name).read_text(encoding="utf-8")
        assert made == (FOLDER / name).read_text(encoding="utf-8")
