"""Formats that are recognised and not read, so that a refusal names them and says what to send instead.

XML is looked at by its first bytes alone and never parsed: whoever does not expand an entity cannot be made to. Nothing
of what is returned is of the report.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fixgate.reports.document import Document
from fixgate.reports.fields import mapping, said, sequence

HEAD: Final = 4096
"""Bytes of a report that are looked at."""
_SARIF: Final = "have it write SARIF 2.1.0"
_JSON: Final = "have it write JSON"
_GENERIC: Final = "send it as a generic report"
_UNPACK: Final = "unpack it first"
_NO_FINDINGS: Final = "it says what is there, not what is wrong: send what a scanner found in it"
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
    "arf:asset-report-collection": ("an ARF report of OpenSCAP", _GENERIC),
    "benchmark": ("an XCCDF report of OpenSCAP", _GENERIC),
    "bom": ("CycloneDX XML", "write it as JSON, with its vulnerabilities"),
    "bugcollection": ("SpotBugs XML", "run it with -sarif"),
    "checkstyle": ("Checkstyle XML", _SARIF),
    "cxxmlresults": ("Checkmarx XML", "have it write SARIF"),
    "detailedreport": ("Veracode XML", _GENERIC),
    "fvdl": ("Fortify's FVDL", _GENERIC),
    "html": ("HTML", _JSON),
    "issues": ("Burp XML", _GENERIC),
    "nessusclientdata_v2": ("a Nessus report in XML", _GENERIC),
    "nexposereport": ("Nexpose XML", _GENERIC),
    "niktoscan": ("Nikto XML", _GENERIC),
    "nmaprun": ("nmap XML", _GENERIC),
    "owaspzapreport": ("ZAP XML", "use its SARIF template"),
    "pmd": ("PMD XML", "run it with -f sarif"),
    "report": ("an OpenVAS report in XML", _GENERIC),
    "results": ("cppcheck XML", _GENERIC),
    "scangroup": ("Acunetix XML", _GENERIC),
    "scan": ("a report of a web scanner in XML", _GENERIC),
    "testresult": ("an XCCDF report of OpenSCAP", _GENERIC),
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
    (("plugin id", "plugin,"), "a table of Tenable", _GENERIC),
    (("subscriptionid", "exportedtimestamp"), "a table of Microsoft Defender for Cloud", "send what its API answers"),
)
"""Tables by the first column."""
_COLUMNS_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class _Known:
    """A report in JSON that has all of these names."""

    names: frozenset[str]
    what: str
    instead: str


_DOCUMENTS: Final = (
    _Known(frozenset({"scanOriginResource", "policies", "result"}), "a report of Wiz's command line", _SARIF),
    _Known(frozenset({"Checks", "Reports", "Summary"}), "a report of KubeLinter", "run it with --format sarif"),
    _Known(frozenset({"nodes", "services", "vulnerabilities"}), "a report of kube-hunter", _GENERIC),
    _Known(frozenset({"AuditResultName", "ResourceKind"}), "a report of kubeaudit", "run it with -p sarif"),
    _Known(frozenset({"spdxVersion"}), "an SBOM in SPDX", _NO_FINDINGS),
    _Known(frozenset({"artifacts", "artifactRelationships"}), "an SBOM of Syft", _NO_FINDINGS),
    _Known(frozenset({"format_version", "resource_changes"}), "a plan of Terraform", _NO_FINDINGS),
    _Known(frozenset({"format_version", "planned_values"}), "a plan of Terraform", _NO_FINDINGS),
    _Known(frozenset({"lineage", "serial", "terraform_version"}), "a state of Terraform", _NO_FINDINGS),
    _Known(
        frozenset({"rule_name", "matches", "num_matches"}), "a report of Nosey Parker", "run it with --format sarif"
    ),
    _Known(
        frozenset({"reportSchema", "scanInfo", "dependencies"}), "Dependency-Check JSON", "run it with --format SARIF"
    ),
    _Known(frozenset({"@version", "site"}), "a report of ZAP", "use its SARIF template"),
    _Known(frozenset({"sample", "output_fields"}), "Falco's metrics", "send its alerts"),
    _Known(frozenset({"controlReports"}), "a report of Kubescape of version 1", "run it with --format-version v2"),
    _Known(frozenset({"scan_info", "warnings"}), "a report of Brakeman", "run it with -f sarif"),
    _Known(frozenset({"kics_version", "queries"}), "a report of KICS", "run it with --report-formats sarif"),
    _Known(frozenset({"report_meta", "scanned_packages"}), "a report of Safety", _GENERIC),
    _Known(frozenset({"database", "lockfile", "vulnerabilities"}), "a report of cargo-audit", _GENERIC),
    _Known(frozenset({"issues", "paging", "components"}), "an answer of SonarQube", _GENERIC),
    _Known(frozenset({"filePath", "messages", "errorCount"}), "a report of ESLint", "use its SARIF formatter"),
    _Known(frozenset({"long_id", "rule_id", "rule_provider"}), "a report of tfsec", "run it with --format sarif"),
)


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
    return _ROOTS.get(root[1].lower() if root else "", ("XML", _SARIF))


def _table(text: str) -> tuple[str, str] | None:
    first = text.partition("\n")[0].strip().lower().replace('"', "")
    if first.startswith(("{", "[")):
        return None
    for begins, what, instead in _TABLES:
        if first.startswith(begins):
            return what, instead
    columns = max(first.count(mark) for mark in (",", ";", "\t")) + 1
    return ("a table", _GENERIC) if columns > _COLUMNS_LEAST and "\n" in text else None


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
        return "an SBOM in CycloneDX", _NO_FINDINGS
    if "runs" in fields and said(fields.get("version")) in {"1.0.0", "2.0.0"}:
        return "SARIF of an older version", _SARIF
    if "@graph" in fields and "spdx.org" in str(fields.get("@context"))[:200]:
        return "an SBOM in SPDX", _NO_FINDINGS
    if mapping(fields.get("config")) and "protocol_version" in (mapping(fields["config"]) or {}):
        return "a stream of govulncheck", "run it with -format sarif"
    return next(((known.what, known.instead) for known in _DOCUMENTS if known.names <= fields.keys()), None)
