"""Runs a program that cannot outlive its parent: `python leash.py PARENT_PID NICENESS PROGRAM ARGUMENT…`.

The kernel is asked to kill this process when the parent's thread that started it ends, however it ends (prctl(2),
PR_SET_PDEATHSIG; the request survives execve), and then the program takes this process's place. A separate little
program, because between fork and exec a process with threads may not run Python. Where there is no prctl, what
outlives a killed supervisor is found by the next start (`statefile.py`).

The niceness (nice(2)) is told to the scheduler twice: Linux may weigh sessions against each other before processes
(sched(7), the autogroup feature), and each program here has a session of its own.

Imports nothing of the project: it is started with Python's isolated mode, which takes a few milliseconds.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_NOT_FOUND = 127


def main(arguments: list[str]) -> int:
    """Never returns when the program could be started."""
    parent, niceness, program = int(arguments[0]), int(arguments[1]), arguments[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.stderr.write(f"prctl: {os.strerror(ctypes.get_errno())}\n")
            return 1
    if os.getppid() != parent:
        # It ended before the request was made.
        return 1
    if niceness:
        os.nice(niceness)
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))
    try:
        os.execvp(program[0], program)  # noqa: S606 - no shell is wanted: the program takes this process's place
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
    return _NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
