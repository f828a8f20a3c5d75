"""A receiver on loopback, as senders see it: the real server and application, with a broker in memory."""

import asyncio
import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from io import StringIO
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate.broker import Outbound
from fixgate.errors import FixgateError, Refused
from fixgate.naming import Naming
from fixgate.receiving.app import Desk, application
from fixgate.receiving.bodies import PORCH, Room
from fixgate.receiving.book import Most, SourceBook
from fixgate.receiving.rates import Rates
from fixgate.receiving.secrets import hashed, issue
from fixgate.receiving.senders import Door
from fixgate.receiving.serving import bind, serve
from fixgate.receiving.sources import MESSAGE
from fixgate.receiving.storing import Storing
from fixgate.receiving.taking import Taker
from fixgate.receiving.telling import Teller
from fixgate.sealing import Seal
from fixgate.signing import digest
from fixgate.telemetry import Telemetry
from fixgate.verification import Verifier
from fixgate.vouching import HEADER, Voucher, Vouching, verify
from tests.fixgate.certificates import NOW, NOW_MS, Shape, leaf, self_signed, trust

RECEIVER: Final = "spiffe://fixgate.internal/fixgate/receiver"
SCANNER: Final = "spiffe://fixgate.internal/fixgate/scanner"
ROOT: Final = self_signed()
SIGNER: Final = leaf(ROOT, replace(Shape(), uris=(RECEIVER,))).signer()
SVID: Final = "eyA.eyB.c2ln"
"""What the stand-in for the authority's keys takes for the scanner's JWT-SVID."""
SECRET: Final = b"a secret that both sides know"
REPORT: Final = b'{"version": "2.1.0", "runs": []}'
INTAKE: Final = X25519PrivateKey.generate()
"""Ingest has it; the receiver has the public half."""
WAIT_S: Final = 30.0


