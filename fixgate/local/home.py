"""Where the embedded stack keeps what it has: the folder's layout, its checks, its lock and atomic writes.

home/
├── stack.json               what runs (statefile.py)
├── stack.lock               held, with flock, for as long as a stack runs
├── logs/<process>.log
├── identity/                the development authority's keys, sockets and published bundles
│   └── <party>/agent.sock
├── keys/                    what seals and hashes
├── objects/                 what is too large for a message, and kept originals (objects.py)
├── account/                 the emulated account's configuration, socket and repositories
└── kafka/                   the broker's configuration and data
"""

import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fixgate.errors import Misconfigured, Unavailable
from fixgate.graph import MIB

SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103
"""Bytes of a unix socket's path: `sun_path` of Linux holds 108 with the closing NUL (unix(7)), macOS's 104."""
LEAST_FREE_BYTES = 512 * MIB
"""Free space without which a start is refused: the broker stops for good when its disk is full."""


@dataclass(frozen=True, slots=True)
class Home:
    """The layout of one stack's folder; two stacks have two homes."""

    path: Path

    @property
    def state(self) -> Path:
        """The state file."""
        return self.path / "stack.json"

    @property
    def lock(self) -> Path:
        """The file whose lock says that a stack runs."""
        return self.path / "stack.lock"

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        return self.path / "logs"

    @property
    def identity(self) -> Path:
        """The authority's folder, closed to other users."""
        return self.path / "identity"

    @property
    def kafka(self) -> Path:
        """The broker's folder, closed to other users: its configuration holds a secret."""
        return self.path / "kafka"

    @property
    def keys(self) -> Path:
        """The folder of keys, closed to other users."""
        return self.path / "keys"

    @property
    def intake(self) -> Path:
        """The public half of the key that reports are sealed with which are too large for a message."""
        return self.keys / "intake.pub"

    @property
    def objects(self) -> Path:
        """The object store's folder, made when it is needed."""
        return self.path / "objects"

    @property
    def account(self) -> Path:
        """The emulated account's folder, closed to other users: it holds keys and a socket for faults."""
        return self.path / "account"

    @property
    def jwks(self) -> Path:
        """The JWT keys that the broker trusts."""
        return self.identity / "jwks.json"

    def log(self, process: str) -> Path:
        """The log file of a process."""
        return self.logs / f"{process}.log"

    def socket(self, party: str) -> Path:
        """The Workload API socket that gives one party's identity and no other."""
        return self.identity / party / "agent.sock"

    def prepare(self) -> None:
        """Make the folders, closed to other users.

        Raises Misconfigured when the folder is another user's, and Unavailable when it cannot be written.
        """
        with disk_errors(self.path):
            for folder in (self.path, self.logs, self.identity, self.kafka, self.keys, self.account):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._check_owner(folder)
            for private in (self.identity, self.kafka, self.keys, self.account):
                private.chmod(0o700)
            probe = self.path / ".probe"
            probe.write_bytes(b"")
            probe.unlink()

    def check_sockets(self, parties: Iterable[str]) -> None:
        """Raises Misconfigured when a party's socket would have a path that no socket can have."""
        for party in parties:
            path = os.fsencode(self.socket(party))
            if len(path) > SOCKET_PATH_LIMIT:
                raise Misconfigured(
                    f"the path of {party}'s identity socket has {len(path)} bytes, "
                    f"a unix socket's may have {SOCKET_PATH_LIMIT}: {os.fsdecode(path)}",
                    remedy="Set FIXGATE_HOME to a shorter path.",
                )

    def check_space(self, least: int = LEAST_FREE_BYTES) -> None:
        """Raises Unavailable when fewer than `least` bytes are free."""
        free = shutil.disk_usage(self.path).free
        if free < least:
            raise Unavailable(
                f"only {free // MIB} MiB are free at {self.path}; the broker needs {least // MIB} MiB",
                remedy="Free some space, or set FIXGATE_HOME to a folder on another disk.",
            )

    @staticmethod
    def _check_owner(folder: Path) -> None:
        owner = folder.stat().st_uid
        if owner != os.geteuid():
            raise Misconfigured(
                f"{folder} belongs to user {owner}, not to user {os.geteuid()} who runs this",
                remedy="Run as that user, or set FIXGATE_HOME to a folder of your own.",
            )


@contextmanager
def disk_errors(path: Path) -> Generator[None]:
    """Turn the operating system's words about a full, read-only or closed disk into ours."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                f"the disk is full: {where} could not be written",
                remedy="Free some space, or set FIXGATE_HOME and FIXGATE_CACHE_DIR to another disk.",
            ) from error
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            raise Unavailable(
                f"a file stands in the way: {where} is not a folder", remedy="Set FIXGATE_HOME to a folder."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise Unavailable(
                f"{where} cannot be written: {error.strerror}",
                remedy="Make the folder writable, or set FIXGATE_HOME to another one.",
            ) from error
        raise


def take_lock(home: Home) -> int:
    """The descriptor of the taken lock; never blocks. Raises Unavailable when a stack runs in this home.

    The lock lives as long as any process has the descriptor open: it can be handed to a child.
    """
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Unavailable(
            f"a stack is already running in {home.path}",
            remedy="Use it (`fixgate status`), stop it (`fixgate down`), or set FIXGATE_HOME to another folder.",
        ) from None
    return descriptor


def is_locked(home: Home) -> bool:
    """Whether a stack runs in this home; changes nothing."""
    try:
        descriptor = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace the file as a whole: a reader sees the old bytes or the new, and so does a start after a crash.

    One writer at a time: what a killed one left aside is written over.
    """
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
