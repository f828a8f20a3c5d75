"""`python -m bench.whole.sampled FILE MODULE`: run a module as a program, and write where its processor time went.

Forty times a second each thread's own processor clock is read, and what it has used since is put down to the functions
that it stands in. That costs about a hundredth of a core; a native call counts for the Python function that made it.
"""

import json
import runpy
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

EVERY_S: Final = 0.025
_ROOT: Final = f"{Path(__file__).parents[2]}/"
_OTHERS: Final = tuple(f"{_ROOT}{name}" for name in (".venv/", "bench/"))


class Sampler:
    """Samples all threads of this process until `stop`. `own` and `within` are seconds by function."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self._clocks: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        mine = threading.get_ident()
        while not self._stop.wait(EVERY_S):
            for ident, frame in _frames().items():
                used = self._used(ident)
                if ident != mine and used > 0:
                    self._put_down(frame, used)

    def _used(self, ident: int) -> float:
        try:
            now = time.clock_gettime(time.pthread_getcpuclockid(ident))
        except OSError:
            return 0.0  # it has ended
        before = self._clocks.get(ident, now)
        self._clocks[ident] = now
        return now - before

    def _put_down(self, frame: FrameType, used: float) -> None:
        self.own[_name(frame)] += used  # type: ignore[assignment]  # a Counter of seconds
        names: set[str] = set()
        at: FrameType | None = frame
        while at is not None:
            names.add(_name(at))
            at = at.f_back
        for name in names:
            self.within[name] += used  # type: ignore[assignment]  # as above


def _frames() -> dict[int, FrameType]:
    """What each thread is at; the interpreter's documentation gives this as the way."""
    return sys._current_frames()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # there is no other


def _name(frame: FrameType) -> str:
    """The file, from the project's root where it is ours, and the function."""
    file = frame.f_code.co_filename
    ours = not file.startswith(_OTHERS) and file.startswith(_ROOT)
    shown = file.removeprefix(_ROOT) if ours else "/".join(Path(file).parts[-2:])
    return f"{shown}:{frame.f_code.co_qualname}"


def main(file: Path, module: str) -> None:
    """Run it to its end, and write what was seen."""
    sampler = Sampler()
    sampler.start()
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sampler.stop()
        file.write_text(json.dumps({"own": dict(sampler.own), "within": dict(sampler.within)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
