"""The development authority: one identity per socket, refused to who may not have it, rotated and revoked at once."""

import asyncio
import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from fixgate.errors import EXIT_UNABLE, EXIT_USAGE
from fixgate.local.authority.config import CONFIG, AuthorityConfig, Entry
from fixgate.local.authority.server import BUNDLE, KEYS
from fixgate.local.authority.workload_api import Present
from fixgate.local.probes import authority_answers
from fixgate.svid import validate
from fixgate.trust import TrustBundle
from tests.local.authority_process import DOMAIN, GATE, INGEST, WAIT_S, Authority, Client, certificate, claims, code


def running(folder: Path) -> Iterator[Authority]:
    """An authority that answers, killed afterwards."""
    folder.mkdir()
    made = Authority(folder)
    made.start()
    made.await_ready()
    yield made
    assert made.process is not None
    made.process.kill()
    made.process.wait()


@pytest.fixture
def authority(short_tmp: Path, request: pytest.FixtureRequest) -> Iterator[Authority]:
    """An authority of the test's own, to be changed."""
    yield from running(short_tmp / f"a{abs(hash(request.node.name)) % 10**8}")


@pytest.fixture(scope="module")
def shared(short_tmp: Path) -> Iterator[Authority]:
    """An authority that is only asked."""
    yield from running(short_tmp / "shared")


CALLS = ("token", "validated", "x509_svids", "x509_bundles", "jwt_bundles")


def call(client: Client, name: str) -> None:
    """Make one call, whatever its answer."""
    if name == "token":
        client.token("kafka")
    elif name == "validated":
        client.validated("x.y.z", "kafka")
    else:
        next(getattr(client, name)())


@pytest.mark.parametrize("name", CALLS)
def test_a_call_without_the_security_header_is_refused(shared: Authority, name: str) -> None:
    """A confused proxy that reaches the socket gets nothing (Workload API §4.2)."""
    for metadata in ((), (("workload.spiffe.io", "false"),)):
        with Client(shared.socket(GATE), metadata) as client, pytest.raises(grpc.RpcError) as error:
            call(client, name)
        assert code(error) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_socket_that_nobody_declared_does_not_exist(shared: Authority) -> None:
    """There is no identity to be had by guessing a name."""
    with Client(shared.socket(Entry(name="nobody", path="/x"))) as client, pytest.raises(grpc.RpcError) as error:
        client.token("kafka")
    assert code(error) is grpc.StatusCode.UNAVAILABLE
    assert not authority_answers(f"unix://{shared.folder}/nobody/agent.sock")


def test_a_token_without_an_audience_is_refused(shared: Authority) -> None:
    """A token for everybody is a token for a thief."""
    with Client(shared.socket(GATE)) as client, pytest.raises(grpc.RpcError) as error:
        client.token()
    assert code(error) is grpc.StatusCode.INVALID_ARGUMENT


def test_another_partys_identity_is_refused(shared: Authority) -> None:
    """A socket gives its own identity, whatever is asked."""
    with Client(shared.socket(GATE)) as client, pytest.raises(grpc.RpcError) as error:
        client.token("kafka", spiffe_id="spiffe://example.org/fixgate/ingest")
    assert code(error) is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("fault", ["foreign key", "audience", "issuer", "expired", "garbage", "no key id"])
def test_a_token_that_is_not_valid_here_is_not_validated(shared: Authority, fault: str) -> None:
    """`ValidateJWTSVID` says no to whatever the broker says no to."""
    with Client(shared.socket(GATE)) as client:
        token = client.token("kafka")
        said = dict(claims(token))
        header = jwt.get_unverified_header(token)
        key = next((shared.folder / KEYS).glob("*/jwt-key.pem")).read_text()
        if fault == "expired":
            said["exp"] = said["iat"] - 1
        elif fault == "issuer":
            said["iss"] = "spiffe://elsewhere.example"
        forger = ec.generate_private_key(ec.SECP256R1()) if fault == "foreign key" else key
        forged = jwt.encode(said, forger, "ES256", {} if fault == "no key id" else {"kid": header["kid"]})
        with pytest.raises(grpc.RpcError) as error:
            client.validated("garbage" if fault == "garbage" else forged, "other" if fault == "audience" else "kafka")
        assert code(error) is grpc.StatusCode.INVALID_ARGUMENT
        assert client.validated(token, "kafka") == "spiffe://example.org/fixgate/gate"


