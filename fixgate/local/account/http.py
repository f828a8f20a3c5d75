"""HTTP around the front and the git host: reads requests whole, and can end a connection without an answer."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from fixgate.local.account.faults import Dropped
from fixgate.local.account.messages import Answer, Request
from fixgate.local.ports import LOOPBACK

_BODY_LIMIT = 64 * 1024 * 1024
_TOO_LARGE = Answer(status=413, body=b"the request is too large\n")
_DEFECT = Answer(status=500, body=b"the emulated account has a defect; its log says which\n")
_logger = logging.getLogger(__name__)


class _Handler(MotoRequestHandler):
    """Answers the requests of one connection, one after the other.

    werkzeug's own handler ends the connection after each, for it does not know whether the request was read to its end.
    Here it always was, and whoever makes thirty calls for a change need not connect thirty times.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def answered(self, environ: dict[str, Any]) -> Answer | None:
        """The answer; None when the connection is to end without one."""
        raise NotImplementedError

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        self.environ = environ = self.make_environ()
        said = self.answered(environ)
        if said is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        if said in (_TOO_LARGE, _DEFECT):
            self.send_header("Connection", "close")  # it may not have been read to its end
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        # What was asked is in the trail; an address may hold what a log must not.
        del code, size

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        del error, environ


def serve(port: int, answer: Callable[[Request], Answer], name: str) -> BaseWSGIServer:
    """Listen on a port of the loopback address; answers in threads of its own. Raises OSError."""

    class Handler(_Handler):
        """This server's."""

        def answered(self, environ: dict[str, Any]) -> Answer | None:
            """See `_Handler`."""
            return _answered(environ, answer)

    server = make_server(LOOPBACK, port, _nothing, threaded=True, request_handler=Handler)
    # A client that goes away must not keep the process from ending.
    server.daemon_threads = True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, name=name, daemon=True).start()
    return server


def _nothing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What werkzeug wants to be given; the handler does not call it."""
    raise NotImplementedError


def _answered(environ: dict[str, Any], answer: Callable[[Request], Answer]) -> Answer | None:
    """The answer; None when the connection is to end without one."""
    try:
        request = _request(environ)
        return _TOO_LARGE if request is None else answer(request)
    except Dropped:
        return None
    except Exception:
        _logger.exception("a request could not be answered")
        return _DEFECT


def _request(environ: dict[str, Any]) -> Request | None:
    length = environ.get("CONTENT_LENGTH")
    chunked = bool(environ.get("wsgi.input_terminated"))
    if length and int(length) > _BODY_LIMIT:
        return None
    body = environ["wsgi.input"].read(_BODY_LIMIT + 1 if chunked else int(length or 0))
    if len(body) > _BODY_LIMIT:
        return None
    path, _, query = str(environ["RAW_URI"]).partition("?")
    headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
    for plain in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(plain):
            headers[plain.replace("_", "-").lower()] = environ[plain]
    return Request(
        method=environ["REQUEST_METHOD"], path=path, query=query, headers=headers, body=body, environ=environ
    )
