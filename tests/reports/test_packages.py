"""Package URLs as the purl specification has them, whatever a scanner calls the manager."""

import pytest

from fixgate.reports.packages import known_as, named_in, purl


@pytest.mark.parametrize("manager", [None, "", "OS", "unmanaged", "npm install", "x" * 100_000, "7"])
def test_a_manager_that_is_not_known_is_not_guessed(manager: str | None) -> None:
    """Its packages are generic."""
    assert purl(manager, "zlib", "1.3") == "pkg:generic/zlib@1.3"


@pytest.mark.parametrize(
    ("manager", "name", "version", "expected"),
    [
        ("debian", "libssl3", "1:3.0.2-0+deb12u1", "pkg:deb/debian/libssl3@1:3.0.2-0%2Bdeb12u1"),
        ("Debian:12", "curl", "7.88", "pkg:deb/debian/curl@7.88"),
        ("UBUNTU_22_04", "curl", "7.88", "pkg:deb/ubuntu/curl@7.88"),
        ("Ubuntu:22.04:LTS", "curl", "7.88", "pkg:deb/ubuntu/curl@7.88"),
        ("dpkg", "curl", "7.88", "pkg:deb/curl@7.88"),
        ("alpine", "musl", "1.2.3-r4", "pkg:apk/alpine/musl@1.2.3-r4"),
        ("Alpine:v3.18", "musl", "1.2.3-r4", "pkg:apk/alpine/musl@1.2.3-r4"),
        ("AMAZON_LINUX_2", "curl", "7.79", "pkg:rpm/amazon/curl@7.79"),
        ("Red Hat:enterprise_linux:9", "curl", "7.76", "pkg:rpm/redhat/curl@7.76"),
        ("opensuse.leap", "curl", "8.0", "pkg:rpm/opensuse/curl@8.0"),
        ("opensuse-leap", "curl", "8.0", "pkg:rpm/opensuse/curl@8.0"),
        ("cbl-mariner", "curl", "8.0", "pkg:rpm/cbl-mariner/curl@8.0"),
        ("npm", "@acme/shop", "1.0.0", "pkg:npm/%40acme/shop@1.0.0"),
        ("yarn", "JSONStream", "1.0.0", "pkg:npm/JSONStream@1.0.0"),
        ("Maven", "org.acme:shop", "1.0", "pkg:maven/org.acme/shop@1.0"),
        ("gomod", "github.com/Acme/Shop/v2", "v2.1.0", "pkg:golang/github.com/acme/shop/v2@v2.1.0"),
        ("Go", "stdlib", "1.22.1", "pkg:golang/stdlib@1.22.1"),
        ("PyPI", "Acme_Shop", "1.0", "pkg:pypi/acme-shop@1.0"),
        ("Packagist", "Acme/Shop", "1.0", "pkg:composer/acme/shop@1.0"),
        ("crates.io", "tokio", "1.0", "pkg:cargo/tokio@1.0"),
        ("GitHub Actions", "actions/checkout", "v4", "pkg:githubactions/actions/checkout@v4"),
        ("NuGet", "Acme.Shop", None, "pkg:nuget/Acme.Shop"),
        ("swiftpm", "swift-log", "1.0", "pkg:swift/swift-log@1.0"),
        ("npm", "weird name?", "1 2", "pkg:npm/weird%20name%3F@1%202"),
    ],
)
def test_type_and_namespace_are_those_of_the_specification(
    manager: str, name: str, version: str | None, expected: str
) -> None:
    """Distributions and groups are namespaces, scopes and versions are encoded, a colon is not."""
    assert purl(manager, name, version) == expected


def test_a_namespace_is_given_where_the_manager_does_not_say_it() -> None:
    """The distribution that is known by the manager goes before."""
    assert purl("rpm", "curl", "8.0", namespace="Fedora") == "pkg:rpm/fedora/curl@8.0"
    assert purl("debian", "curl", "8.0", namespace="ubuntu") == "pkg:deb/debian/curl@8.0"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("pkg:npm/%40acme/shop@1.0.0?vcs_url=x@y#sub/path", ("npm/%40acme/shop", "1.0.0")),
        ("pkg:npm/@acme/shop", ("npm/@acme/shop", "")),
        ("pkg:deb/debian/curl@7.88?arch=amd64", ("deb/debian/curl", "7.88")),
        ("nothing", ("nothing", "")),
        ("", ("", "")),
    ],
)
def test_a_package_url_is_taken_apart(url: str, expected: tuple[str, str]) -> None:
    """A scope that is not encoded is no version."""
    assert named_in(url) == expected


def test_a_vulnerability_is_known_by_its_cve() -> None:
    """By the first of several; by its own name where it has none."""
    assert known_as("GHSA-aaaa-bbbb-cccc", ("CVE-2026-0002", "CVE-2026-0001")) == "CVE-2026-0001"
    assert known_as("GHSA-aaaa-bbbb-cccc", ("PYSEC-2026-1", "CVE-none")) == "GHSA-aaaa-bbbb-cccc"


def test_a_name_that_is_no_text_still_makes_an_address() -> None:
    """Half of a surrogate pair cannot be encoded."""
    assert purl("npm", "\ud800/a", "1\udfff") == "pkg:npm/%3F/a@1%3F"
