"""A rule of a SARIF run, and what follows from it for its results: severity, weaknesses, package, confidence."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Final

from fixgate.events import Package, Severity, SeverityRating
from fixgate.reports.fields import said, sequence, some
from fixgate.reports.formats.sarif_shapes import Rule, RuleReference
from fixgate.reports.secrets import about_secrets
from fixgate.reports.severity import CVSS, by_number, unknown

_LEVELS: Final[Mapping[str, Severity]] = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.INFORMATIONAL,
}
_CWE: Final = re.compile(r"(?i)\bCWE[-_: ]*([0-9]{1,5})\b")
_VULNERABILITY: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}|GHSA(?:-[0-9a-z]{4}){3}")
_CWES_IN: Final = ("cwe", "cwes", "CWE")
"""Properties in which tools name weaknesses: Snyk and gosec, nodejsscan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A rule, and what follows from it for each of its results.

    `doubtful` says that something of it could not be read, so that what it does not say means nothing.
    """

    rule: Rule
    aliases: tuple[str, ...]
    about_secrets: bool
    number: SeverityRating | None
    rating: SeverityRating
    package: Package | None
    precision: str | None
    links: tuple[str, ...]
    doubtful: bool = False

    @classmethod
    def of(cls, rule: Rule, *, name: str, doubtful: bool = False) -> "Known":
        """Of a rule as the log has it, or of nothing but its name."""
        properties = rule.properties or {}
        tags = [tag for tag in sequence(properties.get("tags")) or () if isinstance(tag, str)]
        related = (r.target for r in rule.relationships or () if r.target is not None)
        return cls(
            rule=rule,
            aliases=some((*_VULNERABILITY.findall(name), *taxa(related), *weaknesses(properties, tags))),
            about_secrets=about_secrets(name, rule.name or "", *tags),
            number=by_security_severity("rule", properties),
            rating=_rating(rule, doubtful=doubtful),
            package=_package(properties),
            precision=said(properties.get("precision")),
            links=some((rule.help,)),
            doubtful=doubtful,
        )


def taxa(references: Iterable[RuleReference]) -> Iterable[str]:
    """Weaknesses among the references to taxonomies (3.27.8, 3.49.15)."""
    for reference in references:
        name, component = reference.id or "", reference.component
        if component is not None and (component.name or "").upper() == "CWE" and name.isdecimal():
            name = f"CWE-{name}"
        yield from _cwes(name)


def weaknesses(properties: Mapping[str, object], tags: Iterable[str] = ()) -> Iterable[str]:
    """Weaknesses that tools name in tags (`external/cwe/cwe-079`) and in properties of their own."""
    for tag in tags:
        yield from _cwes(tag)
    for name in _CWES_IN:
        given = properties.get(name)
        texts = [given] if isinstance(given, str) else sequence(given) or ()
        for text in texts:
            yield from _cwes(text if isinstance(text, str) else "")


def _cwes(text: str) -> Iterable[str]:
    return (f"CWE-{int(number)}" for number in _CWE.findall(text[:200]))


def _rating(rule: Rule, *, doubtful: bool) -> SeverityRating:
    """What a result has that says nothing of its severity (3.27.10), by the level of its rule."""
    if rule.configuration is not None and rule.configuration.level is not None:
        return by_level("sarif level of the rule", rule.configuration.level)
    if doubtful:
        return unknown("sarif rule, which cannot be read,")
    return SeverityRating(normalised=Severity.MEDIUM, derivation="sarif level: warning where none is given (3.27.10)")


def by_level(source: str, level: str) -> SeverityRating:
    """By a level (3.27.10)."""
    return _by_level(source, level) if level in _LEVELS else unknown(source, level)


@lru_cache
def _by_level(source: str, level: str) -> SeverityRating:
    return SeverityRating(normalised=_LEVELS[level], reported=level, derivation=source)


def _package(properties: Mapping[str, object]) -> Package | None:
    """The only package that Grype's rule names."""
    urls = sequence(properties.get("purls")) or ()
    only = urls[0] if len(urls) == 1 else None
    return Package(purl=only) if isinstance(only, str) and only.startswith("pkg:") else None


def by_security_severity(of: str, properties: Mapping[str, object]) -> SeverityRating | None:
    """By the number from 0 to 10 that GitHub reads, if there is one."""
    number = _security_severity(properties)
    return None if number is None else by_number(f"sarif {of} security-severity", number, CVSS, top=10.0)


def _security_severity(properties: Mapping[str, object]) -> float | None:
    """As a text or as a number."""
    given = properties.get("security-severity")
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