def test_a_removed_entry_is_revoked_at_once(authority: Authority) -> None:
    """Its open streams end, it gets no further SVID, and nobody else notices."""
    with Client(authority.socket(GATE)) as gate, Client(authority.socket(INGEST)) as ingest:
        streams = [gate.x509_svids(), gate.x509_bundles(), gate.jwt_bundles()]
        for stream in streams:
            next(stream)
        others = ingest.x509_svids()
        next(others)
        authority.change(entries=[INGEST.model_dump()])
        for stream in streams:
            with pytest.raises(grpc.RpcError) as error:
                next(stream)
            assert code(error) is grpc.StatusCode.PERMISSION_DENIED
        with pytest.raises(grpc.RpcError) as error:
            gate.token("kafka")
        assert code(error) is grpc.StatusCode.PERMISSION_DENIED
        assert next(others).svids
        assert ingest.token("kafka")


def test_an_entry_that_comes_back_has_its_identity_again(authority: Authority) -> None:
    """Revocation is the configuration's word of this moment, and so is its end; a new entry gets a socket."""
    late = Entry(name="late", path="/fixgate/late")
    with Client(authority.socket(INGEST)) as ingest, Client(authority.socket(GATE)) as gate:
        stream = ingest.jwt_bundles()
        next(stream)
        authority.change(entries=[INGEST.model_dump()])
        next(stream)
        authority.change(entries=[e.model_dump() for e in (GATE, INGEST, late)])
        next(stream)
        assert gate.token("kafka")
    authority.await_answer(late)


def test_a_rotation_reaches_every_stream_and_keeps_the_old_keys_known(authority: Authority) -> None:
    """New keys sign at once; what the old ones signed verifies until they are retired."""
    with Client(authority.socket(GATE)) as gate:
        svids, bundles, tokens = gate.x509_svids(), gate.x509_bundles(), gate.jwt_bundles()
        old, old_token = certificate(next(svids)), gate.token("kafka")
        next(bundles)
        next(tokens)
        authority.change(generation=2)
        new, known, keys = (
            certificate(next(svids)),
            next(bundles),
            json.loads(next(tokens).bundles["spiffe://example.org"]),
        )
        assert new.issuer == old.issuer
        assert [key["kid"] for key in keys["keys"]] == [key["kid"] for key in authority.jwks()]
        assert len(keys["keys"]) == 2
        authorities = x509.load_pem_x509_certificates((authority.folder / BUNDLE).read_bytes())
        assert len(authorities) == 2
        assert len(known.bundles["spiffe://example.org"]) > len(authorities[0].public_bytes(Encoding.DER))
        old.verify_directly_issued_by(authorities[0])
        new.verify_directly_issued_by(authorities[1])
        new_token = gate.token("kafka")
        assert jwt.get_unverified_header(new_token)["kid"] != jwt.get_unverified_header(old_token)["kid"]
        assert gate.validated(old_token, "kafka") == gate.validated(new_token, "kafka")

        authority.change(retire=[1])
        next(svids)
        assert [key["kid"] for key in authority.jwks()] == [jwt.get_unverified_header(new_token)["kid"]]
        with pytest.raises(grpc.RpcError):
            gate.validated(old_token, "kafka")
        assert gate.validated(new_token, "kafka")


def test_only_the_present_generation_keeps_its_private_keys(authority: Authority) -> None:
    """A key that signs no more cannot be stolen any more."""
    with Client(authority.socket(GATE)) as gate:
        stream = gate.x509_svids()
        next(stream)
        authority.change(generation=2)
        next(stream)
    private = {path.relative_to(authority.folder / KEYS).as_posix() for path in authority.folder.rglob("*-key.pem")}
    assert private == {"2/jwt-key.pem", "2/authority-key.pem"}


def test_a_wrong_configuration_is_not_taken(authority: Authority) -> None:
    """The authority goes on with what it had, and says what is wrong."""
    with Client(authority.socket(GATE)) as gate:
        stream = gate.x509_svids()
        next(stream)
        (authority.folder / CONFIG).write_text('{"trust_domain": "example.org"}')
        authority.hang_up()
        authority.await_log("entries: Field required")
        authority.change(generation=2)
        next(stream)
        authority.change(generation=1)
        authority.await_log("the configuration names the earlier 1")
        assert gate.token("kafka")
        assert len(authority.jwks()) == 2


def test_keys_survive_a_kill(authority: Authority) -> None:
    """After kill -9 the same keys sign, on the same sockets."""
    with Client(authority.socket(GATE)) as gate:
        token = gate.token("kafka")
    before = authority.jwks(), (authority.folder / BUNDLE).read_bytes()
    authority.stop(signal.SIGKILL)
    authority.start()
    authority.await_ready()
    assert (authority.jwks(), (authority.folder / BUNDLE).read_bytes()) == before
    with Client(authority.socket(GATE)) as gate:
        assert gate.validated(token, "kafka")


