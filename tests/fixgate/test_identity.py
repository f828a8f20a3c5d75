"""A process's identity over its whole life: none, the first, rotated, without its authority, revoked."""

import errno
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from fixgate import identity_material
from fixgate.errors import Misconfigured, Poison, Reason, Refused, Unavailable
from fixgate.identity import KAFKA_REFRESH_S, WorkloadIdentity
from fixgate.identity_material import SETTLE_S
from fixgate.signing import Signature
from fixgate.verification import LEEWAY_MS, Verifier
from tests.fixgate.certificates import DOMAIN, GATE, HOUR, Issued, Shape, authority_shape, leaf, self_signed
from tests.fixgate.workload_apis import (
    ENTRIES,
    Clock,
    DevelopmentAuthority,
    ScriptedAuthority,
    development_authority,
    eventually,
)

VALUE = b"a record"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="fg-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def authority(folder: Path) -> Iterator[DevelopmentAuthority]:
    """A running development authority."""
    with development_authority(folder) as running:
        yield running


@pytest.fixture
def scripted(folder: Path) -> Iterator[ScriptedAuthority]:
    """An authority that says what it is told."""
    running = ScriptedAuthority(folder)
    yield running
    running.stop()


class WorkloadIdentityOf:
    """An identity for the length of a block."""

    def __init__(self, socket: str, clock: Clock | None = None, memory: Path | None = None) -> None:
        self.identity = WorkloadIdentity(socket, clock=clock or Clock(), memory=memory)

    def __enter__(self) -> WorkloadIdentity:
        """The identity."""
        return self.identity

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.identity.close()


def now_ms() -> int:
    """The present."""
    return int(time.time() * 1000)


def verify(identity: WorkloadIdentity, signed: Signature, at_ms: int | None = None) -> str:
    """Who signed `VALUE`, as far as `identity` can tell."""
    at_ms = at_ms or now_ms()
    verifier = Verifier()
    return verifier.verify(
        VALUE, signed.signature, signed.certificate, signers={GATE}, at_ms=at_ms, trust=identity.trust()
    ).signer


def fresh(shape: Shape) -> Shape:
    """The shape, valid around the present: identities live in real time."""
    now = datetime.now(UTC)
    return Shape(
        uris=shape.uris,
        subject=shape.subject,
        constraints=shape.constraints,
        key_usage=shape.key_usage,
        purposes=shape.purposes,
        start=now - HOUR,
        end=now + HOUR,
    )


def await_authorities(identity: WorkloadIdentity, count: int) -> None:
    """Wait until so many authorities have been seen."""
    eventually(lambda: len(identity.trust().authorities[DOMAIN]) == count)


def fresh_root() -> Issued:
    """An authority valid now."""
    return self_signed(fresh(authority_shape()))


def test_without_an_authority_a_process_does_not_start(folder: Path) -> None:
    """When nobody answers until the deadline, the error says so and what to do."""
    with pytest.raises(Unavailable, match="does not answer") as error:
        WorkloadIdentity(f"unix://{folder}/nobody.sock", deadline_s=0.2)
    assert "FIXGATE_WORKLOAD_API" in error.value.remedy


def test_a_silent_authority_is_given_up_at_the_deadline(scripted: ScriptedAuthority) -> None:
    """An authority that takes the call and never answers is not waited for for ever."""
    with pytest.raises(Unavailable, match="silent"):
        WorkloadIdentity(scripted.socket, deadline_s=0.3)


def test_an_unregistered_process_is_refused(authority: DevelopmentAuthority) -> None:
    """When the authority knows no identity for this process, that is what the error says."""
    with WorkloadIdentityOf(authority.socket()):
        authority.change(entries=ENTRIES[1:])
        with pytest.raises(Refused, match="no identity") as error:
            WorkloadIdentity(authority.socket(), deadline_s=1)
    assert "Register" in error.value.remedy


def test_an_identity_that_cannot_sign_records_is_refused(scripted: ScriptedAuthority) -> None:
    """A key that records are not signed with is a fault of the set-up, named at the start."""
    root = fresh_root()
    scripted.send(leaf(root, fresh(Shape()), rsa.generate_private_key(65537, 2048)), root)
    with pytest.raises(Misconfigured, match="P-256 or Ed25519"):
        WorkloadIdentity(scripted.socket, deadline_s=5)


def test_an_identity_that_nobody_could_verify_is_refused(scripted: ScriptedAuthority) -> None:
    """An SVID that its own bundle does not verify is not taken."""
    scripted.send(leaf(fresh_root(), fresh(Shape())), fresh_root())
    with pytest.raises(Misconfigured, match="own bundle"):
        WorkloadIdentity(scripted.socket, deadline_s=5)


def test_a_process_does_not_become_somebody_else(scripted: ScriptedAuthority) -> None:
    """An update with another SPIFFE ID, or one that cannot sign, is not taken; the present identity goes on."""
    root = fresh_root()
    scripted.send(leaf(root, fresh(Shape())), root)
    with WorkloadIdentityOf(scripted.socket) as identity:
        eventually(lambda: scripted.streams)
        before = identity.signer()
        scripted.send(leaf(root, fresh(Shape(uris=("spiffe://fixgate.internal/fixgate/issuer",)))), root)
        eventually(identity.problem)
        assert "is now called" in str(identity.problem())
        assert identity.spiffe_id == GATE
        assert identity.signer() is before
        scripted.send(leaf(root, fresh(Shape())), root)
        eventually(lambda: identity.signer() is not before)
        assert identity.problem() is None


