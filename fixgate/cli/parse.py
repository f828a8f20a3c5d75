"""`fixgate parse`: reports to findings, as ingest would make them, without a broker."""

import json
import sys
from datetime import UTC, datetime
from mmap import PROT_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.errors import EXIT_REFUSED, FixgateError, Misconfigured, Poison, Reason

if TYPE_CHECKING:
    from fixgate.reports.document import Data
    from fixgate.reports.report import Report
    from fixgate.reports.secrets import HashKey

STANDARD_INPUT = "-"
FAILED = "failed"
PART = 500
"""Findings that are in memory at once."""

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Reports; - is standard input.")]


def formats(incomplete: str) -> list[str]:
    """Names of formats that begin so, for a shell that completes them."""
    from fixgate.reports.registry import ADAPTERS  # noqa: PLC0415 - slow to import

    return [name for name in sorted(ADAPTERS) if name.startswith(incomplete)]


Format = Annotated[
    str,
    typer.Option(
        "--format", metavar="F", autocompletion=formats, help="The format's name, as docs/formats.md lists them."
    ),
]
Repository = Annotated[str, typer.Option("--repository", metavar="URL", help="Clone address of what was scanned.")]


def parse(
    files: Files,
    *,
    form: Format = "",
    repository: Repository = "",
    source: Annotated[str, typer.Option("--source", metavar="S", help="Name of the source in the findings.")] = "parse",
    summary: Annotated[bool, typer.Option("--summary", help="Counts for each file instead of findings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line; findings always are.")] = False,
) -> None:
    """Print the findings of reports as JSON lines; exit code 1 when a file cannot be used as a whole."""
    from fixgate import settings  # noqa: PLC0415 - slow to import
    from fixgate.reports.adapter import Hints  # noqa: PLC0415 - slow to import
    from fixgate.reports.paths import repository_said  # noqa: PLC0415 - slow to import

    _check_format(form)
    hints = Hints(format=form, repository=repository_said(repository))
    key, lasting = (None, True) if summary else _hash_key(settings.load().hash_key)
    unusable = marked = False
    for name in files:
        report, fault, data, at = _read(name, hints)
        unusable |= fault is not None
        if summary:
            counted = _counted(name, report, fault)
            typer.echo(json.dumps(counted) if as_json else _line(counted))
        elif report is not None and key is not None:
            marked |= _print_findings(report, key, data, source, at)
        _complain(name, report, fault, quiet=summary and as_json)
    if marked and not lasting:
        typer.echo("FIXGATE_HASH_KEY is not set: the hashes of secrets are of a key for this run only", err=True)
    if unusable:
        raise typer.Exit(EXIT_REFUSED)


def contents(name: str, limit: int) -> tuple[bytes, datetime]:
    """A file's bytes, at most one more than `limit`, and its time; raises Misconfigured when it cannot be read."""
    try:
        if name == STANDARD_INPUT:
            return sys.stdin.buffer.read(limit + 1), datetime.now(UTC)
        path = Path(name)
        with path.open("rb") as opened:
            return opened.read(limit + 1), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read: {error.strerror}", remedy="Give the path of a report.") from None


def _read(name: str, hints: Any) -> "tuple[Report | None, Poison | None, Data, datetime]":
    from fixgate.reports.opening import REPORT_LIMIT  # noqa: PLC0415 - slow to import
    from fixgate.reports.report import read  # noqa: PLC0415 - slow to import

    data, at = _opened(name, REPORT_LIMIT)
    if len(data) > REPORT_LIMIT:
        return None, Poison(Reason.OVERSIZED, f"the report has more than {REPORT_LIMIT} bytes"), b"", at
    try:
        return read(data, hints), None, data, at
    except Poison as fault:
        return None, fault, data, at


def _opened(name: str, limit: int) -> "tuple[Data, datetime]":
    """A report's bytes; those of a long file are mapped, not read."""
    from fixgate.reports.opening import EAGER  # noqa: PLC0415 - slow to import

    path = Path(name)
    if name == STANDARD_INPUT or not path.is_file() or path.stat().st_size <= EAGER:
        return contents(name, limit)
    try:
        with path.open("rb") as opened:
            data = mmap(opened.fileno(), 0, prot=PROT_READ)
            return data, datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read: {error.strerror}", remedy="Give the path of a report.") from None


def _check_format(form: str) -> None:
    from fixgate.reports.registry import ADAPTERS, NAMES  # noqa: PLC0415 - slow to import

    if form and form not in ADAPTERS:
        raise Misconfigured(f"there is no format {form!r}", remedy=f"Known are {NAMES}; without one the content tells.")


def _hash_key(path: str) -> "tuple[HashKey, bool]":
    """The deployment's key and True, or one for this run and False."""
    import secrets  # noqa: PLC0415 - not needed for help

    from fixgate.reports.secrets import KEY_LEAST, HashKey, load_hash_key  # noqa: PLC0415 - slow to import

    if path:
        return load_hash_key(Path(path)), True
    return HashKey.of(secrets.token_bytes(KEY_LEAST)), False


def _print_findings(report: "Report", key: "HashKey", data: "Data", source: str, at: datetime) -> bool:
    """Print them, part by part; whether there is a hash of a secret among them."""
    from fixgate.json_form import to_json  # noqa: PLC0415 - slow to import
    from fixgate.reports.findings import Origin, findings  # noqa: PLC0415 - slow to import
    from fixgate.reports.passing import digest_of  # noqa: PLC0415 - slow to import

    origin = Origin(source=source, digest=digest_of(data), stored=None, reported_at=at)
    marked = False
    for start in range(0, len(report.findings), PART):
        for finding in findings(report, key, origin, start=start, stop=start + PART):
            marked |= finding.secret is not None
            typer.echo(json.dumps(to_json(finding)))
    return marked


def _counted(name: str, report: "Report | None", fault: FixgateError | None) -> dict[str, Any]:
    counts: dict[str, Any] = dict.fromkeys(("results", "findings", "suppressed", "passed", "repeated", "rejected"), 0)
    if report is None:
        why = fault.message if fault else ""
        return {"file": name, "format": None, "scan": FAILED, **counts, "warnings": [], "error": why}
    counts |= {"results": report.results, **report.counts}
    warnings = list(report.warnings)
    return {"file": name, "format": report.format, "scan": report.scan.value, **counts, "warnings": warnings}


def _line(counted: dict[str, Any]) -> str:
    if counted["format"] is None:
        return f"{counted['file']}: cannot be used"
    names = ("results", "findings", "suppressed", "passed", "repeated", "rejected")
    numbers = ", ".join(f"{counted[n]} {n}" for n in names if counted[n] or n in {"results", "findings"})
    return f"{counted['file']}: {counted['format']}, {counted['scan']}: {numbers}"


def _complain(name: str, report: "Report | None", fault: FixgateError | None, *, quiet: bool) -> None:
    """What cannot be used, and warnings, on standard error."""
    if fault is not None:
        typer.echo(f"error: {name}: {fault.message}", err=True)
    if report is None or quiet:
        return
    for rejected in report.rejected:
        typer.echo(f"{name}: {rejected.pointer or 'the whole'}: {rejected.why}", err=True)
    for warning in report.warnings:
        typer.echo(f"{name}: {warning}", err=True)
