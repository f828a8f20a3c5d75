"""The README's table of commands against what the command line itself says."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperArgument, TyperGroup
from typer.testing import CliRunner

from fixgate.cli import app
from fixgate.derived import commands

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WHOLE = typer.main.get_command(app)
assert isinstance(WHOLE, TyperGroup)
GROUPS = ("", *(name for name, child in WHOLE.commands.items() if isinstance(child, TyperGroup)))


def told() -> dict[str, str]:
    """The README's commands and their one line each."""
    _, _, rest = README.partition("<!-- generated:commands -->\n")
    table, _, _ = rest.partition("<!-- /generated -->")
    rows = re.findall(r"^\| `(fixgate .+?)` \| (.+) \|$", table, re.MULTILINE)
    return {typed.replace("\\|", "|"): does for typed, does in rows}


def helped(*arguments: str, columns: int) -> str:
    """What `--help` prints in a terminal of that width, without its frames and line ends."""
    said = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": str(columns), "TERM": "dumb"})
    assert said.exit_code == 0
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", said.stdout).split())


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("group", GROUPS)
def test_the_help_says_what_the_readme_says(group: str, columns: int) -> None:
    """Each command of a group stands in its help with the README's own line, whatever the terminal's width."""
    said = helped(*group.split(), columns=columns)
    for typed, does in told().items():
        words = typed.split()[1:]
        if words[0] == group or (not group and words[0] not in GROUPS):
            name = words[1] if group else words[0]
            assert f"{name} {does}" in said


def test_every_command_is_in_the_readme() -> None:
    """No command is missing, and none stands there that is not."""
    assert told() == dict(commands.lines())


def test_every_command_and_option_says_what_it_is_for() -> None:
    """A line for each command that ends as a sentence does, and words for each option."""

    def look(command: object, typed: str) -> None:
        if isinstance(command, TyperGroup):
            for name, child in command.commands.items():
                look(child, f"{typed} {name}")
            return
        silent = [
            p.name
            for p in getattr(command, "params", ())
            if not isinstance(p, TyperArgument) and not getattr(p, "help", "")
        ]
        assert silent == [], typed

    look(WHOLE, "fixgate")
    assert [typed for typed, does in commands.lines() if not does.endswith((".", "`."))] == []
