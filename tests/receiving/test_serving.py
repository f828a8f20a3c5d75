"""Where the receiver listens, and what it presents there."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette

from fixgate.errors import Misconfigured, Unavailable
from fixgate.identity_material import TlsCredentials
from fixgate.receiving import serving
from fixgate.receiving.serving import Presenting, bind, serve
from tests.fixgate.certificates import Issued, Shape, authority_shape, leaf, self_signed

WAIT_S = 30.0


@pytest.mark.parametrize(
    "address", ["0.0.0.0:0", "[::]:0", "10.1.2.3:0", "localhost:0", "example.org:0", "127.0.0.1.example.org:0"]
)
def test_without_tls_only_a_loopback_address_is_taken(address: str) -> None:
    """Tokens must not travel in the clear; a name is whatever somebody's resolver says."""
    with pytest.raises(Misconfigured, match="without TLS"):
        bind(address, tls=False)


@pytest.mark.parametrize("address", ["", "127.0.0.1", ":80", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """It says how to name one."""
    with pytest.raises(Misconfigured) as refused:
        bind(address, tls=True)
    assert "FIXGATE_RECEIVER" in refused.value.remedy


def test_a_port_that_is_taken_is_refused() -> None:
    """At the start, not at the first report."""
    with bind("127.0.0.1:0", tls=False) as first:
        first.listen(1)
        with pytest.raises(Misconfigured, match="nothing can listen"):
            bind(f"127.0.0.1:{first.getsockname()[1]}", tls=False)


def now_shape(shape: Shape) -> Shape:
    """The shape with dates around the present: TLS judges by this machine's clock."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - for this alone

    now = datetime.now(UTC)
    return replace(shape, start=now - timedelta(hours=1), end=now + timedelta(hours=1))


def credentials(issued: Issued) -> TlsCredentials:
    """What the Workload API would give."""
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return TlsCredentials(private_key=key, chain=issued.certificate.public_bytes(Encoding.PEM))


class Holder:
    """An identity whose SVID changes when a test says so."""

    def __init__(self) -> None:
        self.root = self_signed(now_shape(authority_shape()))
        self.fault: Unavailable | None = None
        self.renew()

    def renew(self) -> None:
        """Another SVID."""
        names = x509.SubjectAlternativeName([x509.DNSName("receiver")])
        self.issued = leaf(self.root, now_shape(replace(Shape(), uris=(), extra=((names, False),))))
        self.held = credentials(self.issued)

    def tls(self) -> TlsCredentials:
        """See serving.TlsHolder."""
        if self.fault is not None:
            raise self.fault
        return self.held


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Holder, Presenting, int]]:
    """A server over TLS that has nothing to say."""
    holder = Holder()
    presenting = Presenting(holder, tmp_path)
    stop, ready = threading.Event(), threading.Event()
    with bind("127.0.0.1:0", tls=True) as listening:
        work = serve(Starlette(), listening, presenting, stop=stop, tick=ready.set)
        thread = threading.Thread(target=lambda: asyncio.run(work))
        thread.start()
        assert ready.wait(WAIT_S)
        yield holder, presenting, listening.getsockname()[1]
        stop.set()
        thread.join(WAIT_S)
    assert not thread.is_alive()
    assert not list(tmp_path.iterdir())


def presented(port: int, root: Issued, name: str = "receiver", version: ssl.TLSVersion | None = None) -> bytes:
    """The certificate that a caller who trusts this authority sees."""
    context = ssl.create_default_context(cadata=root.certificate.public_bytes(Encoding.PEM).decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # these tests' authorities lack key identifiers
    if version is not None:
        context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), WAIT_S) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def test_another_authority_or_name_is_not_believed(served: tuple[Holder, Presenting, int]) -> None:
    """Whoever calls knows that it is the receiver."""
    holder, _, port = served
    with pytest.raises(ssl.SSLCertVerificationError):
        presented(port, self_signed(now_shape(authority_shape(subject="another"))))
    with pytest.raises(ssl.SSLCertVerificationError):
        presented(port, holder.root, "issuer")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_an_old_version_of_tls_is_refused(served: tuple[Holder, Presenting, int]) -> None:
    """1.2 is the least."""
    holder, _, port = served
    with pytest.raises((ssl.SSLError, ConnectionError)):
        presented(port, holder.root, version=ssl.TLSVersion.TLSv1_1)


def test_in_the_clear_nothing_is_answered(served: tuple[Holder, Presenting, int]) -> None:
    """A request without TLS ends there."""
    with socket.create_connection(("127.0.0.1", served[2]), WAIT_S) as plain:
        plain.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        with contextlib.suppress(ConnectionError):
            heard = plain.recv(100)
        assert b"HTTP" not in heard


def test_a_new_svid_is_presented_without_a_restart(served: tuple[Holder, Presenting, int]) -> None:
    """And the one before, as long as none can be had."""
    holder, presenting, port = served
    first = holder.issued.der
    assert presented(port, holder.root) == first
    holder.renew()
    presenting.refresh()
    assert presented(port, holder.root) == holder.issued.der != first
    holder.fault = Unavailable("silent")
    with pytest.raises(Unavailable):
        presenting.refresh()
    assert presented(port, holder.root) == holder.issued.der


def test_a_connection_that_says_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody holds the receiver's connections by sending half of a request's headers."""
    monkeypatch.setattr(serving, "HEADERS_S", 0.05)
    stop, ready = threading.Event(), threading.Event()
    with bind("127.0.0.1:0", tls=False) as listening:
        work = serve(Starlette(), listening, None, stop=stop, tick=ready.set)
        thread = threading.Thread(target=lambda: asyncio.run(work))
        thread.start()
        assert ready.wait(WAIT_S)
        try:
            with socket.create_connection(listening.getsockname(), WAIT_S) as silent:
                silent.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: ")
                assert silent.recv(100) == b""
        finally:
            stop.set()
            thread.join(WAIT_S)
    assert not thread.is_alive()
