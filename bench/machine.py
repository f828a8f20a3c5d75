"""What a figure depends on besides the code."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

import confluent_kafka
import psutil

from bench.report import Machine
from fixgate.local import jars

ROOT: Final = Path(__file__).parents[1]
MIB: Final = 1024 * 1024


def describe(*, quixstreams: str | None) -> Machine:
    """This machine, now."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        memory_mib=psutil.virtual_memory().total // MIB,
        load_before=round(os.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        kafka=_kafka(),
        confluent_kafka=version("confluent-kafka"),
        librdkafka=confluent_kafka.libversion()[0],
        quixstreams=quixstreams,
        commit=_commit(),
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _kafka() -> str:
    """The embedded broker's version, from the lock of its jars."""
    lock = Path(jars.__file__).with_name("kafka-jars.lock").read_text()
    for line in lock.splitlines():
        parts = line.split()[0].split(":") if line.split() else []
        if any(part.startswith("kafka_2.") for part in parts):
            return parts[-1]
    return "unknown"


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
