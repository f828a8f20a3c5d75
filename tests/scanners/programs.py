"""The real scanners: how each is run as its users run it, and how many results it says it has.

Nothing leaves this machine: whatever tries goes to a proxy that is not there.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.scanners.project import PINS, RULES

SETTING: Final = "FIXGATE_TEST_SCANNERS"
FOLDER: Final = os.environ.get(SETTING, "")
PRINTED: Final = "printed"
"""The file with what a scanner printed."""
_NOWHERE: Final = "http://127.0.0.1:9"
_SECONDS: Final = 280


@dataclass(frozen=True, slots=True)
class Printed:
    """What a scanner wrote: its report, and what it said to people besides."""

    report: bytes
    said: str

    @property
    def value(self) -> Any:
        """The report as JSON."""
        return json.loads(self.report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """One scanner and one form of its reports, which is told apart as `form`.

    `arguments` may hold `{out}`, a folder for `file`, and `{osv}`; without a file the report is what is printed. Equal
    arguments are run once. `counted` is the scanner's own number of results.
    """

    name: str
    form: str
    arguments: str
    counted: Callable[[Printed], int]
    file: str = ""
    shows: bool = False
    """Whether the report holds a secret of the project as it is."""

    @property
    def id(self) -> str:
        """For a test's name."""
        return f"{self.name}/{self.form}"

    def run(self, project: Path, out: Path, osv: str) -> str:
        """Run it in the project, and answer what it said to people; skips when it is not installed."""
        program = Path(FOLDER).resolve() / self.name
        if not program.exists():
            pytest.skip(f"{self.name} is not in {FOLDER}")
        out.mkdir(parents=True)
        arguments = [part.format(out=out, osv=osv) for part in self.arguments.split()]
        ended = subprocess.run(
            [program, *arguments],
            cwd=project,
            env=_environment(out),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        (out / PRINTED).write_bytes(ended.stdout)
        return ended.stderr.decode(errors="replace")


def _environment(home: Path) -> Mapping[str, str]:
    """No settings, keys or caches of whoever runs the test."""
    return {
        "PATH": f"{Path(FOLDER).resolve()}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "HTTP_PROXY": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
        "NO_PROXY": "127.0.0.1",
        "NO_COLOR": "1",
    }


def _said(pattern: str) -> Callable[[Printed], int]:
    """The number in the group of a pattern, in what was said to people."""

    def counted(printed: Printed) -> int:
        found = re.search(pattern, printed.said)
        assert found, printed.said[-2000:]
        return int(found[1])

    return counted


def _in_array(printed: Printed) -> int:
    return len(printed.value)


def _in_runs(printed: Printed) -> int:
    return sum(len(run["results"]) for run in printed.value["runs"])


def _in_totals(printed: Printed) -> int:
    totals = printed.value["metrics"]["_totals"]
    return sum(totals[f"SEVERITY.{word}"] for word in ("UNDEFINED", "LOW", "MEDIUM", "HIGH"))


def _in_summaries(printed: Printed) -> int:
    return sum(page["summary"][word] for page in printed.value for word in ("passed", "failed", "skipped"))


def _in_files(printed: Printed) -> int:
    return sum(map(len, printed.value["results"].values()))


_BANDIT: Final = "--recursive . --quiet --exit-zero --format"
_CHECKOV: Final = (
    "--directory . --framework terraform github_actions secrets --enable-secret-scan-all-files --skip-download"
    " --soft-fail --output-file-path {out} --output json --output sarif"
)
_SEMGREP: Final = (
    f"scan . --config {RULES} --metrics off --disable-version-check --no-git-ignore"
    " --json-output {out}/json --sarif-output {out}/sarif"
)
_GITLEAKS: Final = "dir . --no-banner --no-color --exit-code 0 --report-path {out}/report --report-format"
_ZIZMOR: Final = "--offline --no-progress --no-exit-codes . --format"
_PIP_AUDIT: Final = (
    f"--requirement {PINS} --no-deps --disable-pip --progress-spinner off --cache-dir {{out}}"
    " --vulnerability-service osv --osv-url {osv} --format"
)
_FOUND_BY_SEMGREP: Final = _said(r"rules on \d+ files: (\d+) findings?")
_FOUND_BY_GITLEAKS: Final = _said(r"leaks found: (\d+)")
_FOUND_BY_PIP_AUDIT: Final = _said(r"Found (\d+) known vulnerabilit")

SCANNERS: Final = (
    Scanner(name="bandit", form="json", arguments=f"{_BANDIT} json", counted=_in_totals, shows=True),
    Scanner(name="bandit", form="sarif", arguments=f"{_BANDIT} sarif", counted=_in_runs, shows=True),
    Scanner(name="checkov", form="json", arguments=_CHECKOV, counted=_in_summaries, file="results_json.json"),
    Scanner(name="checkov", form="sarif", arguments=_CHECKOV, counted=_in_runs, file="results_sarif.sarif"),
    Scanner(name="detect-secrets", form="json", arguments="scan --all-files --no-verify", counted=_in_files),
    Scanner(
        name="gitleaks",
        form="json",
        arguments=f"{_GITLEAKS} json",
        counted=_FOUND_BY_GITLEAKS,
        file="report",
        shows=True,
    ),
    Scanner(
        name="gitleaks",
        form="sarif",
        arguments=f"{_GITLEAKS} sarif",
        counted=_FOUND_BY_GITLEAKS,
        file="report",
        shows=True,
    ),
    Scanner(name="pip-audit", form="json", arguments=f"{_PIP_AUDIT} json", counted=_FOUND_BY_PIP_AUDIT),
    Scanner(name="pip-audit", form="cyclonedx", arguments=f"{_PIP_AUDIT} cyclonedx-json", counted=_FOUND_BY_PIP_AUDIT),
    Scanner(name="semgrep", form="json", arguments=_SEMGREP, counted=_FOUND_BY_SEMGREP, file="json"),
    Scanner(name="semgrep", form="sarif", arguments=_SEMGREP, counted=_FOUND_BY_SEMGREP, file="sarif", shows=True),
    Scanner(name="zizmor", form="json", arguments=f"{_ZIZMOR} json", counted=_in_array),
    Scanner(name="zizmor", form="sarif", arguments=f"{_ZIZMOR} sarif", counted=_in_runs),
)
