"""What a report may say, and how it reads on a terminal, in a pipe and in the documents."""

import io
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench import table
from bench.report import Figure, Report
from fixgate.errors import Misconfigured
from tests.bench.reports import BASELINE, MET, MISSED, REPORT


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"goal": {"of": "baseline", "ratio": 0.5}, "ratio": None}, id="no ratio"),
        pytest.param({"goal": {"of": "another", "ratio": 0.5}}, id="a ratio to something else"),
        pytest.param({"value": -1}, id="negative"),
        pytest.param({"unit": "furlongs"}, id="an unknown unit"),
        pytest.param({"unknown": 1}, id="an unknown field"),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    """A goal is never held to a ratio that was not measured against it."""
    with pytest.raises(ValidationError):
        Figure.model_validate({**MET.model_dump(), **change})


def test_a_document_without_a_place_for_results_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written where nobody expects it."""
    path = tmp_path / "doc.md"
    path.write_text("text")
    with pytest.raises(Misconfigured, match="no place"):
        table.write_docs(REPORT, path)
    assert path.read_text() == "text"


def test_the_json_is_the_report() -> None:
    """What is written is read back as it was, and a program can check it against the schema's required fields."""
    assert Report.model_validate_json(REPORT.model_dump_json()) == REPORT
    schema = Report.model_json_schema()
    assert {"begun_at", "machine", "figures", "quick"} <= set(schema["required"])
    assert {"cpu", "cores", "memory_mib", "kafka", "librdkafka", "commit"} <= set(
        schema["$defs"]["Machine"]["required"]
    )
    assert schema["additionalProperties"] is False


def test_goals_are_met_or_missed_by_so_much() -> None:
    """A figure says itself how far from its goal it is."""
    assert (BASELINE.met, BASELINE.verdict) == (None, "")
    assert (MET.met, MET.verdict) == (True, "met, 20% above")
    assert (MISSED.met, MISSED.verdict) == (False, "missed by 25%")


def test_a_pipe_gets_lines() -> None:
    """One line for each figure, its cells apart by tabs."""
    out = io.StringIO()
    table.show(REPORT, out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "# Handing records on"
    assert lines[1].split("\t") == ["baseline", "30,000 records/s", "10 µs/record", "a loop"]
    assert "missed by 25%" in lines[3].split("\t")
    assert lines[5].split("\t")[1] == "6.79 s"
    assert lines[-1] == "without quixstreams: no network"


def test_a_terminal_gets_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """All figures and verdicts are in them."""
    monkeypatch.setenv("COLUMNS", "200")
    out = Terminal()
    table.show(REPORT, out)
    for word in ("relay-bare", "met, 20% above", "missed by 25%", "6.79 s", "A CPU"):
        assert word in out.getvalue()


def test_the_document_gets_the_results_between_its_marks(tmp_path: Path) -> None:
    """A second run replaces the first one's results and nothing else."""
    path = tmp_path / "doc.md"
    path.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write_docs(REPORT, path)
    once = path.read_text()
    table.write_docs(REPORT, path)
    assert path.read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "old" not in once
    assert "| relay | 3,000 records/s |" in once
