"""The bench of reports: what is measured is real reports, and what is said of them follows; nothing is timed here."""

import json
from pathlib import Path

import pytest

from bench.intake import figures
from bench.intake.memory import main as measure_memory
from bench.intake.multiplied import long_sarif, multiplied
from bench.intake.speed import measured
from bench.intake.through import Through
from fixgate.reports.registry import ADAPTERS
from fixgate.reports.report import read


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_a_large_report_is_of_its_format_and_full_of_findings(name: str) -> None:
    """Results that are repeats would cost less than real ones."""
    data = multiplied(name, 30_000)
    report = read(data)
    assert (report.format, len(data) >= 30_000) == (name, True)
    assert len(report.findings) > report.repeated
    assert not report.rejected


def test_each_round_is_compared_with_its_own_baseline() -> None:
    """The share is the median of the rounds' shares, and the goal is for reading."""
    of = {"bytes": 2_000_000, "results": 10, "loads": [1, 2, 4], "read": [5, 20, 10], "findings": [5, 20, 10]}
    loads, reading, making = figures.formats({"sarif": of})
    assert (loads.name, loads.value) == ("sarif, loads", 1.0)
    assert (reading.ratio, reading.goal is not None, reading.met) == (0.2, True, True)
    assert (making.ratio, making.goal) == (0.1, None)


def test_a_format_is_measured_in_all_three_ways() -> None:
    """Every round has a time for each."""
    said = measured("gitleaks", 5_000, 2)
    assert {len(said[n]) for n in ("loads", "read", "findings")} == {2}
    assert said["results"] > 2


def test_a_long_report_is_measured_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every result becomes a finding, whose rules stand behind them."""
    path = tmp_path / "long.sarif"
    path.write_bytes(b"".join(long_sarif(100_000)))
    measure_memory(path)
    said = json.loads(capsys.readouterr().out)
    assert said["findings"] == said["results"] == len(read(path.read_bytes()).findings)
    memory, speed = figures.memory(100_000, said)
    assert (memory.limit, speed.unit.value) == (400.0, "MB/s")


def test_the_rate_of_ingest_says_whether_it_is_enough() -> None:
    """And what each program used for a finding."""
    rate, *used = figures.through(Through(findings=5_000, seconds=2.0, cpu={"ingest": 1.0, "broker": 2.0}))
    assert (rate.value, "goal 2,500/s: met" in rate.meaning) == (2_500.0, True)
    assert [(f.name, f.value) for f in used] == [("processor: broker", 400.0), ("processor: ingest", 200.0)]