def test_a_revoked_process_signs_nothing_more(authority: DevelopmentAuthority) -> None:
    """After its entry is removed a process has no signer and no token, even when the authority then goes down."""
    with WorkloadIdentityOf(authority.socket()) as identity:
        identity.jwt("kafka")
        authority.change(entries=ENTRIES[1:])
        eventually(lambda: isinstance(identity.problem(), Refused))
        with pytest.raises(Refused):
            identity.signer()
        with pytest.raises(Refused):
            identity.jwt("kafka")
        authority.kill()
        eventually(lambda: isinstance(identity.problem(), Unavailable))
        with pytest.raises(Refused):
            identity.signer()


def test_a_process_that_is_registered_again_goes_on(authority: DevelopmentAuthority) -> None:
    """A refusal lasts until the authority gives an identity again, and no restart is needed."""
    with WorkloadIdentityOf(authority.socket()) as identity:
        authority.change(entries=ENTRIES[1:])
        eventually(lambda: isinstance(identity.problem(), Refused))
        authority.change(entries=ENTRIES)
        eventually(lambda: identity.problem() is None)
        assert verify(identity, identity.signer().sign(VALUE)) == GATE


def test_an_ended_certificate_signs_nothing(authority: DevelopmentAuthority) -> None:
    """Without its authority a process signs until its certificate ends, then says what is missing."""
    clock = Clock()
    with WorkloadIdentityOf(authority.socket(), clock) as identity:
        token = identity.jwt("kafka")
        authority.kill()
        eventually(identity.problem)
        assert verify(identity, identity.signer().sign(VALUE)) == GATE
        assert identity.jwt("kafka") == token
        clock.ahead = 3 * 3600
        with pytest.raises(Unavailable, match="ended at"):
            identity.signer()
        with pytest.raises(Unavailable):
            identity.jwt("kafka")
        clock.ahead = 0
        authority.start()
        eventually(lambda: identity.problem() is None)
        assert verify(identity, identity.signer().sign(VALUE)) == GATE


def test_a_new_authority_is_not_signed_under_before_others_know_it(scripted: ScriptedAuthority) -> None:
    """While the old certificate holds, a process waits with one that readers could not yet verify."""
    old, new, unused, clock = fresh_root(), fresh_root(), fresh_root(), Clock()
    scripted.send(leaf(old, fresh(Shape())), old)
    with WorkloadIdentityOf(scripted.socket, clock) as identity:
        eventually(lambda: scripted.streams)
        first = identity.signer()
        for authorities in ((old, new), (old, new, unused)):
            scripted.send(leaf(new, fresh(Shape())), *authorities)
            await_authorities(identity, len(authorities))
        # The first of the two updates has been taken whole by now.
        assert identity.signer() is first
        clock.ahead = SETTLE_S + 1
        eventually(lambda: identity.signer() is not first)
        assert verify(identity, identity.signer().sign(VALUE)) == GATE


def test_a_withdrawn_authority_is_not_signed_under_any_more(scripted: ScriptedAuthority) -> None:
    """When the old authority is gone at once there is nothing to wait with."""
    old, new = fresh_root(), fresh_root()
    scripted.send(leaf(old, fresh(Shape())), old)
    with WorkloadIdentityOf(scripted.socket) as identity:
        eventually(lambda: scripted.streams)
        first = identity.signer()
        scripted.send(leaf(new, fresh(Shape())), new)
        eventually(lambda: identity.signer() is not first)
        assert verify(identity, identity.signer().sign(VALUE)) == GATE


def test_a_faulty_identity_does_not_hold_up_a_withdrawal(scripted: ScriptedAuthority) -> None:
    """Whom to trust is taken from an update even when its SVID is not."""
    old, new = fresh_root(), fresh_root()
    scripted.send(leaf(old, fresh(Shape())), old)
    with WorkloadIdentityOf(scripted.socket) as identity:
        eventually(lambda: scripted.streams)
        scripted.send(leaf(new, fresh(Shape()), rsa.generate_private_key(65537, 2048)), new)
        eventually(identity.problem)
        assert [a.withdrawn_ms is None for a in identity.trust().authorities[DOMAIN]] == [False, True]


def test_a_stream_that_brings_nothing_new_is_opened_again(scripted: ScriptedAuthority) -> None:
    """When a certificate is nearly over and no newer one came, the process asks instead of waiting for its end."""
    root, clock = fresh_root(), Clock()
    issued = leaf(root, fresh(Shape()))
    scripted.send(issued, root)
    with WorkloadIdentityOf(scripted.socket, clock) as identity:
        eventually(lambda: scripted.streams)
        before = identity.signer()
        clock.ahead = 3600 * 0.9
        scripted.send(issued, root)
        eventually(lambda: len(scripted.streams) > 1)
        assert identity.signer() is before
        scripted.send(leaf(root, fresh(Shape())), root)
        eventually(lambda: identity.signer() is not before)


