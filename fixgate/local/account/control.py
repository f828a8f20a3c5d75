"""The account's own entrance, beside AWS and git: faults, and its state as it is. A socket closed to other users.

One JSON object a line, one line back: `{"do": "slow", "milliseconds": 50}` gives `{"result": null}` or `{"error": …}`.
"""

import json
import logging
import os
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_logger = logging.getLogger(__name__)
Command = Callable[..., Any]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(json.dumps(self._answer(line)).encode() + b"\n")

    def _answer(self, line: bytes) -> Mapping[str, Any]:
        server: Any = self.server
        try:
            wanted = json.loads(line)
            command: Command = server.commands[wanted.pop("do")]
            return {"result": command(**wanted)}
        except Exception as error:
            # Whoever opens this socket is its own user: it may know why.
            _logger.exception("a command failed")
            return {"error": f"{type(error).__name__}: {error}"}


class ControlServer(socketserver.ThreadingUnixStreamServer):
    """Listens as soon as it is made; `commands` by their names."""

    daemon_threads = True

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        path.unlink(missing_ok=True)
        self.commands = commands
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)
        threading.Thread(target=self.serve_forever, name="control", daemon=True).start()
