"""The command line as such: exit codes, errors on standard error, no traceback, quick help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixgate import cli
from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.local.process import CODE_ROOT


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "fixgate.cli", *arguments],
        cwd=CODE_ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [(Refused("no", remedy="Ask."), 1), (Misconfigured("no", remedy="Ask."), 2), (Unavailable("no", remedy="Ask."), 3)],
)
def test_an_error_is_two_lines_and_its_exit_code(
    error: Exception, expected: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What happened, what to do, and nothing on standard output."""

    def fail(**_: str) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == expected
    assert capsys.readouterr() == ("", "error: no\n  Ask.\n")


def test_an_interrupt_is_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As shells expect it of a program ended by SIGINT."""

    def interrupted(**_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.EXIT_INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_a_command_that_does_not_exist_is_wrong_usage() -> None:
    """Exit code 2, on standard error."""
    said = run("frobnicate")
    assert said.returncode == 2
    assert "No such command" in said.stderr
    assert said.stdout == ""


def test_a_setting_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    """A typo in the environment is an error, not a default that passes."""
    said = run("status", FIXGATE_HOME=str(tmp_path), FIXGATE_KAFKA_PROT="1")
    assert said.returncode == 2
    assert "FIXGATE_KAFKA_PROT" in said.stderr


def test_the_version_is_printed() -> None:
    """One line."""
    said = run("--version")
    assert (said.returncode, said.stdout.split()[0]) == (0, "fixgate")


def test_help_names_the_commands() -> None:
    """Whatever can be asked for is shown."""
    said = run("--help")
    assert said.returncode == 0
    for command in ("up", "down", "status", "doctor", "topology"):
        assert command in said.stdout


def test_help_imports_nothing_heavy() -> None:
    """Completion asks for it at each press of a key."""
    heavy = ("pydantic", "grpc", "confluent_kafka", "cryptography", "spiffe", "psutil", "rich")
    script = f"import sys, fixgate.cli; print([m for m in {heavy!r} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=CODE_ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "[]"


def test_a_shell_completes_commands() -> None:
    """By the protocol of the completion scripts that `--install-completion` puts into a shell."""
    said = run(_FIXGATE_COMPLETE="complete_bash", COMP_WORDS="fixgate sta", COMP_CWORD="1")
    assert said.stdout.split() == ["status"]
