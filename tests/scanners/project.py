"""A small project in which a lot is wrong; what looks like a credential in it is composed at run time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

WORKFLOW: Final = ".github/workflows/ci.yml"
ACTION: Final = "acme/setup-shop"
RULES: Final = ".semgrep/rules.yml"
PINS: Final = "requirements.txt"
KEY_ID: Final = "AKIA" + "QZ3LM5VY" + "PW2RTXBK"
"""The id of an access key: a name, which a finding may show."""
SECRET_KEY: Final = "hT9vQ2" + "mXe7Lr0Zp4" + "WcYb8NsKd1" + "UfGj6AoIq3" + "VxRz"
TOKEN: Final = "ghp_" + "x8Kq2Zt7Lm4W" + "c9Rb1Vn6Ys3P" + "d5Fj0Hg8Ae2U"
PASSWORD: Final = "Tr0ub4" + "dor-and" + "-Three"
SECRETS: Final = (SECRET_KEY, TOKEN, PASSWORD)
"""What must be in no finding."""
MOVED: Final = "# A line that was not here before.\n" * 7

_CODE: Final = """\
import subprocess

PASSWORD = "{password}"


def total(expression):
    return eval(expression)


def listing(folder):
    return subprocess.run("ls " + folder, shell=True)
"""
_BUCKET: Final = """\
resource "aws_s3_bucket" "assets" {
  bucket = "acme-shop-assets"
  acl    = "public-read"
}

resource "aws_s3_bucket_public_access_block" "assets" {
  bucket                  = "acme-shop-assets"
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}
"""
_PIPELINE: Final = """\
name: ci
on: issues
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: acme/setup-shop@v2
      - run: echo "${{ github.event.issue.title }}"
"""
_PINS: Final = "jinja2==2.4.1\n"
_LEAKS: Final = """\
aws_access_key_id = {key_id}
aws_secret_access_key = "{secret_key}"
github_token = "{token}"
"""
_RULES: Final = """\
rules:
  - id: eval-of-input
    languages: [python]
    severity: ERROR
    message: What comes from outside is run as code.
    metadata: {cwe: ["CWE-95: Eval Injection"], confidence: HIGH}
    pattern: eval(...)
  - id: hardcoded-password
    languages: [python]
    severity: WARNING
    message: A password stands in the code.
    metadata: {cwe: ["CWE-798: Use of Hard-coded Credentials"]}
    pattern: PASSWORD = "..."
  - id: third-party-action-not-pinned-to-commit-sha
    languages: [yaml]
    severity: WARNING
    message: The action $USES is not pinned to a commit.
    metadata: {category: security}
    patterns:
      - pattern: "uses: $USES"
      - metavariable-regex: {metavariable: $USES, regex: "^.+@(?![0-9a-f]{40}$)"}
"""


_HARMLESS: Final[Mapping[str, str]] = {
    "shop/views.py": "def total(first, second):\n    return first + second\n",
    "infrastructure/main.tf": 'terraform {\n  required_version = ">= 1.9"\n}\n',
    WORKFLOW: """\
name: ci
on: push
permissions: {}
concurrency:
  group: ci
  cancel-in-progress: true
jobs:
  build:
    name: build
    runs-on: ubuntu-24.04
    steps:
      - uses: acme/setup-shop@0123456789abcdef0123456789abcdef01234567 # v2.0.0
      - run: make test
""",
    PINS: "markupsafe==3.0.0\n",
    "deploy/shop.conf": "level = info\n",
    RULES: _RULES,
}


def files(key_id: str = KEY_ID) -> Mapping[str, str]:
    """The project's files by their paths; a key with this id leaks."""
    return {
        "shop/views.py": _CODE.format(password=PASSWORD),
        "infrastructure/main.tf": _BUCKET,
        WORKFLOW: _PIPELINE,
        PINS: _PINS,
        "deploy/shop.conf": _LEAKS.format(key_id=key_id, secret_key=SECRET_KEY, token=TOKEN),
        RULES: _RULES,
    }


def _ignored() -> Mapping[str, str]:
    """Somebody has told Checkov and Semgrep to leave one thing each alone."""
    made = dict(files())
    made["shop/views.py"] = made["shop/views.py"].replace("(expression)\n\n", "(expression)  # nosemgrep\n\n")
    made["infrastructure/main.tf"] = _BUCKET.replace("{\n", "{\n  # checkov:skip=CKV_AWS_18:it serves pictures\n", 1)
    return made


PROJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "shop": files(),
    "moved": {name: MOVED + content for name, content in files().items()},
    "ignored": _ignored(),
    "clean": _HARMLESS,
}
"""By name: the project, the same with its lines further down, with some of it ignored, and with nothing wrong."""


def written(where: Path, project: Mapping[str, str]) -> Path:
    """A project's files in a new folder; the folder."""
    for name, content in project.items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return where
