"""An emulated account as a process of its own, outside a stack; for tests."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from fixgate.errors import Unavailable
from fixgate.local.account.client import Control
from fixgate.local.account.config import CONFIG, AccountConfig, write
from fixgate.local.ports import LOOPBACK
from fixgate.local.process import CODE_ROOT, module

_START_S = 60.0
_STOP_S = 20.0
_POLL_S = 0.02


@dataclass(slots=True)
class RunningAccount:
    """A context manager: started and answering inside it. The folder's path must be short: a socket lies in it."""

    folder: Path
    config: AccountConfig
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        """The address of AWS, for `FIXGATE_AWS_ENDPOINT`."""
        return f"http://{LOOPBACK}:{self.config.api_port}"

    @property
    def git(self) -> str:
        """The address of the git host, for `FIXGATE_GIT_HOST` and `FIXGATE_GIT_MIRRORS`."""
        return f"http://{LOOPBACK}:{self.config.git_port}"

    @property
    def control(self) -> Control:
        """Its control socket."""
        return Control(self.folder)

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def __enter__(self) -> Self:
        """Start it, and return when it answers; raises Unavailable."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(self.folder / CONFIG, self.config)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                module("fixgate.local.account", str(self.folder)), cwd=CODE_ROOT, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        while not self.control.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise Unavailable(f"the emulated account did not start: {self.log()}")
            time.sleep(_POLL_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_S)
