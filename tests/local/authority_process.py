"""The development authority as a process, and clients of its sockets, for tests."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import grpc
import jwt
import pytest
from cryptography import x509
from spiffe._proto import workload_pb2 as pb

from fixgate.local.authority.config import CONFIG, AuthorityConfig, Entry, write
from fixgate.local.authority.server import JWKS
from fixgate.local.authority.workload_api import SECURITY_HEADER, SERVICE
from fixgate.local.probes import authority_answers
from fixgate.local.process import CODE_ROOT, module

DOMAIN = "example.org"
WAIT_S = 20.0
GATE, INGEST = Entry(name="gate", path="/fixgate/gate"), Entry(name="ingest", path="/fixgate/ingest")
_POLL_S = 0.01
_grpc: Any = grpc  # its stubs leave out type arguments, which strict checkers refuse at every use


@dataclass
class Authority:
    """The authority as a process, in a folder of its own."""

    folder: Path
    config: AuthorityConfig = field(
        default_factory=lambda: AuthorityConfig(trust_domain=DOMAIN, entries=(GATE, INGEST))
    )
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> "subprocess.Popen[str]":
        """Start it, not waiting until it answers."""
        write(self.folder / CONFIG, self.config)
        command = module("fixgate.local.authority", str(self.folder))
        log = (self.folder / "log").open("a")
        self.process = subprocess.Popen(command, cwd=CODE_ROOT, stdout=log, stderr=subprocess.STDOUT, text=True)
        log.close()
        return self.process

    def await_ready(self) -> None:
        """Return when the first entry's socket answers."""
        self.await_answer(self.config.entries[0])

    def await_answer(self, entry: Entry) -> None:
        """Return when an entry's socket answers."""
        deadline = time.monotonic() + WAIT_S
        while not authority_answers(f"unix://{self.socket(entry)}"):
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(_POLL_S)

    def await_log(self, text: str) -> None:
        """Return when it has said something."""
        deadline = time.monotonic() + WAIT_S
        while text not in self.log():
            assert time.monotonic() < deadline, self.log()
            time.sleep(_POLL_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def change(self, **fields: object) -> None:
        """Give it another configuration and tell it; it takes it a moment later."""
        self.config = AuthorityConfig.model_validate({**self.config.model_dump(), **fields})
        write(self.folder / CONFIG, self.config)
        self.hang_up()

    def hang_up(self) -> None:
        """Tell it to read its configuration again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def socket(self, entry: Entry) -> Path:
        """An entry's socket."""
        return self.folder / entry.name / "agent.sock"

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def jwks(self) -> list[dict[str, str]]:
        """The keys that the broker is given."""
        return cast("list[dict[str, str]]", json.loads((self.folder / JWKS).read_bytes())["keys"])


class Client:
    """A client of one socket; `metadata` None sends no security header."""

    def __init__(self, socket: Path, metadata: tuple[tuple[str, str], ...] = (SECURITY_HEADER,)) -> None:
        self._channel: Any = _grpc.insecure_channel(f"unix:{socket}")
        self._metadata = metadata

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._channel.close()

    def token(self, *audience: str, spiffe_id: str = "") -> str:
        """One JWT-SVID."""
        request = pb.JWTSVIDRequest(audience=list(audience), spiffe_id=spiffe_id)
        answer: pb.JWTSVIDResponse = self._unary("FetchJWTSVID", request, pb.JWTSVIDResponse)
        return answer.svids[0].svid

    def validated(self, token: str, audience: str) -> str:
        """The SPIFFE ID of a token, as the authority sees it."""
        request = pb.ValidateJWTSVIDRequest(audience=audience, svid=token)
        answer: pb.ValidateJWTSVIDResponse = self._unary("ValidateJWTSVID", request, pb.ValidateJWTSVIDResponse)
        assert answer.claims["sub"] == answer.spiffe_id
        return answer.spiffe_id

    def x509_svids(self) -> "Iterator[pb.X509SVIDResponse]":
        """The stream of X.509-SVIDs."""
        return cast(
            "Iterator[pb.X509SVIDResponse]", self._stream("FetchX509SVID", pb.X509SVIDRequest(), pb.X509SVIDResponse)
        )

    def x509_bundles(self) -> "Iterator[pb.X509BundlesResponse]":
        """The stream of X.509 bundles."""
        return cast(
            "Iterator[pb.X509BundlesResponse]",
            self._stream("FetchX509Bundles", pb.X509BundlesRequest(), pb.X509BundlesResponse),
        )

    def jwt_bundles(self) -> "Iterator[pb.JWTBundlesResponse]":
        """The stream of JWT bundles."""
        return cast(
            "Iterator[pb.JWTBundlesResponse]",
            self._stream("FetchJWTBundles", pb.JWTBundlesRequest(), pb.JWTBundlesResponse),
        )

    def _unary(self, name: str, request: Any, answer: Any) -> Any:
        method = self._channel.unary_unary(f"/{SERVICE}/{name}", request.__class__.SerializeToString, answer.FromString)
        return method(request, metadata=self._metadata, timeout=WAIT_S)

    def _stream(self, name: str, request: Any, answer: Any) -> Any:
        method = self._channel.unary_stream(
            f"/{SERVICE}/{name}", request.__class__.SerializeToString, answer.FromString
        )
        return method(request, metadata=self._metadata, timeout=WAIT_S)


def code(error: "pytest.ExceptionInfo[grpc.RpcError]") -> grpc.StatusCode:
    """The status that a call ended with."""
    raised: Any = error.value
    return cast("grpc.StatusCode", raised.code())


def certificate(answer: pb.X509SVIDResponse) -> x509.Certificate:
    """The leaf of an answer."""
    return x509.load_der_x509_certificate(answer.svids[0].x509_svid)


def claims(token: str) -> Mapping[str, Any]:
    """What a token says, unverified."""
    return jwt.decode(token, options={"verify_signature": False})
