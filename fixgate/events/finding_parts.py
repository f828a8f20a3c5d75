"""What Finding is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fixgate.events.severity import Severity
from fixgate.events.stored import Stored, datum_stored, stored_of
from fixgate.forms import digest, finite, key, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """Where the finding's original bytes are."""

    digest: str
    """Digest of the whole report."""
    pointer: str = ""
    """Where in the report the result stands, as a JSON Pointer or line number."""
    stored: Stored | None = None
    """The sealed report, or the sealed manifest of a large one; null when it was not kept."""


def datum_original(record: Original) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "digest": digest(record.digest),
        "pointer": record.pointer,
        "stored": None if record.stored is None else ("fixgate.Stored", datum_stored(record.stored)),
    }


def original_of(datum: Mapping[str, Any]) -> Original:
    """The record in what fastavro read."""
    return Original(
        digest=digest(datum["digest"]),
        pointer=datum["pointer"],
        stored=None if (value := datum["stored"]) is None else stored_of(value),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An affected package."""

    purl: str
    """Its package URL, version included."""
    fixed_versions: tuple[str, ...] = ()
    """Versions that are not affected, if the scanner says so."""


def datum_package(record: Package) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "purl": key(record.purl),
        "fixed_versions": record.fixed_versions,
    }


def package_of(datum: Mapping[str, Any]) -> Package:
    """The record in what fastavro read."""
    return Package(
        purl=key(datum["purl"]),
        fixed_versions=tuple(datum["fixed_versions"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """One place where a finding was seen."""

    path: str | None = None
    """File path, relative to the repository or image."""
    start_line: int | None = None
    """First line, counted from 1."""
    end_line: int | None = None
    """Last line."""
    start_column: int | None = None
    """First column, counted from 1."""
    end_column: int | None = None
    """Last column."""
    logical: str | None = None
    """Name of the function, resource or layer, where there is no file."""
    snippet: str | None = None
    """The text there; masked."""


def datum_location(record: Location) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "path": None if record.path is None else ("string", record.path),
        "start_line": None if record.start_line is None else ("long", natural(record.start_line)),
        "end_line": None if record.end_line is None else ("long", natural(record.end_line)),
        "start_column": None if record.start_column is None else ("long", natural(record.start_column)),
        "end_column": None if record.end_column is None else ("long", natural(record.end_column)),
        "logical": None if record.logical is None else ("string", record.logical),
        "snippet": None if record.snippet is None else ("string", record.snippet),
    }


def location_of(datum: Mapping[str, Any]) -> Location:
    """The record in what fastavro read."""
    return Location(
        path=datum["path"],
        start_line=None if (value := datum["start_line"]) is None else natural(value),
        end_line=None if (value := datum["end_line"]) is None else natural(value),
        start_column=None if (value := datum["start_column"]) is None else natural(value),
        end_column=None if (value := datum["end_column"]) is None else natural(value),
        logical=datum["logical"],
        snippet=datum["snippet"],
    )


class FindingStatus(StrEnum):
    """What the scanner says has become of a finding. Unknown is treated as open."""

    UNKNOWN = "unknown"
    OPEN = "open"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRating:
    """A severity, with how it was arrived at."""

    normalised: Severity
    """The normalised value; unknown when the report has none."""
    reported: str | None = None
    """The source's own value, unchanged."""
    score: float | None = None
    """The source's number, CVSS base score or its like."""
    derivation: str
    """How the normalised value follows: which field, which table."""


def datum_severity_rating(record: SeverityRating) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "normalised": record.normalised,
        "reported": None if record.reported is None else ("string", record.reported),
        "score": None if record.score is None else ("double", finite(record.score)),
        "derivation": key(record.derivation),
    }


def severity_rating_of(datum: Mapping[str, Any]) -> SeverityRating:
    """The record in what fastavro read."""
    return SeverityRating(
        normalised=Severity(datum["normalised"]),
        reported=datum["reported"],
        score=None if (value := datum["score"]) is None else finite(value),
        derivation=key(datum["derivation"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who handed a report in."""

    name: str
    """The source's configured name."""
    principal: str | None = None
    """Its authenticated identity; null when nobody vouches for it."""


def datum_source(record: Source) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "principal": None if record.principal is None else ("string", record.principal),
    }


def source_of(datum: Mapping[str, Any]) -> Source:
    """The record in what fastavro read."""
    return Source(
        name=key(datum["name"]),
        principal=datum["principal"],
    )
