"""Listens, with TLS by the receiver's own X.509-SVID unless it is alone with this machine.

A new SVID is presented from the next connection on. The certificate names the receiver by SPIFFE ID and by the DNS
name `receiver`; who calls it trusts the authorities of the trust domain. A sender on the internet wants a public
certificate: something in front has one, and speaks to the receiver as described in `docs/operations.md`.
"""

import asyncio
import ipaddress
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from fixgate.errors import Misconfigured
from fixgate.identity_material import TlsCredentials

CONNECTIONS: Final = 128
"""Connections at once; more are told to come again."""
HEADERS_S: Final = 10.0
"""Seconds in which a connection must have sent its request's headers, the TLS handshake before it not counted."""
HEADERS_LIMIT: Final = 32 * 1024
ENDING_S: Final = 10
TICK_S: Final = 1.0


class TlsHolder(Protocol):
    """What gives the credentials to present: `WorkloadIdentity`."""

    def tls(self) -> TlsCredentials:
        """They; another object as soon as they are others. Raises Refused, Unavailable."""
        ...


def bind(address: str, *, tls: bool) -> socket.socket:
    """Listen at host:port, port 0 takes a free one; raises Misconfigured when that cannot be or must not."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the largest port
        raise Misconfigured(
            f"the receiver cannot listen at {address!r}", remedy="Set FIXGATE_RECEIVER to host:port of this machine."
        )
    if not tls and not _is_loopback(host):
        raise Misconfigured(
            f"without TLS the receiver listens on a loopback address alone, and {host} is none",
            remedy="Take FIXGATE_RECEIVER_TLS=false away, or listen at 127.0.0.1.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, int(port)))
    except OSError as error:
        listening.close()
        raise Misconfigured(
            f"nothing can listen at {address}: {error.strerror or error}",
            remedy="Set FIXGATE_RECEIVER to a free host:port of this machine.",
        ) from None
    return listening


def _is_loopback(host: str) -> bool:
    # A name is whatever somebody's resolver says.
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Presenting:
    """The TLS context, which presents what its holder has: `refresh` takes what is new. `folder` is private to us."""

    def __init__(self, holder: TlsHolder, folder: Path) -> None:
        self._holder = holder
        self._folder = folder
        self._presented: TlsCredentials | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self.refresh()

    def refresh(self) -> None:
        """Present the newest credentials from the next connection on; raises Refused, Unavailable."""
        newest = self._holder.tls()
        if newest is not self._presented:
            self._load(newest)
            self._presented = newest

    def _load(self, credentials: TlsCredentials) -> None:
        # OpenSSL's bindings take keys from files alone. This one is ours alone, and gone when it has been read.
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".tls-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(credentials.private_key + b"\n" + credentials.chain)
            self.context.load_cert_chain(name)
        finally:
            Path(name).unlink()


def _closing(app: ASGIApp) -> ASGIApp:
    """The application, of which every answer ends its connection, also that nothing is there.

    So what else a sender has put behind a body is never taken for a request, and `HEADERS_S` holds for all of them.
    """

    async def closed(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [(n, v) for n, v in message.get("headers", ()) if n.lower() != b"connection"]
                message = {**message, "headers": [*others, (b"connection", b"close")]}
            await send(message)

        await app(scope, receive, sent)

    return closed


class _Impatient(H11Protocol):
    """Ends a connection that has not sent its headers in time; every answer ends the connection as well."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class has it
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._late = self.loop.call_later(HEADERS_S, self._end_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._late.cancel()
        super().connection_lost(exc)

    def _end_if_silent(self) -> None:
        begun: Any = self.cycle
        if begun is None:
            self.transport.close()


class _Served(Server):
    """Leaves signals to the process around it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    presenting: Presenting | None,
    *,
    stop: threading.Event,
    tick: Callable[[], None],
) -> None:
    """Answer until `stop`, over TLS with `presenting`; `tick` is called each second, and must not raise."""
    config = Config(
        _closing(app),
        http=_Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADERS_LIMIT,
        timeout_graceful_shutdown=ENDING_S,
    )
    config.load()
    config.ssl = presenting.context if presenting is not None else None
    server = _Served(config)
    watch = asyncio.create_task(_watch(server, stop, tick))
    try:
        await server.serve(sockets=[listening])
    finally:
        watch.cancel()


async def _watch(server: Server, stop: threading.Event, tick: Callable[[], None]) -> None:
    stopped = False
    while not stopped:
        tick()
        stopped = await asyncio.to_thread(stop.wait, TICK_S)
    server.should_exit = True
