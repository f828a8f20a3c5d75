# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin re-exports its names without `as`, which strict checkers take for private.
"""quixstreams in an environment of its own: made once under the cache folder, from hashed requirements."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # see the first lines
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from bench.clients import Told
from bench.lab import Lab
from bench.machine import ROOT
from bench.pipeline import CHANGELOG, NEIGHBOUR
from fixgate.admin import ClusterAdmin
from fixgate.errors import Unavailable
from fixgate.files import write_private
from fixgate.local.progress import Report, Step
from fixgate.topology import PROVISIONER

REQUIREMENTS: Final = ROOT / "requirements" / "bench-quixstreams.txt"
ADMIN_TIMEOUT_S: Final = 30.0
PROGRAM: Final = Path(__file__).with_name("quixstreams_dedupe.py")


def installed_version() -> str:
    """The version that the requirements pin."""
    for line in REQUIREMENTS.read_text().splitlines():
        if line.startswith("quixstreams=="):
            return line.split("==")[1].split()[0]
    raise Unavailable(f"{REQUIREMENTS} does not name quixstreams")


def environment(cache: Path, report: Report) -> Path:
    """The Python of the neighbour's environment; made when it is not there. Raises Unavailable."""
    name = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = cache / f"bench-quixstreams-{sys.version_info.major}.{sys.version_info.minor}-{name}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if complete.exists():
        return python
    report(Step("quixstreams", note="its environment is made, once"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS))
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Unavailable(f"quixstreams could not be installed: {error.stderr.strip()[-400:]}") from error
    complete.touch()
    report(Step("quixstreams", 1, 1))
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def admit(lab: Lab) -> None:
    """Let it read its topics' configuration, which it insists on; all else it is granted like a service."""
    who = f"User:{lab.naming.spiffe_id(lab.stack.topology.party(NEIGHBOUR))}"
    ClusterAdmin(lab.config(PROVISIONER), ADMIN_TIMEOUT_S).grant(
        AclBinding(
            ResourceType.TOPIC,
            lab.naming.topic(topic),
            ResourcePatternType.LITERAL,
            who,
            "*",
            AclOperation.DESCRIBE_CONFIGS,
            AclPermissionType.ALLOW,
        )
        for topic in ("json", "json-out", CHANGELOG)
    )


def dedupe(lab: Lab, python: Path, count: int, commit_every: int) -> Told:
    """Run it over `count` records."""
    token = lab.stack.home.path / "neighbour.token"
    write_private(token, json.dumps(lab.identity(NEIGHBOUR).jwt("kafka")).encode())
    told = {
        "bootstrap": lab.stack.bootstrap,
        "token": str(token),
        "group": lab.naming.group(NEIGHBOUR),
        "instance": lab.naming.instance(NEIGHBOUR, 0),
        "source": lab.naming.topic("json"),
        "target": lab.naming.topic("json-out"),
        "count": count,
        "commit_every": commit_every,
        "state": str(lab.stack.home.path / "neighbour.state"),
    }
    try:
        return lab.run_program(NEIGHBOUR, (str(python), str(PROGRAM), json.dumps(told)))
    finally:
        token.unlink()
