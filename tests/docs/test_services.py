"""Each service is where one looks for it, has the same files, and says of itself what the topology says."""

import ast
import re
from pathlib import Path

import pytest

from fixgate.graph import Role, rejected_topic, state_topic
from fixgate.topology import PIPELINE

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(p.name for p in PIPELINE.parties.values() if p.role is Role.SERVICE)
FILES = ("README.md", "__init__.py", "__main__.py", "decide.py", "service.py")
LONGEST = 60


def readme_of(service: str) -> str:
    """What the service says of itself."""
    return (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")


def test_there_is_a_folder_for_each_service_and_no_other() -> None:
    """Its name is the party's, and so is that of its tests."""
    folders = {p.name for p in (ROOT / "services").iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert folders == set(SERVICES)
    assert [s for s in SERVICES if not (ROOT / "tests" / s).is_dir()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_files_that_each_has(service: str) -> None:
    """And its package says in a sentence what it is."""
    folder = ROOT / "services" / service
    assert [name for name in FILES if not (folder / name).is_file()] == []
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("service", SERVICES)
def test_a_readme_names_what_is_read_and_written(service: str) -> None:
    """Every topic of the service's that others see, what it promises and refuses, and on a screen."""
    text, party = readme_of(service), PIPELINE.party(service)
    own = {state_topic(service), rejected_topic(service)}
    assert [t for t in (*party.reads, *party.writes) if t not in own and f"`{t}`" not in text] == []
    missing = [w for w in ("Promises", "Reads", "Writes", "touch", "Refuses") if not re.search(w, text, re.IGNORECASE)]
    assert missing == []
    assert text.startswith(f"# {service}\n")
    assert len(text.splitlines()) <= LONGEST
