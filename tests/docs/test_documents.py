"""The documents against the code: what they name exists, and what must be said is said."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from fixgate import errors
from fixgate.cli import app
from fixgate.errors import Reason
from fixgate.kafka.watchdog import EXIT_HUNG
from fixgate.settings import ENV_PREFIX, Settings
from fixgate.telemetry import Alarm
from fixgate.topology import PIPELINE

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "schemas/*.md")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
ADRS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
THREATS = ROOT / "docs/threat-model.md"
OPERATIONS = ROOT / "docs/operations.md"

OTHER_PARTS = {
    "a person's key",
    "broker",
    "emulated account",
    "identity authority",
    "model",
    "witness",
    "object store",
    "network attacker",
    "operator's machine",
}
EVERY = {"every party", "every service"}
PLANNED: set[str] = set()
"""Commands that documents name as not there yet."""
UNPROVED = re.compile(r"not proved here: \w.{20,}")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
FOLDERS = ("fixgate/", "tests/", "docs/", "deploy/", "schemas/", "requirements/", "bench/")
MACHINE_PATH = re.compile(r"(?<![\w.:/>])(?:/(?:root|home|tmp|work|opt|var|usr|srv|mnt|Users)\b|[A-Z]:\\)")


def name_of(path: Path) -> str:
    """A document's path from the root."""
    return str(path.relative_to(ROOT))


@cache
def text_of(path: Path) -> str:
    """A document's text."""
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path, text: str) -> list[str]:
    """The links to files or headings that are not there; links elsewhere are not looked at."""
    broken: list[str] = []
    for target in LINK.findall(CODE_BLOCK.sub("", text)):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and (there.is_dir() or anchor not in anchors(there))):
            broken.append(target)
    return broken


def make_targets() -> set[str]:
    """The targets of the Makefile."""
    lines = re.findall(r"^([a-z][a-z -]*):", text_of(ROOT / "Makefile"), re.MULTILINE)
    return {target for line in lines for target in line.split()}


def unknown_targets(text: str) -> set[str]:
    """The make targets that a text names and that do not exist."""
    named = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE)
    return set(named) - make_targets()


def unknown_settings(text: str) -> set[str]:
    """The variables that a text names and that no process takes."""
    known = {ENV_PREFIX + field.upper() for field in Settings.model_fields}
    named = re.findall(rf"\b{ENV_PREFIX}[A-Z][A-Z_]*", text)
    return {name for name in named if name not in known and not name.startswith(ENV_PREFIX + "TEST_")}


