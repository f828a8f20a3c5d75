"""Bare repositories on the disk: made from a seed in one go, and read directly."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from fixgate.local.account.scenario import Repository

ENVIRONMENT: Mapping[str, str] = {
    "PATH": os.environ.get("PATH", ""),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""For every git of the account: nobody's own configuration counts."""
_PERSON = "Development <development@acme.example> 1700000000 +0000"
_SETTINGS = {
    # A change is compared and undone by its commit.
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "gc.auto": "0",
}


def make(folder: Path, seed: Repository) -> None:
    """Make a bare repository with the seed's commits and tags; raises OSError or CalledProcessError."""
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--bare", f"--initial-branch={seed.branch}", ".")
    for name, value in _SETTINGS.items():
        _git(folder, "config", name, value)
    _git(folder, "fast-import", "--quiet", data=b"".join(_stream(seed)))


def default_branch(folder: Path) -> str | None:
    """The ref that HEAD names; None when there is no repository."""
    try:
        return (folder / "HEAD").read_text().strip().removeprefix("ref: ")
    except OSError:
        return None


def refs(folder: Path) -> Mapping[str, str]:
    """The commit, or annotated tag, that each ref names."""
    listed = _git(folder, "for-each-ref", "--format=%(refname) %(objectname)").decode()
    return dict(line.split(" ") for line in listed.splitlines())


def _git(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRONMENT, input=data, capture_output=True, check=True
    ).stdout


def _stream(seed: Repository) -> Iterator[bytes]:
    for number, commit in enumerate(seed.commits, start=1):
        yield f"commit refs/heads/{seed.branch}\nmark :{number}\n".encode()
        yield f"author {_PERSON}\ncommitter {_PERSON}\n".encode()
        yield _data(commit.message)
        for path, content in commit.files.items():
            yield f"M 100644 inline {path}\n".encode()
            yield _data(content)
        for tag in commit.tags:
            yield f"reset refs/tags/{tag}\nfrom :{number}\n\n".encode()
        for tag in commit.annotated_tags:
            yield f"tag {tag}\nfrom :{number}\ntagger {_PERSON}\n".encode()
            yield _data(tag)


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)
