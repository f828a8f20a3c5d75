"""Workload APIs for tests: the development authority as a process of its own, and one that says what it is told."""

import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spiffe._proto import workload_pb2 as pb

from fixgate.local.authority.config import AuthorityConfig, Entry, write
from tests.fixgate.certificates import DOMAIN, Issued

PATIENCE_S: Final = 20.0
_UNTYPED_GRPC: Final[Any] = grpc
"""The stubs leave the making of servers partly untyped."""
ENTRIES: Final = tuple(Entry(name=name, path=f"/fixgate/{name}") for name in ("gate", "issuer"))


def eventually(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fails when it does not within `PATIENCE_S`."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Clock:
    """The time, and as much more as a test says."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead


class DevelopmentAuthority:
    """The development authority, run in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.config = AuthorityConfig(trust_domain=DOMAIN, entries=ENTRIES)
        write(folder / "authority.json", self.config)

    def socket(self, name: str = "gate") -> str:
        """The address of one identity's socket."""
        return f"unix://{self._folder / name / 'agent.sock'}"

    def start(self) -> None:
        """Start it; whoever needs it waits for it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fixgate.local.authority", str(self._folder)], stderr=subprocess.DEVNULL
        )

    def change(self, **what: object) -> None:
        """Change the configuration while it runs."""
        self.config = AuthorityConfig.model_validate({**self.config.model_dump(), **what})
        write(self._folder / "authority.json", self.config)
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """Kill it at once, when it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class ScriptedAuthority:
    """A Workload API whose streams begin with the last answer that a test gave, and go on with the next ones."""

    def __init__(self, folder: Path) -> None:
        self.socket = f"unix://{folder / 'scripted.sock'}"
        self.streams: list[queue.SimpleQueue[pb.X509SVIDResponse | None]] = []
        self._last: pb.X509SVIDResponse | None = None
        self._server = _UNTYPED_GRPC.server(futures.ThreadPoolExecutor(16))
        method = _UNTYPED_GRPC.unary_stream_rpc_method_handler(
            self._stream, pb.X509SVIDRequest.FromString, pb.X509SVIDResponse.SerializeToString
        )
        self._server.add_generic_rpc_handlers(
            (_UNTYPED_GRPC.method_handlers_generic_handler("SpiffeWorkloadAPI", {"FetchX509SVID": method}),)
        )
        self._server.add_insecure_port(self.socket)
        self._server.start()

    def send(self, issued: Issued, *roots: Issued) -> None:
        """Send this identity with the bundle of these authorities."""
        svid = pb.X509SVID(
            spiffe_id="spiffe://not-looked-at/x",
            x509_svid=issued.header,
            x509_svid_key=issued.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            bundle=b"".join(root.der for root in roots),
        )
        self._last = pb.X509SVIDResponse(svids=[svid])
        for stream in self.streams:
            stream.put(self._last)

    def stop(self) -> None:
        """End all streams and the server."""
        self._server.stop(None).wait()

    def _stream(self, _request: pb.X509SVIDRequest, context: grpc.ServicerContext) -> Iterator[pb.X509SVIDResponse]:
        answers: queue.SimpleQueue[pb.X509SVIDResponse | None] = queue.SimpleQueue()
        context.add_callback(lambda: answers.put(None))
        if self._last is not None:
            yield self._last
        self.streams.append(answers)
        while (answer := answers.get()) is not None:
            yield answer


@contextmanager
def development_authority(folder: Path) -> Generator[DevelopmentAuthority]:
    """A development authority that runs, and does not when the block ends."""
    authority = DevelopmentAuthority(folder)
    authority.start()
    try:
        yield authority
    finally:
        authority.kill()
