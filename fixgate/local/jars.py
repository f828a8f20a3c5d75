"""The broker's jars: fetched once from the committed lock, and never used with another hash than the lock's.

Each jar is downloaded aside, hashed, and only then renamed into the cache: what lies in the cache is whole. It is
hashed again at every start (45 MB, a fraction of a second), and only the jars of the lock go onto the class path.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.local.cache import downloading
from fixgate.local.home import disk_errors
from fixgate.local.progress import Report, Step, silent

KAFKA_VERSION = "4.3.1"
LOCK = Path(__file__).with_name("kafka-jars.lock")
STEP = "jars"
_PARALLEL = 4
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: a Maven coordinate and the SHA-256 of the file it stands for."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The file's name in a Maven repository and in the cache."""
        return f"{self.artifact}-{self.version}.jar"


class Fetch(Protocol):
    """Downloads one jar into a folder; raises whatever it likes when that fails."""

    def __call__(self, jar: Jar, folder: Path) -> Path:
        """The path of the downloaded file."""
        ...


def read_lock(path: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of a lock file, in its order, which is the class path's; raises Misconfigured when it is malformed."""
    jars: list[Jar] = []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        try:
            coordinate, digest = line.split()
            group, artifact, version = coordinate.split(":")
            algorithm, value = digest.split(":")
        except ValueError:
            raise Misconfigured(f"{path} has a line that is no 'group:artifact:version sha256:hex': {line}") from None
        if algorithm != "sha256" or len(value) != hashlib.sha256().digest_size * 2:
            raise Misconfigured(f"{path} gives no SHA-256 for {coordinate}")
        jars.append(Jar(group, artifact, version, value))
    return tuple(jars)


def ensure(cache: Path, *, report: Report = silent, lock: Path = LOCK, fetch: Fetch | None = None) -> list[Path]:
    """The paths of all jars, each with the lock's hash; downloads those that are missing and blocks while it does.

    Raises Refused when a jar has another hash, and Unavailable when one cannot be downloaded or stored.
    """
    folder = cache / f"kafka-{KAFKA_VERSION}"
    jars = read_lock(lock)
    with disk_errors(cache):
        folder.mkdir(parents=True, exist_ok=True)
        _verify_all(folder, [jar for jar in jars if (folder / jar.file_name).exists()])
        if not all((folder / jar.file_name).exists() for jar in jars):
            _download(jars, folder, report, fetch or _from_maven)
    report(Step(STEP, len(jars), len(jars)))
    return [folder / jar.file_name for jar in jars]


def _verify_all(folder: Path, jars: Sequence[Jar]) -> None:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(_verify, jars, [folder / jar.file_name for jar in jars]))


def _download(jars: Sequence[Jar], folder: Path, report: Report, fetch: Fetch) -> None:
    with downloading(folder.parent) as aside:
        missing = [jar for jar in jars if not (folder / jar.file_name).exists()]
        done = len(jars) - len(missing)
        report(Step(STEP, done, len(jars), "downloading"))
        pool = ThreadPoolExecutor(_PARALLEL)
        try:
            for finished in as_completed([pool.submit(_download_one, jar, folder, aside, fetch) for jar in missing]):
                done += 1
                report(Step(STEP, done, len(jars), finished.result()))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _download_one(jar: Jar, folder: Path, aside: Path, fetch: Fetch) -> str:
    try:
        path = fetch(jar, aside)
    except OSError as error:
        # The HTTP client's errors are OSErrors too, without an errno.
        if error.errno is not None:
            raise
        raise _unreachable(jar, error) from error
    except RuntimeError as error:
        raise _unreachable(jar, error) from error
    _verify(jar, path)
    path.replace(folder / jar.file_name)
    return jar.file_name


def _unreachable(jar: Jar, error: Exception) -> Unavailable:
    return Unavailable(
        f"{jar.file_name} could not be downloaded: {error}",
        remedy="Check the network and run again; what has been downloaded is kept.",
    )


def _from_maven(jar: Jar, folder: Path) -> Path:
    # Imported here: it is slow, and needed once per machine. One coordinate at a time: resolving two together was
    # seen to pick other versions than the lock's.
    from jgo.maven import MavenContext  # noqa: PLC0415 - see above

    context = MavenContext(repo_cache=folder, timeout=_TIMEOUT_S)
    return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()


def _verify(jar: Jar, path: Path) -> None:
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != jar.sha256:
        raise Refused(
            f"{path} is not the jar that the lock names: its SHA-256 is {actual}, not {jar.sha256}",
            remedy=f"Find out who changed it; to download it anew, delete {path} and run again.",
        )
