"""Trivy: what it says of packages, checks, secrets and licences, in every container that it writes."""

from typing import Final

import pytest

from fixgate.events import Resource, Severity
from fixgate.reports.formats.trivy_results import check
from fixgate.reports.report import Scan
from tests.reports.making import ACCOUNT, KEY_ID, found, one, report
from tests.reports.making_trivy import (
    IMAGE,
    Fields,
    cluster,
    folder,
    leak,
    licence,
    misconfiguration,
    scanned,
    system,
    vulnerability,
)

SAMPLE: Final = scanned(
    system(vulnerability(), vulnerability("CVE-2026-0002", InstalledVersion="1:3.0.2-0", Status="affected")),
    {
        "Target": "app/package-lock.json",
        "Class": "lang-pkgs",
        "Type": "npm",
        "Vulnerabilities": [vulnerability(PkgName="@acme/shop", InstalledVersion="1.0.0", PkgPath="app/shop.js")],
        "ExperimentalModifiedFindings": [{"Type": "vulnerability", "Status": "ignored", "Finding": vulnerability()}],
    },
    {
        "Target": "app/Dockerfile",
        "Class": "config",
        "Type": "dockerfile",
        "Misconfigurations": [misconfiguration(), misconfiguration("DS-0001", Status="PASS")],
    },
    {"Target": "app/settings.py", "Class": "secret", "Secrets": [leak(), leak('other = "***"')]},
    {"Target": "OS Packages", "Class": "license", "Licenses": [licence(), licence(PkgName="busybox")]},
)


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        vulnerability(""),
        vulnerability(Severity=7),
        vulnerability(InstalledVersion=[]),
        {**vulnerability(), "VulnerabilityID": None},
        None,
        7,
    ],
)
def test_a_result_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report(scanned(system(vulnerability(), bad)))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/Results/0/Vulnerabilities/1"])


def test_what_should_hold_results_and_does_not_is_rejected() -> None:
    """Nobody knows how many they were."""
    read = report(scanned(7, system(vulnerability(), Secrets={"a": 1})))
    assert [r.pointer for r in read.rejected] == ["/Results/0", "/Results/1/Secrets"]
    assert [r.pointer for r in report(scanned(Results="none")).rejected] == ["/Results"]


@pytest.mark.parametrize("title", [7, None, {"a": 1}])
def test_what_only_decorates_costs_nothing(title: object) -> None:
    """A title of another type is left out."""
    assert one(scanned(system(vulnerability(Title=title)))).title == "CVE-2026-0001 in libssl3"


# -- containers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "results"),
    [
        (SAMPLE, 10),
        ([SAMPLE, folder(system(vulnerability()))], 11),
        ([system(vulnerability()), {"Target": "yarn.lock", "Type": "yarn", "Vulnerabilities": None}], 1),
        (cluster("Resources", system(vulnerability())), 1),
        (cluster("Findings", system(vulnerability())), 1),
        ({**cluster("Vulnerabilities", system(vulnerability())), **cluster("Misconfigurations")}, 1),
    ],
)
def test_containers(value: object, results: int) -> None:
    """Reports, several of them, bare targets, and a cluster's."""
    read = report(value)
    assert (read.format, read.results, read.scan) == ("trivy", results, Scan.FINDINGS)


@pytest.mark.parametrize(
    "value",
    [
        folder({"Target": "yarn.lock", "Class": "lang-pkgs", "Type": "yarn"}),
        [{"Target": f"{IMAGE} (alpine 3.19)", "Type": "alpine"}],
        [{"Target": "yarn.lock", "Type": "yarn", "Vulnerabilities": None}],
        {"SchemaVersion": 0, "ClusterName": "acme"},
    ],
)
def test_nothing_found_is_clean(value: object) -> None:
    """Trivy leaves out what is empty."""
    read = report(value)
    assert (read.format, read.scan, read.results, read.warnings) == ("trivy", Scan.CLEAN, 0, ())


def test_no_results_at_all_is_clean_with_a_warning() -> None:
    """Trivy may have found nothing that it knows."""
    silent = scanned()
    del silent["Results"]
    assert (report(silent).scan, len(report(silent).warnings)) == (Scan.CLEAN, 1)
    assert report(None, format="trivy").scan is Scan.CLEAN


def test_a_system_past_its_end_is_a_warning() -> None:
    """Nobody writes advisories for it."""
    ended = scanned(system(), Metadata={"OS": {"Family": "debian", "Name": "8", "EOSL": True}})
    assert len(report(ended).warnings) == 1


def test_a_cluster_that_could_not_be_scanned_is_a_failed_scan() -> None:
    """In part it is a warning; what the error says is not told."""
    broken = cluster("Resources", Error="cannot pull it", Results=None)
    assert report(broken).scan is Scan.FAILED
    partly = {**broken, "Resources": [*broken["Resources"], *cluster("Resources", system())["Resources"]]}
    read = report(partly)
    assert (read.scan, len(read.warnings), "pull" in read.warnings[0]) == (Scan.CLEAN, 1, False)


# -- counted apart -------------------------------------------------------------------------------------------------


def test_what_is_no_finding_is_counted_apart() -> None:
    """Checks that passed or are excepted, packages that are not affected, what somebody has ignored."""
    ignored = [
        {"Type": "secret", "Status": status, "Finding": leak()} for status in ("ignored", "not_affected", "fixed")
    ]
    read = report(
        scanned(
            system(vulnerability(Status="not_affected"), ExperimentalModifiedFindings=ignored),
            {
                "Target": "main.tf",
                "Class": "config",
                "Misconfigurations": [misconfiguration(Status="PASS"), misconfiguration(Status="EXCEPTION")],
            },
        )
    )
    assert (read.suppressed, read.passed, len(read.findings), len(read.rejected)) == (5, 1, 0, 0)


@pytest.mark.parametrize("status", ["affected", "under_investigation", "unknown", None])
def test_what_was_looked_at_and_left_open_is_a_finding(status: str | None) -> None:
    """Only what somebody has taken off the list is off it."""
    changed = {"Type": "vulnerability", "Status": status, "Finding": vulnerability()}
    read = report(scanned(system(ExperimentalModifiedFindings=[changed, {**changed, "Type": "other"}])))
    assert (len(read.findings), len(read.rejected)) == (1, 1)


# -- severity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ("CRITICAL", Severity.CRITICAL),
        ("LOW", Severity.LOW),
        ("UNKNOWN", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_severity_is_the_word(reported: str | None, expected: Severity) -> None:
    """What Trivy does not know is not low."""
    finding = one(scanned(system(vulnerability(Severity=reported))))
    assert (finding.severity.normalised, finding.severity.derivation.startswith("trivy")) == (expected, True)


# -- identity ------------------------------------------------------------------------------------------------------


def test_the_release_behind_an_images_name_is_no_part_of_it() -> None:
    """The system was updated and the package was not."""
    other = system(vulnerability(), Target=f"{IMAGE} (debian 12.6)")
    assert one(scanned(other)).fingerprint == one(scanned(system(vulnerability()))).fingerprint


def test_packages_that_share_a_vulnerability_are_told_apart() -> None:
    """By name, by version, by where they are."""
    every = [
        vulnerability(),
        vulnerability(PkgName="openssl"),
        vulnerability(InstalledVersion="3.0.3"),
        vulnerability(PkgPath="opt/lib"),
    ]
    assert len({f.fingerprint for f in found(scanned(system(*every)))}) == 4


def test_a_folder_on_another_machine_is_the_same() -> None:
    """Where it is has no part in the identity; which image it is has."""
    target = {"Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod", "Vulnerabilities": [vulnerability()]}
    here, there = one(folder(target)), one({**folder(target), "ArtifactName": "/builds/acme/shop"})
    assert here.fingerprint == there.fingerprint
    assert one(scanned(target)).fingerprint != one({**scanned(target), "ArtifactName": "other:1"}).fingerprint


@pytest.mark.parametrize("name", ["KSV001", "KSV-0001", "AVD-KSV-0001"])
def test_a_check_is_the_same_in_all_versions(name: str) -> None:
    """Its id was written in three ways."""
    assert check(name) == "KSV-0001"
    assert check("AVD-AWS-0086") == "AWS-0086"
    assert check("ID001x") == "ID001x"


def test_the_message_tells_checks_without_a_resource_apart() -> None:
    """Two containers of one thing; not two lines of one."""
    some = [misconfiguration(Message=f"Container '{name}' has no limit, line {n}") for n, name in enumerate("ab")]
    moved = [misconfiguration(Message=f"Container '{name}' has no limit, line 9{n}") for n, name in enumerate("ab")]
    first, second = ({f.fingerprint for f in found(folder(_config(*each)))} for each in (some, moved))
    assert (first, len(first)) == (second, 2)


def _config(*found: object) -> Fields:
    return {"Target": "deploy/web.yaml", "Class": "config", "Type": "kubernetes", "Misconfigurations": found}


# -- what it is about ----------------------------------------------------------------------------------------------


def test_a_package_has_its_url() -> None:
    """Trivy's own where it gives one, else made of type, name and version."""
    made = one(scanned(system(vulnerability()))).package
    assert made is not None
    assert (made.purl, made.fixed_versions) == ("pkg:deb/debian/libssl3@3.0.2-0", ("3.0.2-1", "3.1.0"))
    url = "pkg:deb/debian/libssl3@3.0.2-0?distro=debian-12.5"
    given = one(scanned(system(vulnerability(PkgIdentifier={"PURL": url})))).package
    assert given is not None
    assert given.purl == url


def test_an_image_and_a_thing_in_a_cluster_are_resources() -> None:
    """By the name under which they were scanned."""
    assert one(scanned(system(vulnerability()))).resource == Resource(kind="container.image", id=IMAGE)
    assert one([system(vulnerability())]).resource == Resource(kind="container.image", id=IMAGE)
    thing = one(cluster("Resources", _config(misconfiguration())))
    assert thing.resource == Resource(kind="kubernetes.deployment", id="acme/shop/Deployment/web")
    assert [place.path for place in thing.locations] == []


def test_a_file_of_a_repository_is_its_resource() -> None:
    """The repository is the sender's word, else the report's without its credentials."""
    address = "https://git.test/acme/shop"
    remote = {**folder(_config(misconfiguration())), "ArtifactType": "repository"}
    finding = one({**remote, "ArtifactName": address.replace("//", "//user:x@")})
    assert (finding.repository, finding.resource) == (
        address,
        Resource(kind="git.file", id=f"{address}#deploy/web.yaml"),
    )
    assert (finding.locations[0].start_line, finding.locations[0].end_line) == (3, 4)
    assert one(remote, repository="https://git.test/fork").repository == "https://git.test/fork"


def test_a_bucket_of_an_account_is_found_by_its_arn() -> None:
    """A scan of an account names what it looked at."""
    cause = {"Resource": "arn:aws:s3:::acme-assets"}
    target = {"Target": "arn:aws:s3:::acme-assets", "Class": "config", "Type": "cloud"}
    account = scanned(
        {**target, "Misconfigurations": [misconfiguration("AVD-AWS-0086", CauseMetadata=cause)]},
        ArtifactName=ACCOUNT,
        ArtifactType="aws_account",
    )
    finding = one(account)
    assert finding.resource == Resource(kind="aws.s3.bucket", id="arn:aws:s3:::acme-assets", account=ACCOUNT)
    assert (finding.account, finding.rule_name) == (ACCOUNT, "AWS-0086")


# -- secrets -------------------------------------------------------------------------------------------------------


def _secrets(*found: object) -> Fields:
    return folder({"Target": "app/settings.py", "Class": "secret", "Secrets": found})


def test_a_hidden_secret_has_no_mark() -> None:
    """Its hash would be that of asterisks."""
    finding = one(_secrets(leak()))
    assert (finding.secret, finding.locations[0].path, finding.locations[0].start_line) == (None, "app/settings.py", 7)


def test_the_length_of_a_hidden_secret_is_no_part_of_its_identity() -> None:
    """A hash without a key would tell it."""
    assert one(_secrets(leak('t = "**"'))).fingerprint == one(_secrets(leak('t = "*****"'))).fingerprint


def test_a_line_in_which_nothing_was_hidden_is_a_secret() -> None:
    """It may be one, so it is shown nowhere."""
    shown = "s3cr" + "et" * 12
    finding = one(_secrets(leak(shown)))
    assert finding.secret is not None
    assert shown not in repr(finding)


def test_the_id_of_an_access_key_names_it() -> None:
    """When the secret is hidden and the id beside it is not."""
    finding = one(_secrets(leak(f"{KEY_ID}:****")))
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert finding.identity is not None


# -- licences ------------------------------------------------------------------------------------------------------


def test_a_licence_is_of_a_package_or_of_a_file() -> None:
    """The package's type is the system's, or the target's."""
    of_system, of_node, of_file = found(
        scanned(
            {"Target": "OS Packages", "Class": "license", "Licenses": [licence()]},
            {"Target": "Node.js", "Class": "license", "Licenses": [licence(PkgName="@acme/shop")]},
            {
                "Target": "Loose File License(s)",
                "Class": "license-file",
                "Licenses": [licence(PkgName="", FilePath="src/a.c")],
            },
        )
    )
    assert of_system.package is not None
    assert of_node.package is not None
    assert (of_system.package.purl, of_node.package.purl) == ("pkg:deb/debian/musl", "pkg:npm/%40acme/shop")
    assert (of_file.package, of_file.locations[0].path) == (None, "src/a.c")


@pytest.mark.parametrize(("sure", "confidence"), [(1, "1"), (0.9, "0.9"), (10**400, None), (-1, None), ("1", None)])
def test_how_sure_a_licence_is(sure: object, confidence: str | None) -> None:
    """From 0 to 1; a number that is not between them is dropped."""
    (finding,) = found(scanned({"Target": "OS Packages", "Class": "license", "Licenses": [licence(Confidence=sure)]}))
    assert finding.confidence == confidence
