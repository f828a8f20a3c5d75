"""Packages by their package URL (purl specification 1.0), made from what formats say instead.

What a scanner calls the manager, the ecosystem or the distribution decides the type and, for packages of a system,
the namespace: without it `curl` of Debian and of Ubuntu would be one package.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

TYPES: Final[Mapping[str, str]] = {
    # languages
    **dict.fromkeys(("pip", "pipenv", "poetry", "uv", "pylock", "python", "python-pkg", "pythonpkg", "pypi"), "pypi"),
    **dict.fromkeys(("npm", "node-pkg", "nodepkg", "yarn", "pnpm", "bun", "javascript", "js"), "npm"),
    **dict.fromkeys(("jar", "maven", "pom", "gradle", "sbt", "java-archive", "java", "jenkins-plugin"), "maven"),
    **dict.fromkeys(("go", "golang", "gobinary", "gomod", "gomodules", "go-module", "golangdep", "govendor"), "golang"),
    **dict.fromkeys(("gem", "gemspec", "bundler", "rubygems", "ruby"), "gem"),
    **dict.fromkeys(
        ("nuget", "dotnet", "dotnet-core", "dotnet-deps", "dotnet_deps", "packages-props", "paket"), "nuget"
    ),
    **dict.fromkeys(("composer", "composer-vendor", "packagist", "php-composer", "php"), "composer"),
    **dict.fromkeys(("cargo", "rustbinary", "rust-binary", "rust-crate", "crates.io", "rust"), "cargo"),
    **dict.fromkeys(("conda", "conda-pkg", "conda-environment"), "conda"),
    **dict.fromkeys(("conan", "conancenter"), "conan"),
    **dict.fromkeys(("cocoapods", "pod"), "cocoapods"),
    **dict.fromkeys(("swift", "swifturl", "swiftpm"), "swift"),
    **dict.fromkeys(("pub", "dart-pub"), "pub"),
    **dict.fromkeys(("hex", "erlang"), "hex"),
    **dict.fromkeys(("hackage", "haskell"), "hackage"),
    **dict.fromkeys(("cran", "r-package"), "cran"),
    **dict.fromkeys(("github actions", "github-action", "github-action-workflow", "actions"), "githubactions"),
    "julia": "julia",
    "bitnami": "bitnami",
    # systems, of which the distribution is not known
    **dict.fromkeys(("deb", "dpkg"), "deb"),
    "rpm": "rpm",
    **dict.fromkeys(("apk", "apkg"), "apk"),
    **dict.fromkeys(("alpm", "arch", "pacman"), "alpm/arch"),
    # distributions
    **{name: f"deb/{name}" for name in ("debian", "ubuntu", "echo")},
    **{name: f"apk/{name}" for name in ("alpine", "wolfi", "chainguard", "minimos")},
    **{name: f"rpm/{name}" for name in ("centos", "fedora", "photon", "azurelinux", "mageia", "openeuler")},
    **dict.fromkeys(("redhat", "red hat", "red hat enterprise linux", "rhel"), "rpm/redhat"),
    **dict.fromkeys(("amazon", "amazon linux", "amzn"), "rpm/amazon"),
    **dict.fromkeys(("oracle", "oracle linux", "ol"), "rpm/oracle"),
    **dict.fromkeys(("rocky", "rocky linux"), "rpm/rocky"),
    **dict.fromkeys(("alma", "almalinux"), "rpm/alma"),
    **dict.fromkeys(("opensuse", "opensuse leap", "opensuse tumbleweed"), "rpm/opensuse"),
    **dict.fromkeys(("suse", "sles", "suse linux enterprise server", "suse linux enterprise micro"), "rpm/suse"),
    **dict.fromkeys(("cbl-mariner", "mariner"), "rpm/cbl-mariner"),
    "photon os": "rpm/photon",
}
"""What managers, ecosystems and distributions are called, in small letters, by type or `type/namespace`."""
GENERIC: Final = "generic"
_SMALL: Final = frozenset(
    {"pypi", "golang", "composer", "deb", "apk", "alpm", "githubactions", "hex", "pub", "bitnami"}
)
"""Types whose names are written in small letters (purl, types). Two packages of npm may differ in that alone."""
_RELEASE: Final = re.compile(r" *v?[0-9][0-9a-z ]*$")
_LONGEST: Final = 80
"""Characters of a manager's name that are looked at; no known one has half of that."""
_LONG: Final = 200
"""Characters of what is not kept for the next time."""
_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")


@lru_cache(maxsize=256)
def type_of(manager: str | None) -> tuple[str, str]:
    """Type and namespace of packages of a manager, an ecosystem or a distribution; `generic` when it is not known.

    A release behind the name (`Debian:12`, `UBUNTU_22_04`) does not matter.
    """
    name = (manager or "")[:_LONGEST].strip().lower()
    found = TYPES.get(name)
    if found is None:
        name = re.sub(r"[._-]", " ", name.partition(":")[0])
        found = TYPES.get(name) or TYPES.get(_RELEASE.sub("", name)) or GENERIC
    kind, _, namespace = found.partition("/")
    return kind, namespace


def purl(manager: str | None, name: str, version: str | None, *, namespace: str = "") -> str:
    """The package URL; a Maven name may be `group:artifact`, others may have a namespace before a slash.

    `namespace` is the distribution of a system's package where `manager` does not say it.
    """
    # A report names few packages many times.
    make = _purl if len(name) + len(version or "") + len(manager or "") < _LONG else _purl.__wrapped__
    return make(manager, name, version or "", namespace)


@lru_cache(maxsize=4096)
def _purl(manager: str | None, name: str, version: str, namespace: str) -> str:
    kind, known = type_of(manager)
    path = name.replace(":", "/") if kind == "maven" else name
    if kind in _SMALL:
        path = path.lower()
    if kind == "pypi":
        path = path.replace("_", "-")
    above = known or namespace.lower()
    if above:
        path = f"{above}/{path}"
    encoded = "/".join(quote(part, safe=":", errors="replace") for part in path.split("/") if part)
    return f"pkg:{kind}/{encoded}" + (f"@{quote(version, safe=':', errors='replace')}" if version else "")


def named_in(url: str) -> tuple[str, str]:
    """Name, with its namespace, and version of a package URL, still encoded; qualifiers are left out."""
    whole = url.removeprefix("pkg:").partition("#")[0].partition("?")[0]
    path, at, version = whole.rpartition("@")
    return (path, version) if at and "/" not in version else (whole, "")


def known_as(identifier: str, aliases: Iterable[str] = ()) -> str:
    """The name by which most know a vulnerability: its CVE where it has one, so that scanners agree on the problem."""
    if not aliases:
        return identifier
    names = [name for name in (identifier, *aliases) if name.startswith("CVE-") and _CVE.fullmatch(name)]
    return min(names) if names else identifier
