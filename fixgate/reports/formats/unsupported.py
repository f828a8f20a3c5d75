"""Formats that are recognised and not read, so that a refusal names them and says what to send instead.

XML is looked at by its first bytes alone and never parsed: whoever does not expand an entity cannot be made to. Nothing
of what is returned is of the report.
"""

import re
from collections.abc import Mapping
from typing import Final

from fixgate.reports.document import Document
from fixgate.reports.fields import mapping, said, sequence
from fixgate.reports.formats.unsupported_documents import GENERIC, NO_FINDINGS, SARIF, by_names

HEAD: Final = 4096
"""Bytes of a report that are looked at."""
_JSON: Final = "have it write JSON"
_UNPACK: Final = "unpack it first"
_ARCHIVES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x1f\x8b", "compressed with gzip"),
    (0, b"BZh", "compressed with bzip2"),
    (0, b"\xfd7zXZ\x00", "compressed with xz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with Zstandard"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (257, b"ustar", "a tar archive"),
)
_BINARY: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"%PDF-", "a PDF", _JSON),
    (b"PAR1", "a Parquet file", "send its records as JSON lines"),
    (b"SQLite format 3\x00", "a SQLite database", _JSON),
)
_ROOTS: Final[Mapping[str, tuple[str, str]]] = {
    "analysis": ("Dependency-Check XML", "run it with --format SARIF"),
    "arf:asset-report-collection": ("an ARF report of OpenSCAP", GENERIC),
    "benchmark": ("an XCCDF report of OpenSCAP", GENERIC),
    "bom": ("CycloneDX XML", "write it as JSON, with its vulnerabilities"),
    "bugcollection": ("SpotBugs XML", "run it with -sarif"),
    "checkstyle": ("Checkstyle XML", SARIF),
    "cxxmlresults": ("Checkmarx XML", "have it write SARIF"),
    "detailedreport": ("Veracode XML", GENERIC),
    "fvdl": ("Fortify's FVDL", GENERIC),
    "html": ("HTML", _JSON),
    "issues": ("Burp XML", GENERIC),
    "nessusclientdata_v2": ("a Nessus report in XML", GENERIC),
    "nexposereport": ("Nexpose XML", GENERIC),
    "niktoscan": ("Nikto XML", GENERIC),
    "nmaprun": ("nmap XML", GENERIC),
    "owaspzapreport": ("ZAP XML", "use its SARIF template"),
    "pmd": ("PMD XML", "run it with -f sarif"),
    "report": ("an OpenVAS report in XML", GENERIC),
    "results": ("cppcheck XML", GENERIC),
    "scangroup": ("Acunetix XML", GENERIC),
    "scan": ("a report of a web scanner in XML", GENERIC),
    "testresult": ("an XCCDF report of OpenSCAP", GENERIC),
    "testsuite": ("JUnit XML", "have the scanner write its own JSON, or SARIF"),
    "testsuites": ("JUnit XML", "have the scanner write its own JSON, or SARIF"),
}
"""Elements that a document begins with, in small letters."""
_BEFORE_ROOT: Final = re.compile(
    r"\s*<(?:\?[^>]{0,1000}>|!--.{0,2000}?-->|!DOCTYPE\s+[^\[>]{0,1000}>)", re.DOTALL | re.IGNORECASE
)
_ROOT: Final = re.compile(r"\s*<([A-Za-z][\w.:-]{0,60})")
_ENTITIES: Final = re.compile(r"\s*<!DOCTYPE\s+([\w.:-]{1,60})", re.IGNORECASE)
_TABLES: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (
        ("auth_method", "assessment_start_time", "finding_unique_id", "profile"),
        "a table of Prowler",
        "run it with -M json-ocsf",
    ),
    (("created at,title",), "a table of Wiz", "send what its API answers, or its rows as JSON"),
    (("plugin id", "plugin,"), "a table of Tenable", GENERIC),
    (("subscriptionid", "exportedtimestamp"), "a table of Microsoft Defender for Cloud", "send what its API answers"),
)
"""Tables by the first column."""
_COLUMNS_LEAST: Final = 3


def named(data_head: bytes, document: Document | None) -> str | None:
    """What the report is, that it is not read, and what to send instead: what goes on after "the report is".

    `data_head` are its first bytes, `HEAD` of them or more; `document` is None when it is no JSON. None when it is not
    known what it is. Pure; never raises.
    """
    head = data_head[:HEAD]
    found = _by_bytes(head)
    if found is None and document is not None:
        found = _by_document(document)
    if found is None:
        text = _text(head)
        found = _by_text(text) if document is None else None
        found = found or _stream(text)
    return None if found is None else f"{found[0]}, which is not read; {found[1]}"


def _by_bytes(head: bytes) -> tuple[str, str] | None:
    for at, magic, what in _ARCHIVES:
        if head[at : at + len(magic)] == magic:
            return what, _UNPACK
    return next(((what, instead) for magic, what, instead in _BINARY if head.startswith(magic)), None)


def _text(head: bytes) -> str:
    """The beginning as text, as well as it goes."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head.decode("utf-16" if wide else "utf-8-sig", errors="replace").lstrip()


def _by_text(text: str) -> tuple[str, str] | None:
    if text.startswith("<"):
        return _xml(text)
    if text.startswith(("apiVersion:", "---\n", "---\r\n", "%YAML")):
        return "YAML", "write it as JSON"
    return _table(text)


def _xml(text: str) -> tuple[str, str]:
    """By the name of the first element; of a document type that declares entities, by that."""
    at = 0
    while (before := _BEFORE_ROOT.match(text, at)) is not None and before.end() > at:
        if _ENTITIES.match(text, at) and "html" in before[0].lower():
            return _ROOTS["html"]
        at = before.end()
    root = _ENTITIES.match(text, at) or _ROOT.match(text, at)
    return _ROOTS.get(root[1].lower() if root else "", ("XML", SARIF))


def _table(text: str) -> tuple[str, str] | None:
    first = text.partition("\n")[0].strip().lower().replace('"', "")
    if first.startswith(("{", "[")):
        return None
    for begins, what, instead in _TABLES:
        if first.startswith(begins):
            return what, instead
    columns = max(first.count(mark) for mark in (",", ";", "\t")) + 1
    return ("a table", GENERIC) if columns > _COLUMNS_LEAST and "\n" in text else None


def _stream(text: str) -> tuple[str, str] | None:
    """What govulncheck writes: objects one after the other, of many lines each."""
    if '"protocol_version"' in text and '"govulncheck"' in text:
        return "a stream of govulncheck", "run it with -format sarif"
    return None


def _by_document(document: Document) -> tuple[str, str] | None:
    value = next((value for _, value in document.values), None)
    items = sequence(value)
    fields = mapping(next(iter(items), None) if items is not None else value) or {}
    if fields.get("bomFormat") == "CycloneDX" and not sequence(fields.get("vulnerabilities")):
        return "an SBOM in CycloneDX", NO_FINDINGS
    if "runs" in fields and said(fields.get("version")) in {"1.0.0", "2.0.0"}:
        return "SARIF of an older version", SARIF
    if "@graph" in fields and "spdx.org" in str(fields.get("@context"))[:200]:
        return "an SBOM in SPDX", NO_FINDINGS
    if mapping(fields.get("config")) and "protocol_version" in (mapping(fields["config"]) or {}):
        return "a stream of govulncheck", "run it with -format sarif"
    return by_names(fields)
