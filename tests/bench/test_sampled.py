"""What a sampled program leaves behind."""

import json
import subprocess
import sys
from pathlib import Path

from bench import machine


def test_a_program_runs_as_it_would_and_leaves_its_samples(tmp_path: Path) -> None:
    """With its exit code; the project's own functions are named from its root."""
    file = tmp_path / "samples.json"
    command = [sys.executable, "-m", "bench.whole.sampled", str(file), "bench.whole.rehearsals"]
    ended = subprocess.run(command, cwd=machine.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "IndexError" in ended.stderr, "the program was given no argument"
    seen = json.loads(file.read_text())
    assert seen.keys() == {"own", "within"}
    assert any(name.startswith("fixgate/") for name in seen["within"])
    assert not any(name.startswith("/") for name in seen["within"])
