"""The file in which a large report is in the clear: nobody finds it, and nothing is left of it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.errors import Poison, Reason, Transient
from fixgate.local.process import CODE_ROOT
from services.ingest.adapters.spool import check_fits, mapped, spooled


def test_a_full_disk_is_no_fault_of_the_report(tmp_path: Path) -> None:
    """Nor is a folder that is not there."""
    with pytest.raises(Transient, match="could not be put"):
        spooled([b"x"], tmp_path / "absent")


def test_a_report_that_no_waiting_would_make_fit_is_refused(tmp_path: Path) -> None:
    """It would come again for ever, and what is behind it would wait; a full disk is another matter."""
    whole = shutil.disk_usage(tmp_path).total
    with pytest.raises(Poison, match=rf"has {whole + 1} bytes; the disk .* has {whole}") as refused:
        check_fits(whole + 1, tmp_path)
    assert refused.value.reason is Reason.OVERSIZED
    check_fits(whole, tmp_path)
    with pytest.raises(Transient, match="could not be put"):
        check_fits(1, tmp_path / "absent")


def test_a_spool_has_no_name_and_is_closed_to_others(tmp_path: Path) -> None:
    """While it is written, and when it is mapped; the map holds when the file is closed."""
    seen: list[list[Path]] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"one ", b"two"):
            yield piece
            seen.append(list(tmp_path.iterdir()))

    with spooled(pieces(), tmp_path) as spool:
        state = os.fstat(spool.fileno())
        assert (state.st_nlink, state.st_mode & 0o777) == (0, 0o600)
        held = mapped(spool)
    assert held[:] == b"one two"
    assert seen == [[], []]


def test_nothing_is_left_of_a_spool_by_a_kill(tmp_path: Path) -> None:
    """A kill -9 in the middle leaves an empty folder."""
    program = (
        "import sys, time; from pathlib import Path; from services.ingest.adapters.spool import mapped, spooled\n"
        "spool = spooled([b'x' * 1_000_000], Path(sys.argv[1])); held = mapped(spool)\n"
        "print(len(held), flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=CODE_ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1000000\n"
        process.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []
