"""Reports as Trivy writes them, made up."""

from typing import Any, Final

Fields = dict[str, Any]
IMAGE: Final = "registry.test/shop:1.4"


def vulnerability(identifier: str = "CVE-2026-0001", **changes: Any) -> Fields:
    """A vulnerable package of a system."""
    made: Fields = {
        "VulnerabilityID": identifier,
        "VendorIDs": ["DSA-9999-1"],
        "PkgID": "libssl3@3.0.2-0",
        "PkgName": "libssl3",
        "InstalledVersion": "3.0.2-0",
        "FixedVersion": "3.0.2-1, 3.1.0",
        "Status": "fixed",
        "SeveritySource": "debian",
        "PrimaryURL": "https://avd.test/cve-2026-0001",
        "Title": "openssl: something",
        "Description": "Something is wrong.",
        "Severity": "HIGH",
        "CweIDs": ["CWE-787"],
        "References": ["https://one.test/a", "https://two.test/b"],
    }
    return {**made, **changes}


def misconfiguration(identifier: str = "DS-0002", **changes: Any) -> Fields:
    """A check that failed."""
    made: Fields = {
        "Type": "Dockerfile Security Check",
        "ID": identifier,
        "Title": "Image user should not be 'root'",
        "Message": "Specify at least 1 USER command",
        "Resolution": "Add a USER",
        "Severity": "HIGH",
        "Status": "FAIL",
        "CauseMetadata": {"Provider": "Dockerfile", "Service": "general", "StartLine": 3, "EndLine": 4},
    }
    return {**made, **changes}


def leak(match: str = 'token = "************"', **changes: Any) -> Fields:
    """A secret, hidden as Trivy hides it."""
    made: Fields = {
        "RuleID": "acme-token",
        "Category": "Acme",
        "Severity": "CRITICAL",
        "Title": "Acme token",
        "StartLine": 7,
        "EndLine": 7,
        "Match": match,
    }
    return {**made, **changes}


def licence(**changes: Any) -> Fields:
    """A licence that is not wanted."""
    made: Fields = {"Severity": "HIGH", "Category": "restricted", "PkgName": "musl", "FilePath": "", "Name": "GPL-2.0"}
    return {**made, "Confidence": 1, "Link": "", **changes}


def system(*found: object, **changes: Any) -> Fields:
    """The packages of an image's system."""
    return {
        "Target": f"{IMAGE} (debian 12.5)",
        "Class": "os-pkgs",
        "Type": "debian",
        "Vulnerabilities": found,
        **changes,
    }


def scanned(*targets: object, **changes: Any) -> Fields:
    """A report of an image."""
    made: Fields = {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.69.0"},
        "CreatedAt": "2026-01-02T03:04:05.000000006Z",
        "ArtifactName": IMAGE,
        "ArtifactType": "container_image",
        "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}, "ImageID": "sha256:00"},
        "Results": targets,
    }
    return {**made, **changes}


def folder(*targets: object, **changes: Any) -> Fields:
    """A report of a folder."""
    return scanned(*targets, ArtifactName=".", ArtifactType="filesystem", Metadata=None, **changes)


def cluster(name: str, *results: object, **changes: Any) -> Fields:
    """A report of a cluster with one thing in it."""
    thing = {"Namespace": "shop", "Kind": "Deployment", "Name": "web", "Results": results, **changes}
    return {"ClusterName": "acme", name: [thing]}
