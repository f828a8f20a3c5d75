"""Packages by their package URL (purl specification 1.0), made from what formats say instead."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

TYPES: Final[Mapping[str, str]] = {
    "pip": "pypi",
    "python": "pypi",
    "pythonpkg": "pypi",
    "pypi": "pypi",
    "npm": "npm",
    "nodepkg": "npm",
    "yarn": "npm",
    "jar": "maven",
    "maven": "maven",
    "pom": "maven",
    "gobinary": "golang",
    "gomod": "golang",
    "gem": "gem",
    "bundler": "gem",
    "nuget": "nuget",
    "composer": "composer",
    "cargo": "cargo",
    "dpkg": "deb",
    "rpm": "rpm",
    "rubygems": "gem",
    "go": "golang",
    "rust": "cargo",
    "erlang": "hex",
    "actions": "githubactions",
    "github actions": "githubactions",
    "pub": "pub",
    "swift": "swift",
    "apk": "apk",
}
"""Names of package managers, in small letters, by purl type; another one is `generic`."""


def purl(manager: str | None, name: str, version: str | None) -> str:
    """The package URL; a Maven name may be `group:artifact`, others may have a namespace before a slash."""
    kind = TYPES.get((manager or "").strip().lower(), "generic")
    path = name.replace(":", "/") if kind == "maven" else name
    if kind == "pypi":
        path = path.lower().replace("_", "-")
    encoded = "/".join(quote(part, safe="") for part in path.split("/") if part)
    return f"pkg:{kind}/{encoded}" + (f"@{quote(version, safe='')}" if version else "")
