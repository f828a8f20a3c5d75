"""Alerts as GitHub writes them, made up."""

from typing import Any, Final

LEAKED: Final = "hunter" + "2" * 20
REPOSITORY: Final = "https://github.com/acme/shop"
AWS: Final = {"secret_type": "aws_access_key_id"}
OWNER: Final = {"full_name": "acme/shop", "html_url": REPOSITORY, "url": "https://api.github.com/repos/acme/shop"}


def code(number: int = 7, /, **changes: Any) -> dict[str, Any]:
    """An alert of code scanning, as the REST API of a repository lists it."""
    made: dict[str, Any] = {
        "number": number,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-03T03:04:05Z",
        "url": f"https://api.github.com/repos/acme/shop/code-scanning/alerts/{number}",
        "html_url": f"{REPOSITORY}/security/code-scanning/{number}",
        "state": "open",
        "fixed_at": None,
        "dismissed_by": None,
        "dismissed_reason": None,
        "rule": {
            "id": "py/path-injection",
            "severity": "error",
            "security_severity_level": "high",
            "description": "Uncontrolled data used in path expression",
            "name": "py/path-injection",
        },
        "tool": {"name": "CodeQL", "guid": None, "version": "2.16.2"},
        "most_recent_instance": {
            "ref": "refs/heads/main",
            "state": "open",
            "commit_sha": "39406e42cb832f683daa691dd652a8dc36ee8930",
            "message": {"text": "This path depends on a user-provided value."},
            "location": {"path": "src/a.py", "start_line": 7, "end_line": 7, "start_column": 5, "end_column": 9},
        },
    }
    return {**made, **changes}


def secret(value: str = LEAKED, number: int = 3, /, **changes: Any) -> dict[str, Any]:
    """An alert of secret scanning."""
    made: dict[str, Any] = {
        "number": number,
        "created_at": "2026-01-02T03:04:05Z",
        "url": f"https://api.github.com/repos/acme/shop/secret-scanning/alerts/{number}",
        "html_url": f"{REPOSITORY}/security/secret-scanning/{number}",
        "locations_url": f"https://api.github.com/repos/acme/shop/secret-scanning/alerts/{number}/locations",
        "state": "open",
        "resolution": None,
        "secret_type": "acme_api_token",
        "secret_type_display_name": "Acme API Token",
        "secret": value,
        "validity": "active",
        "publicly_leaked": True,
        "push_protection_bypassed_by": {"login": "ada"},
        "first_location_detected": {
            "path": "deploy/settings.py",
            "start_line": 3,
            "end_line": 3,
            "commit_sha": "8c1f0d2",
        },
        "has_more_locations": True,
        "repository": OWNER,
    }
    return {**made, **changes}


def dependency(number: int = 20, /, **changes: Any) -> dict[str, Any]:
    """An alert of Dependabot."""
    package = {"ecosystem": "npm", "name": "semver"}
    fix = {"package": package, "severity": "medium", "first_patched_version": {"identifier": "7.5.2"}}
    made: dict[str, Any] = {
        "number": number,
        "state": "open",
        "dependency": {"package": package, "manifest_path": "web/package-lock.json", "scope": "runtime"},
        "security_advisory": {
            "ghsa_id": "GHSA-aaaa-bbbb-cccc",
            "cve_id": "CVE-2022-25883",
            "summary": "semver can be made slow",
            "severity": "high",
            "cvss": {"score": 5.3},
            "references": [{"url": "https://nvd.test/CVE-2022-25883"}],
        },
        "security_vulnerability": {**fix, "vulnerable_version_range": "< 7.5.2"},
        "url": f"https://api.github.com/repos/acme/shop/dependabot/alerts/{number}",
        "html_url": f"{REPOSITORY}/security/dependabot/{number}",
        "created_at": "2026-01-02T03:04:05Z",
    }
    return {**made, **changes}


def node(name: str = "semver", /, **changes: Any) -> dict[str, Any]:
    """An alert of Dependabot, as GraphQL answers."""
    made: dict[str, Any] = {
        "id": f"RVA_{name}",
        "state": "OPEN",
        "createdAt": "2026-01-02T03:04:05Z",
        "vulnerableManifestPath": "web/package-lock.json",
        "vulnerableRequirements": "= 7.5.1",
        "securityVulnerability": {
            "severity": "MODERATE",
            "package": {"name": name, "ecosystem": "NPM"},
            "firstPatchedVersion": {"identifier": "7.5.2"},
            "advisory": {"ghsaId": "GHSA-aaaa-bbbb-cccc", "summary": f"{name} can be made slow"},
        },
    }
    return {**made, **changes}


def graph(*nodes: object, **connection: object) -> dict[str, Any]:
    """GraphQL's answer about one repository."""
    listed = {"nodes": list(nodes), **connection}
    return {"data": {"repository": {"nameWithOwner": "acme/shop", "url": REPOSITORY, "vulnerabilityAlerts": listed}}}


def webhook(action: str, alert: object, **more: object) -> dict[str, Any]:
    """What GitHub sends when something becomes of an alert."""
    return {"action": action, "alert": alert, "repository": OWNER, "sender": {"login": "ada"}, **more}