def test_it_refuses_to_start_with_keys_of_another_trust_domain(authority: Authority) -> None:
    """Misconfigured: a restart would not help, and it is not restarted."""
    assert authority.stop() == 0
    authority.config = authority.config.model_copy(update={"trust_domain": "elsewhere.example"})
    assert authority.start().wait(WAIT_S) == EXIT_USAGE
    assert "another trust domain" in authority.log()


def test_it_refuses_to_start_with_half_its_keys(authority: Authority) -> None:
    """A missing key is not replaced in silence: what it signed would not verify any more."""
    authority.stop()
    next((authority.folder / KEYS).glob("*/jwt-key.pem")).unlink()
    assert authority.start().wait(WAIT_S) == EXIT_UNABLE
    assert "is missing" in authority.log()


def test_nobody_else_can_reach_the_sockets_or_read_the_keys(shared: Authority) -> None:
    """Each socket is alone in a closed folder; each private key is the user's own."""
    for entry in shared.config.entries:
        assert stat.S_IMODE(shared.socket(entry).parent.stat().st_mode) == 0o700
    for path in (shared.folder / KEYS).rglob("*.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_says_loudly_what_it_is(shared: Authority) -> None:
    """Nobody can mistake it for a production shared."""
    assert "DEVELOPMENT AUTHORITY" in shared.log()


def test_a_token_says_who_for_whom_and_until_when(shared: Authority) -> None:
    """The claims of JWT-SVID §3 and those that Kafka needs; no two tokens are the same."""
    with Client(shared.socket(GATE)) as gate:
        first, second = (claims(gate.token("kafka", "other")) for _ in range(2))
    assert first["sub"] == "spiffe://example.org/fixgate/gate"
    assert first["aud"] == ["kafka", "other"]
    assert first["iss"] == "spiffe://example.org"
    assert first["exp"] - first["iat"] == 300
    assert first["jti"] != second["jti"]


def test_the_broker_is_given_keys_that_it_takes(shared: Authority) -> None:
    """Signature keys only, never private parts, marked as Kafka wants them."""
    (key,) = shared.jwks()
    assert key["use"] == "sig"
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_its_certificates_are_x509_svids(shared: Authority) -> None:
    """They pass the checks that every reader makes of a record's signer."""
    with Client(shared.socket(GATE)) as gate:
        (svid,) = next(gate.x509_svids()).svids
    trust = TrustBundle().observe(DOMAIN, [svid.bundle], 0)
    assert validate(svid.x509_svid, trust).signer == "spiffe://example.org/fixgate/gate"


def test_a_certificate_is_renewed_before_it_ends(short_tmp: Path) -> None:
    """The stream sends another at half of its life."""
    folder = short_tmp / "short"
    folder.mkdir()
    authority = Authority(folder, AuthorityConfig(trust_domain=DOMAIN, entries=(GATE,), x509_ttl_s=1))
    authority.start()
    try:
        authority.await_ready()
        with Client(authority.socket(GATE)) as gate:
            stream = gate.x509_svids()
            first, second = certificate(next(stream)), certificate(next(stream))
        assert second.serial_number != first.serial_number
        assert first.not_valid_after_utc <= second.not_valid_after_utc
    finally:
        authority.stop()


@pytest.mark.parametrize(
    "wrong",
    [
        {"trust_domain": "Example.org"},
        {"entries": [{"name": "a/b", "path": "/x"}]},
        {"entries": [{"name": "a", "path": "/x/../y"}]},
        {"entries": [{"name": "a", "path": "x"}]},
        {"entries": [{"name": "a", "path": "/x"}, {"name": "a", "path": "/y"}]},
        {"generation": 2, "retire": [2]},
        {"x509_ttl_s": 0},
        {"surprise": True},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """Names that leave their folder, IDs that are none, the present key retired: nothing of it is served."""
    with pytest.raises(ValueError, match="validation error"):
        AuthorityConfig.model_validate({"trust_domain": DOMAIN, "entries": [], **wrong})


def test_a_change_during_an_answer_is_not_missed() -> None:
    """Whoever waits with an old state in hand does not wait at all."""

    async def wait() -> None:
        issuers: list[Any] = [object(), object()]
        present = Present(issuers[0])
        present.replace(issuers[1])
        await asyncio.wait_for(present.wait_changed(issuers[0], 600), WAIT_S)

    asyncio.run(wait())
