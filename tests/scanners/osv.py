"""A database of vulnerabilities on this machine, which answers pip-audit as OSV does."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

_VULNERABILITIES: Final = [
    {
        "id": f"GHSA-{letter * 4}-{letter * 4}-{letter * 4}",
        "aliases": [f"CVE-2014-{number}"],
        "summary": "A made-up vulnerability",
        "details": "Templates leave their sandbox.",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "jinja2"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.7.2"}]}],
                "versions": ["2.4.1"],
            }
        ],
    }
    for letter, number in (("x", 1402), ("w", 1403))
]


class _Answers(BaseHTTPRequestHandler):
    """What is asked for is in the body: a package and its version."""

    def do_POST(self) -> None:
        """Answer `/v1/query` (the method's name is the library's)."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = asked["package"]["name"] == "jinja2"
        answer = json.dumps({"vulns": _VULNERABILITIES} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def serving() -> Generator[str]:
    """The address while it answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever, name="osv", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
