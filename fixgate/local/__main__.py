"""The detached supervisor of `fixgate up`: one stack, until SIGTERM. Started by `launch.py`, never by hand.

Takes two inherited descriptors: the home's lock, taken by the caller, and a pipe on which the start is reported as
JSON lines. When the pipe's reader goes away before the stack is ready, whoever started it is dead, and it stops.
"""

import json
import logging
import os
import select
import signal
import sys
import threading
from dataclasses import asdict

from fixgate import settings
from fixgate.errors import FixgateError, Unavailable
from fixgate.local.pipeline import pipeline_services
from fixgate.local.progress import Step
from fixgate.local.stack import Stack

_logger = logging.getLogger("fixgate.supervisor")


class _Reports:
    """The writing end of the pipe; silent once the reader has gone or the stack is ready."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._open = True

    def step(self, step: Step) -> None:
        self.send({"step": asdict(step)})

    def send(self, message: object) -> None:
        with self._lock:
            if self._open:
                try:
                    os.write(self._descriptor, json.dumps(message).encode() + b"\n")
                except BrokenPipeError:
                    # `_stop_when_reader_is_gone` sees it too.
                    self._open = False

    def close(self) -> None:
        with self._lock:
            self._open = False
            os.close(self._descriptor)

    def stop_when_reader_is_gone(self, ready: threading.Event) -> None:
        """Run in a thread of its own: raise SIGTERM here when nobody reads any more and the stack is not ready."""
        poll = select.poll()
        # Only errors: the reader's end closing is one.
        poll.register(self._descriptor, 0)
        while not ready.is_set():
            if poll.poll(200) and not ready.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
                return


def main(arguments: list[str]) -> int:
    """Run a stack until told to stop; the exit code."""
    lock, pipe = map(int, arguments)
    for descriptor in (lock, pipe):
        os.set_inheritable(descriptor, False)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reports = _Reports(pipe)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        _run(lock, reports)
    except KeyboardInterrupt:
        _logger.info("stopped")
        # Nobody reads it when the stack was ready before.
        reports.send({"error": Unavailable.__name__, "message": "it was stopped while it was starting", "remedy": ""})
    except FixgateError as error:
        _logger.error("%s", error.message)  # noqa: TRY400 - the message says it all
        reports.send({"error": type(error).__name__, "message": error.message, "remedy": error.remedy})
        return error.exit_code
    return 0


def _run(lock: int, reports: _Reports) -> None:
    ready = threading.Event()
    threading.Thread(target=reports.stop_when_reader_is_gone, args=(ready,), daemon=True).start()
    configured = settings.load()
    stack = Stack(configured.home, settings=configured, services=pipeline_services, report=reports.step)
    try:
        stack.start(lock=lock)
        ready.set()
        reports.send({"ready": stack.bootstrap})
        reports.close()
        _logger.info("ready at %s", stack.bootstrap)
        while True:
            signal.pause()
    finally:
        # A second signal must not interrupt the stopping; what hangs is killed after its grace.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        stack.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