def test_memory_that_is_no_bundle_stops_the_start(authority: DevelopmentAuthority, folder: Path) -> None:
    """A memory that cannot be read is not taken for an empty one."""
    (folder / "trust.json").write_bytes(b"{}")
    with pytest.raises(Misconfigured, match=r"trust\.json"):
        WorkloadIdentity(authority.socket(), memory=folder / "trust.json")


def test_memory_that_cannot_be_written_is_said(
    authority: DevelopmentAuthority, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An identity goes on when the authorities seen cannot be kept, and says so: they matter after a restart only."""

    def fail(_path: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(identity_material, "write_private", fail)
    with WorkloadIdentityOf(authority.socket(), memory=folder / "trust.json") as identity:
        assert verify(identity, identity.signer().sign(VALUE)) == GATE
    assert "could not be kept: [Errno 28]" in caplog.text


def test_a_closed_identity_gives_nothing(authority: DevelopmentAuthority) -> None:
    """After close there is no signer and no token."""
    with WorkloadIdentityOf(authority.socket()) as identity:
        pass
    with pytest.raises(Unavailable, match="closed"):
        identity.signer()
    with pytest.raises(Unavailable, match="closed"):
        identity.jwt("kafka")


def test_no_token_for_kafka_is_logged_and_shows_no_token(
    authority: DevelopmentAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    """The Kafka client hides the callback's errors, so they are logged; no token's text ever is."""
    with WorkloadIdentityOf(authority.socket()) as identity:
        callback = identity.kafka_client_config("127.0.0.1:1")["oauth_cb"]
        assert callable(callback)
        with caplog.at_level(logging.DEBUG):
            token, _ = callback("")
            authority.change(entries=ENTRIES[1:])
            eventually(lambda: isinstance(identity.problem(), Refused))
            with pytest.raises(Refused):
                callback("")
    assert "no token for Kafka" in caplog.text
    assert token not in caplog.text
    assert token.split(".")[2] not in caplog.text


def test_kafka_gets_a_token_for_kafka(authority: DevelopmentAuthority) -> None:
    """The client is given this identity's token for the audience, to be asked for again within a minute."""
    with WorkloadIdentityOf(authority.socket()) as identity:
        config = identity.kafka_client_config("127.0.0.1:9092")
        callback = config.pop("oauth_cb")
        assert callable(callback)
        assert isinstance(config.pop("logger"), logging.Logger)
        token, expiry = callback("")
        claims = jwt.decode(token, options={"verify_signature": False})
        assert config == {
            "bootstrap.servers": "127.0.0.1:9092",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "OAUTHBEARER",
        }
        assert identity.kafka_client_config("x", tls=True)["security.protocol"] == "SASL_SSL"
    assert claims["sub"] == GATE
    assert claims["aud"] == ["kafka"]
    assert expiry <= min(claims["exp"], time.time() + KAFKA_REFRESH_S)


def test_what_a_process_signs_others_verify(authority: DevelopmentAuthority) -> None:
    """One process's signature verifies with another's bundle, under the signer's SPIFFE ID."""
    with WorkloadIdentityOf(authority.socket()) as gate, WorkloadIdentityOf(authority.socket("issuer")) as issuer:
        assert gate.spiffe_id == GATE
        assert verify(issuer, gate.signer().sign(VALUE)) == GATE
        with pytest.raises(Poison) as error:
            verify(gate, issuer.signer().sign(VALUE))
        assert error.value.reason is Reason.WRONG_SIGNER


def test_keys_rotate_without_a_restart(authority: DevelopmentAuthority, folder: Path) -> None:
    """A new authority brings a new signer and token; what the old one vouched for verifies until it was withdrawn."""
    memory, clock = folder / "state" / "trust.json", Clock()
    with WorkloadIdentityOf(authority.socket(), clock, memory=memory) as identity:
        old, old_token, bundle = identity.signer().sign(VALUE), identity.jwt("kafka"), identity.trust()
        authority.change(generation=2)
        eventually(lambda: identity.trust() is not bundle)
        clock.ahead = SETTLE_S + 1
        eventually(lambda: identity.signer().sign(VALUE).certificate != old.certificate)
        assert identity.jwt("kafka") != old_token
        assert verify(identity, old) == verify(identity, identity.signer().sign(VALUE)) == GATE
        before = now_ms()
        authority.change(retire=[1])
        eventually(lambda: any(a.withdrawn_ms for a in identity.trust().authorities[DOMAIN]))
        assert verify(identity, old, before) == GATE
        with pytest.raises(Poison) as error:
            verify(identity, old, now_ms() + int(clock.ahead * 1000) + LEEWAY_MS)
        assert error.value.reason is Reason.EXPIRED_CERTIFICATE
    with WorkloadIdentityOf(authority.socket(), memory=memory) as restarted:
        assert verify(restarted, old, before) == GATE
    with WorkloadIdentityOf(authority.socket()) as forgetful, pytest.raises(Poison):
        verify(forgetful, old, before)
