"""`fixgate demo` as a visitor runs it: what each trouble comes to, what is said, and that nothing is left."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from fixgate.demo.account import Thing, contradictions
from fixgate.demo.endings import troubles
from fixgate.demo.reports import ACCOUNT
from fixgate.local.process import CODE_ROOT

pytestmark = pytest.mark.timeout(600)  # the whole demo takes two minutes, and more on a machine that is busy

WAIT_S = 480.0
WAS = Thing(words="open", written="none", rest="tags")
CHANGED = Thing(words="blocked", written="all", rest="tags")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that does not exist yet; its path is short, because sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="fg-", dir="/tmp") as folder:
        yield Path(folder) / "demo"


def begun(home: Path) -> "subprocess.Popen[str]":
    """The demo under way, without a terminal; its processes are found by the home in their environment."""
    return subprocess.Popen(
        [sys.executable, "-m", "fixgate.cli", "demo", "--home", str(home)],
        cwd=CODE_ROOT,
        env={**os.environ, "FIXGATE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left(home: Path) -> list[str]:
    """What still runs of it."""
    found: list[str] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("FIXGATE_HOME") == str(home):
                found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.parametrize(
    ("after", "ending", "why"),
    [
        pytest.param(WAS, "done", "was not changed", id="said to be done, and is not"),
        pytest.param(CHANGED, "refused", "no outcome says done", id="refused, and changed all the same"),
        pytest.param(CHANGED, "rolled_back", "no outcome says done", id="rolled back, and is not as before"),
        pytest.param(CHANGED, "", "no outcome says done", id="changed without any record"),
        pytest.param(
            Thing(words="blocked", written="all", rest="other"),
            "done",
            "where no change may write",
            id="more was changed than may be",
        ),
        pytest.param(None, "done", "went", id="gone"),
    ],
)
def test_an_account_that_is_not_what_the_records_say_fails_the_demo(after: Thing | None, ending: str, why: str) -> None:
    """Whatever the pipeline says of itself, the account has the last word."""
    found = list(contradictions({"bucket": WAS}, {} if after is None else {"bucket": after}, {"bucket": ending}))
    assert len(found) == 1
    assert why in found[0]


def test_an_account_that_is_what_the_records_say_is_no_contradiction() -> None:
    """Done and changed; refused and as before; of no concern and as before."""
    before = {"a": WAS, "b": WAS, "c": WAS}
    after = {"a": CHANGED, "b": WAS, "c": WAS}
    assert not list(contradictions(before, after, {"a": "done", "b": "refused"}))


def test_a_folder_that_is_in_use_is_refused(home: Path) -> None:
    """The demo takes no stack that is somebody's."""
    home.mkdir()
    (home / "mine").touch()
    demo = begun(home)
    _, said = demo.communicate(timeout=WAIT_S)
    assert demo.returncode == 2
    assert "is not empty" in said
    assert [p.name for p in home.iterdir()] == ["mine"]


@pytest.mark.broker
def test_an_interrupted_demo_leaves_nothing_running(home: Path) -> None:
    """Ctrl-C in the middle of the start: one line, exit code 130, and every process has ended."""
    demo = begun(home)
    assert demo.stderr is not None
    for line in demo.stderr:
        if line.startswith("topics"):
            break
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=WAIT_S)
    assert demo.returncode == 130
    assert said.splitlines()[-1] == "interrupted: everything is stopped"
    assert "Traceback" not in said
    assert left(home) == []


@pytest.mark.broker
def test_the_demo_comes_to_what_it_promises(home: Path) -> None:
    """Done, approved, refused, left alone, rolled back, halted: told in plain lines, verified, and without a secret."""
    demo = begun(home)
    told, errors = demo.communicate(timeout=WAIT_S)
    assert demo.returncode == 0, told + errors
    assert left(home) == []
    endings = told[told.index("How it all ended") :]
    for trouble in troubles(ACCOUNT, "").values():
        assert f"{trouble.ending:12} {trouble.words}" in endings
    for words in (
        "waiting      a public bucket in production",
        "answer: fixgate approve|reject|request-changes proposal-",
        "signed by bob; the gate decides",
        "people approved it",
        "there is an exception by alice",
        "changes are halted by carol",
        "anonymous failed",
        "key Active → key Inactive",
        "Nothing else in the account changed.",
        "dead: expired, AccessDenied",
        "time by the witness",
        "Nothing is left running.",
    ):
        assert words in told
    assert "NOT verified" not in told
    assert [line for line in errors.splitlines() if not line.split(":")[0].endswith(("…", "done"))] == []
    written = told + errors + "".join(log.read_text(errors="replace") for log in (home / "logs").glob("*.log"))
    seeded = json.loads((home / "account" / "seeded.json").read_bytes())
    assert seeded
    for key in seeded.values():
        assert key["secret_access_key"] not in written
