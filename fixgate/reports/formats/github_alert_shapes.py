"""Dependabot's alerts in their three spellings."""

from collections.abc import Mapping
from typing import Final

from msgspec import field

from fixgate.reports.fields import Shape, inside, respelled, said, sequence, some
from fixgate.reports.formats.github_alert_parts import Alert

_SPELLINGS: Final[Mapping[str, str]] = {
    "ghsaId": "ghsa_id",
    "vulnerableVersionRange": "vulnerable_version_range",
    "firstPatchedVersion": "first_patched_version",
    "dismissedAt": "dismissed_at",
    "fixedAt": "fixed_at",
    "securityVulnerability": "security_vulnerability",
    "securityAdvisory": "security_advisory",
}
_HOLDERS: Final = ("security_vulnerability", "security_advisory", "advisory")


def one_spelling(alert: object) -> object:
    """An alert with the names that REST has."""
    return respelled(alert, _SPELLINGS, *_HOLDERS)


class _Package(Shape):
    name: str
    ecosystem: str | None = None


class _Fix(Shape):
    identifier: str | None = None


class _Advisory(Shape):
    ghsa_id: object = None
    cve_id: object = None
    severity: str | None = None
    summary: object = None
    description: object = None
    identifiers: object = None
    references: object = None
    cvss: object = None


class _Vulnerability(Shape):
    package: _Package | None = None
    severity: str | None = None
    affected: object = field(default=None, name="vulnerable_version_range")
    fix: _Fix | None = field(default=None, name="first_patched_version")
    advisory: _Advisory | None = None


class _Dependency(Shape):
    package: _Package | None = None
    manifest_path: object = None
    scope: object = None


class DependencyAlert(Alert):
    """REST (`security_vulnerability`), GraphQL (`securityVulnerability`), the older webhook (`affected_range`)."""

    id: object = None
    created: object = field(default=None, name="createdAt")
    dismissed: object = field(default=None, name="dismissed_at")
    fixed: object = field(default=None, name="fixed_at")
    dependency: _Dependency | None = None
    vulnerability: _Vulnerability | None = field(default=None, name="security_vulnerability")
    own_advisory: _Advisory | None = field(default=None, name="security_advisory")
    path: object = field(default=None, name="vulnerableManifestPath")
    requirements: object = field(default=None, name="vulnerableRequirements")
    own_scope: object = field(default=None, name="dependencyScope")
    affected_range: object = None
    affected_package_name: str | None = None
    external_identifier: object = None
    external_reference: object = None
    ghsa_id: object = None
    severity: str | None = None
    fixed_in: object = None

    @property
    def node(self) -> str | None:
        """The id of an alert that has no number."""
        return str(self.id) if isinstance(self.id, (str, int)) else None

    @property
    def told_state(self) -> str | None:
        """The state; where there is none, what follows from the times."""
        if self.state is not None:
            return self.state
        return "dismissed" if said(self.dismissed) else "fixed" if said(self.fixed) else None

    @property
    def package_name(self) -> str | None:
        """The package; None when there is none, and so no alert."""
        package = self._package
        return package.name if package else said(self.affected_package_name)

    @property
    def ecosystem(self) -> str | None:
        """The package manager."""
        package = self._package
        return package.ecosystem if package else None

    @property
    def _package(self) -> _Package | None:
        own = self.vulnerability.package if self.vulnerability else None
        return own or (self.dependency.package if self.dependency else None)

    @property
    def _advisory(self) -> _Advisory:
        below = self.vulnerability.advisory if self.vulnerability else None
        return self.own_advisory or below or _Advisory()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The advisory's names, GitHub's own first."""
        about = self._advisory
        listed = (said(inside(i, "value")) for i in sequence(about.identifiers) or ())
        own = (about.ghsa_id, self.ghsa_id, about.cve_id, self.external_identifier)
        return some((*(said(name) for name in own), *listed))

    @property
    def rating(self) -> str | None:
        """The severity's word: the vulnerability's before the advisory's."""
        own = self.vulnerability.severity if self.vulnerability else None
        return own or self._advisory.severity or self.severity

    @property
    def score(self) -> float | None:
        """The CVSS base score."""
        found = inside(self._advisory.cvss, "score")
        return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None

    @property
    def summary(self) -> str | None:
        """The advisory's title."""
        return said(self._advisory.summary)

    @property
    def description(self) -> str | None:
        """The advisory's text."""
        return said(self._advisory.description)

    @property
    def references(self) -> tuple[str, ...]:
        """The advisory's links."""
        listed = (said(inside(r, "url")) for r in sequence(self._advisory.references) or ())
        return some((*listed, said(self.external_reference)))

    @property
    def manifest(self) -> str | None:
        """The file that asks for the package."""
        return said(self.dependency.manifest_path if self.dependency else self.path)

    @property
    def scope(self) -> str | None:
        """What the package is for: running or developing."""
        return said(self.dependency.scope if self.dependency else self.own_scope)

    @property
    def affected(self) -> str | None:
        """The versions that are affected."""
        return said(self.vulnerability.affected if self.vulnerability else self.affected_range)

    @property
    def fixed_version(self) -> str | None:
        """The first version that is not."""
        fix = self.vulnerability.fix if self.vulnerability else None
        return fix.identifier if fix else said(self.fixed_in)