def commands() -> set[str]:
    """The commands of the command line."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return set(group.commands)


def unknown_commands(text: str) -> set[str]:
    """The commands that a text names and that are neither there nor known to be missing."""
    named = re.findall(r"(?:`|^|\s)fixgate ([a-z][a-z-]*)", "\n".join(spans(text)), re.MULTILINE)
    return set(named) - commands() - PLANNED


def spans(text: str) -> list[str]:
    """What stands in a text as code."""
    return [*CODE_BLOCK.findall(text), *SPAN.findall(CODE_BLOCK.sub("", text))]


def missing_files(text: str) -> list[str]:
    """The files of this project that a text names as code and that are not there; patterns must match something."""
    named = [s.partition("::")[0] for s in spans(text) if s.startswith(FOLDERS) and not re.search(r"[\s<…]", s)]
    return [name for name in named if not list(ROOT.glob(name))]


@cache
def held_by(file: str) -> frozenset[str]:
    """The tests that a file holds; none when there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def named_tests(text: str) -> list[tuple[str, str]]:
    """The tests that a text names, by file and name."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)


def unproved(rows: list[list[str]]) -> list[str]:
    """The claims without a proof: no test that exists, nor words that say that there is none."""
    wanting: list[str] = []
    for part, claim, proof in rows:
        named = named_tests(proof)
        real = [test for file, test in named if test in held_by(file)]
        if len(real) < len(named) or not (real or UNPROVED.search(proof)):
            wanting.append(f"{part} cannot {claim}: {proof}")
    return wanting


def rows_of(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    _, _, rest = text_of(path).partition(f"# {heading}\n")
    lines = re.search(r"(?:^\|.*\|\n)+", rest, re.MULTILINE)
    assert lines is not None, f"{heading} has no table"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines.group().splitlines()[2:]]


def options(text: str) -> Iterator[str]:
    """The text of each option of a decision."""
    _, _, rest = text.partition("\n## Options\n")
    body, _, _ = rest.partition("\n## ")
    yield from re.split(r"^\*\*", body, flags=re.MULTILINE)[1:]


def test_a_broken_link_is_found() -> None:
    """A file or heading that is not there is named; one that is there, or elsewhere, is not."""
    text = "[a](nowhere.md) [b](adr/README.md#decisions) [c](#no-such-heading) [d](https://example.org/x)"
    assert broken_links(THREATS, text) == ["nowhere.md", "#no-such-heading"]


def test_unknown_names_are_found() -> None:
    """Targets, settings, commands and files that do not exist are named."""
    assert unknown_targets("run `make test` or `make coffee`") == {"coffee"}
    assert unknown_settings("FIXGATE_HOME, FIXGATE_TEST_CORPUS, FIXGATE_HOUSE") == {"FIXGATE_HOUSE"}
    assert unknown_commands("`fixgate up`, `fixgate brew --strong`") == {"brew"}
    assert missing_files("`fixgate/errors.py` `fixgate/mistakes.py` `deploy/kafka/*.yaml`") == ["fixgate/mistakes.py"]


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "surely",
        "not proved here:",
        "`tests/docs/test_documents.py::test_that_nobody_wrote`",
        "`tests/docs/nowhere.py::test_a_broken_link_is_found`",
        "`tests/docs/test_documents.py::test_a_broken_link_is_found`, `tests/docs/test_documents.py::test_nothing`",
    ],
)
def test_a_claim_without_a_proof_is_found(proof: str) -> None:
    """A claim names tests that all exist, or says in words what is missing."""
    assert unproved([["broker", "fly", proof]])


@pytest.mark.parametrize("path", ["/home/me/x", "in /tmp/x.log", r"C:\Users\me", "`/root/x`"])
def test_a_path_of_a_machine_is_found(path: str) -> None:
    """Paths of somebody's machine are recognised; identities and addresses are not taken for them."""
    assert MACHINE_PATH.search(path)
    assert not MACHINE_PATH.search("unix:///path/x.sock, spiffe://fixgate.internal/fixgate/log, the home/identity")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_what_a_document_names_exists(path: Path) -> None:
    """Links, make targets, settings, commands and files of every document."""
    text = text_of(path)
    assert broken_links(path, text) == []
    assert unknown_targets(text) == set()
    assert unknown_settings(text) == set()
    assert unknown_commands(text) == set()
    assert missing_files(text) == []
    assert [named for named in named_tests(text) if named[1] not in held_by(named[0])] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_no_document_holds_a_path_of_a_machine(path: Path) -> None:
    """What is written holds wherever the checkout lies."""
    assert MACHINE_PATH.findall(text_of(path)) == []


def test_what_is_said_to_be_missing_is_missing() -> None:
    """A command that has come is no longer called planned."""
    assert not PLANNED & commands()


def test_every_claim_has_its_proof() -> None:
    """Each row of what a part cannot do names tests that exist, or says what it would take."""
    assert unproved(rows_of(THREATS, "What it still cannot do")) == []


@pytest.mark.parametrize("heading", ["What each part can do when it is taken over", "What it still cannot do"])
def test_every_part_is_in_the_threat_model(heading: str) -> None:
    """Each party of the topology and each part around it: what it can do, and what it cannot."""
    parts = {row[0].strip("`") for row in rows_of(THREATS, heading)}
    assert parts - EVERY == PIPELINE.parties.keys() | OTHER_PARTS


def test_every_alarm_and_reason_is_explained() -> None:
    """Whoever is woken finds what it means and what to do."""
    assert [row[0] for row in rows_of(OPERATIONS, "Alarms")] == [f"`{kind}`" for kind in Alarm]
    assert [row[0] for row in rows_of(OPERATIONS, "Reasons for a rejection")] == [f"`{reason}`" for reason in Reason]


def test_every_exit_code_is_explained() -> None:
    """The codes of `errors.py` and of the watchdog stand in the table."""
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")} | {0, EXIT_HUNG}
    assert codes <= {int(row[0]) for row in rows_of(OPERATIONS, "Exit codes")}


def test_decisions_are_numbered_and_listed() -> None:
    """Numbers follow each other without a gap, and the index has each page once."""
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))
    assert re.findall(r"\((\d{4}-[\w-]+\.md)\)", text_of(ROOT / "docs/adr/README.md")) == [p.name for p in ADRS]


@pytest.mark.parametrize("path", ADRS, ids=name_of)
def test_a_decision_has_its_sections(path: Path) -> None:
    """Context, options with what is good and bad about each, decision and consequences, on one page."""
    text = text_of(path)
    assert re.match(rf"# {path.name[:4]}\. .+\n\nStatus: \w+", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Options", "Decision", "Consequences"]
    offered = list(options(text))
    assert len(offered) > 1
    assert all("Good:" in option and "Bad:" in option for option in offered)
    assert len(text.splitlines()) <= 60
