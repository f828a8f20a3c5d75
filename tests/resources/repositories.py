"""Small bare repositories on the disk, made with git's own program."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

WHO = {
    "GIT_AUTHOR_NAME": "somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.test",
    "GIT_COMMITTER_NAME": "somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.test",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(where: Path, *arguments: str) -> str:
    """Run git; what it printed."""
    ended = subprocess.run(
        ["git", *arguments], cwd=where, env={**os.environ, **WHO}, check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


def bare_repository(where: Path, files: Mapping[str, str], *, tag: str = "", annotated: bool = True) -> str:
    """Make a bare repository with one commit on `main`; the commit."""
    tree = where.with_name(where.name + "-tree")
    tree.mkdir(parents=True)
    git(tree, "init", "--quiet", "--initial-branch=main")
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content, encoding="utf-8")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message=begin")
    if tag:
        git(tree, "tag", *(("-a", "-m", tag) if annotated else ()), tag)
    git(tree, "clone", "--quiet", "--bare", str(tree), str(where))
    return git(tree, "rev-parse", "HEAD")


def more(where: Path, path: str, content: str, branch: str = "main") -> str:
    """Put one more commit onto a branch of a repository made above; the commit."""
    tree = where.with_name(where.name + "-tree")
    git(tree, "checkout", "--quiet", "-B", branch)
    (tree / path).write_text(content, encoding="utf-8")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message=more")
    git(tree, "push", "--quiet", str(where), branch)
    return git(tree, "rev-parse", "HEAD")