class Shelf:
    """An object store in memory, unless `fault` says why not; it takes nothing while it is not `open`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.fault: Exception | None = None
        self.holds = 100
        """So many objects, and then `fault` counts."""
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()

    def put(self, value: bytes) -> str:
        """See `ObjectStore.put`."""
        self.asked.set()
        assert self.open.wait(WAIT_S)
        if self.fault is not None and len(self.kept) >= self.holds:
            raise self.fault
        self.kept[digest(value)] = value
        return digest(value)

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """See `ObjectStore.put_all`."""
        return [self.put(value) for value in values]

    def get(self, name: str, *, limit: int = 0) -> bytes:
        """See `ObjectStore.get`."""
        assert len(self.kept[name]) <= limit
        return self.kept[name]

    def has(self, name: str) -> bool:
        """See `ObjectStore.has`."""
        return name in self.kept


class Posted:
    """A broker that has whatever it is given, unless `fault` says why not, or it is `silent`."""

    def __init__(self) -> None:
        self.records: list[Outbound] = []
        self.fault: Exception | None = None
        self.waiting: list[Future[int]] = []
        self.silent = False
        self.asked = threading.Event()
        self.had = threading.Event()

    def post(self, record: Outbound) -> "Future[int]":
        """See taking.Posting."""
        future: Future[int] = Future()
        self.asked.set()
        if self.silent:
            self.waiting.append(future)
        elif self.fault is not None:
            future.set_exception(self.fault)
        else:
            self.records.append(record)
            future.set_result(len(self.records) - 1)
            self.had.set()
        return future


class OneSvid:
    """Takes one token, for the scanner's."""

    def __init__(self) -> None:
        self.fault: FixgateError | None = None

    async def spiffe_id(self, token: str) -> str:
        """See senders.SvidJudge."""
        if self.fault is not None:
            raise self.fault
        if token != SVID:
            raise Refused("no")
        return SCANNER


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Reception:
    """The receiver, and what a test may turn."""

    folder: Path
    posted: Posted = field(default_factory=Posted)
    svids: OneSvid = field(default_factory=OneSvid)
    room: Room = field(default_factory=Room)
    porch: Room = field(default_factory=lambda: Room(PORCH))
    shelf: Shelf = field(default_factory=Shelf)
    logs: StringIO = field(default_factory=StringIO)
    token: str = field(default_factory=issue)
    seconds: float = 0.0
    port: int = 0

    def sources(self, **sources: dict[str, Any]) -> None:
        """These are the sources from now on."""
        path = self.folder / "sources.yaml"
        path.write_text(yaml.safe_dump({"version": 1, "sources": sources}))
        path.chmod(0o600)

    def usual(self, **limits: Any) -> None:
        """One source of each kind, each with these limits."""
        secret = self.folder / "github.secret"
        secret.write_bytes(SECRET + b"\n")
        secret.chmod(0o600)
        self.sources(
            ci={"kind": "token", "token": hashed(self.token), **limits},
            events={"kind": "token", "token": hashed("in-a-header"), "header": "X-Api-Key", **limits},
            github={"kind": "github", "secret": "github.secret", **limits},
            scanner={"kind": "svid", "spiffe_id": SCANNER, **limits},
        )

    def post(self, body: bytes = REPORT, headers: Mapping[str, str] | None = None, source: str = "") -> Heard:
        """Send a report, by default with the issued token."""
        if headers is None:
            headers = {"Authorization": f"Bearer {self.token}"}
        return self.ask("POST", "/v1/reports" + (f"/{source}" if source else ""), body, headers)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Heard:
        """Ask anything."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            text = answer.read()
            heard = {name.lower(): value for name, value in answer.getheaders()}
            return Heard(answer.status, json.loads(text) if "json" in heard.get("content-type", "") else text, heard)
        finally:
            connection.close()

    def vouched(self) -> list[Voucher]:
        """What is said of the senders of all that is on the topic, each verified."""
        return [
            verify(
                dict(record.headers)[HEADER],
                digest(record.value or b""),
                verifier=Verifier(),
                vouching=Vouching(takers={RECEIVER}, scanners={SCANNER}),
                at_ms=NOW_MS,
                trust=trust(ROOT),
            )
            for record in self.posted.records
        ]


def github(body: bytes, secret: bytes = SECRET, event: str = "secret_scanning_alert", **more: str) -> dict[str, str]:
    """The headers that GitHub sends with a body."""
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
        **more,
    }


@contextmanager
def reception(folder: Path, most: int = MESSAGE, *, stores: bool = False) -> Generator[Reception, None, None]:
    """A receiver that listens, with the usual sources, none of which may send more than `most`."""
    made = Reception(folder)
    made.usual()
    telemetry = Telemetry("receiver", libraries=False, environment={}, stream=made.logs)
    stop, ready = threading.Event(), threading.Event()
    book = SourceBook(folder / "sources.yaml", Most(most))
    storing = Storing(made.shelf, Seal(INTAKE.public_key())) if stores else None

    def clock() -> float:
        return made.seconds

    def well() -> None:
        book.current()

    async def run() -> None:
        desk = Desk(
            door=Door(book, made.svids),
            taker=Taker(
                posting=made.posted,
                signer=lambda: SIGNER,
                naming=Naming(),
                tracer=telemetry.tracer,
                clock=lambda: NOW.astimezone(UTC),
            ),
            teller=Teller(telemetry, clock),
            well=well,
            storing=storing,
            rates=Rates(),
            room=made.room,
            porch=made.porch,
            clock=clock,
        )
        await serve(application(desk), listening, None, stop=stop, tick=ready.set)

    with bind("127.0.0.1:0", tls=False) as listening:
        made.port = int(listening.getsockname()[1])
        thread = threading.Thread(target=lambda: asyncio.run(run()), name="reception")
        thread.start()
        try:
            assert ready.wait(WAIT_S)
            yield made
        finally:
            stop.set()
            thread.join(WAIT_S)
            if storing is not None:
                storing.close()
        assert not thread.is_alive()
        telemetry.shutdown()
