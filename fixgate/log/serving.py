"""The witness on HTTP, on the loopback interface alone: a proxy in front of it may speak to the world."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, cast

from fixgate.log.witness import BODY_LIMIT, Answer, Witness

HOST: Final = "127.0.0.1"
_IDLE_S: Final = 10
_MONITOR: Final = "/checkpoint"


class WitnessServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 from when it is made; port 0 takes a free one. Raises OSError."""

    daemon_threads = True

    def __init__(self, witness: Witness, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.witness = witness

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle is its own affair."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fixgate-witness"
    sys_version = ""
    timeout = _IDLE_S

    def do_POST(self) -> None:
        """`POST /add-checkpoint`."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._answer(Answer(411, b"a request needs its length\n"), close=True)
        elif int(length) > BODY_LIMIT:
            self._answer(Answer(413, b"the request is too long\n"), close=True)
        else:
            body = self.rfile.read(int(length))
            known = self.path == "/add-checkpoint"
            self._answer(self._witness.add_checkpoint(body) if known else Answer(404, b"there is nothing here\n"))

    def do_GET(self) -> None:
        """`GET /<origin hash>/checkpoint`."""
        name = self.path.removeprefix("/").removesuffix(_MONITOR)
        known = self.path.endswith(_MONITOR)
        self._answer(self._witness.checkpoint(name) if known else Answer(404, b"there is nothing here\n"))

    @property
    def _witness(self) -> Witness:
        return cast(WitnessServer, self.server).witness

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: what is asked is not evidence of anything, and could fill a disk."""

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(answer.body)
