"""What is recognised and not read is named; what is not known is not."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.reports.document import Document
from fixgate.reports.formats.unsupported import HEAD, named
from fixgate.reports.report import read

REPORT: Final = b'{"results": []}'


def zipped() -> bytes:
    """A report in a zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("report.json", REPORT)
    return held.getvalue()


def tarred() -> bytes:
    """A report in a tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("report.json"), io.BytesIO())
    return held.getvalue()


def document(value: object) -> Document:
    """A document with this value."""
    return Document(values=(("", value),))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"hello",
        b"\x00\x01\x02",
        b"one, two",
        b"Wed: Falco initialized\n",
        b'{"a": 1',
        b"[1, 2, 3, 4]\n[5]",
    ],
)
def test_what_is_not_known_is_not_named(data: bytes) -> None:
    """It is no table for a comma, and no XML for a bracket."""
    assert named(data, None) is None


NOBODYS: Final[list[object]] = [
    *({}, [], None, 7, "text", {"version": "2.1.0", "runs": []}, {"version": [], "runs": 1}),
    *({"results": []}, {"results": [7]}, {"results": [[{}]]}, {"results": None, "rows": {}, "data": 7}),
]


@pytest.mark.parametrize("value", NOBODYS)
def test_a_document_that_is_not_known_is_not_named(value: object) -> None:
    """Neither is one that another adapter would read."""
    assert named(json.dumps(value).encode(), document(value)) is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (gzip.compress(REPORT), "gzip"),
        (bz2.compress(REPORT), "bzip2"),
        (lzma.compress(REPORT), "xz"),
        (zipped(), "a zip archive"),
        (tarred(), "a tar archive"),
        (b"%PDF-1.7", "a PDF"),
        (b"PAR1\x15\x04", "a Parquet file"),
    ],
)
def test_what_is_packed_is_named_by_its_first_bytes(data: bytes, what: str) -> None:
    """It is not unpacked: a bomb may be in it."""
    told = named(data, None)
    assert told is not None
    assert what in told


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<?xml version="1.0"?><analysis xmlns="https://x.test/dependency-check.2.5.xsd">', "Dependency-Check XML"),
        ("<testsuites><testsuite/></testsuites>", "JUnit XML"),
        ('<?xml version="1.0"?>\n<!-- made -->\n<testsuite name="x">', "JUnit XML"),
        ("<CxXMLResults>", "Checkmarx XML"),
        ("<NessusClientData_v2>", "a Nessus report"),
        ("<BugCollection version='4'>", "SpotBugs XML"),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/1.4">', "CycloneDX XML"),
        ("<!DOCTYPE html>\n<html>", "HTML"),
        ("<html><body>", "HTML"),
        ('<!DOCTYPE issues [<!ELEMENT issues (issue*)>]><issues burpVersion="2">', "Burp XML"),
        ('<!DOCTYPE lolz [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><lolz>&b;</lolz>', "XML"),
        ("<", "XML"),
    ],
)
def test_xml_is_named_by_its_first_element(text: str, what: str) -> None:
    """In each encoding; nothing of it is parsed, so no entity is expanded."""
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        told = named(data, None)
        assert told is not None
        assert told.startswith(what)
        assert ", which is not read; " in told


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("AUTH_METHOD;TIMESTAMP;ACCOUNT_UID;STATUS\n", "a table of Prowler"),
        ("ASSESSMENT_START_TIME;FINDING_UNIQUE_ID;PROVIDER\n", "a table of Prowler"),
        ("Created At,Title,Severity,Status\n", "a table of Wiz"),
        ('"Plugin ID","CVE","CVSS","Risk"\n', "a table of Tenable"),
        ("a,b,c,d\n1,2,3,4\n", "a table,"),
        ("apiVersion: v1\nkind: List\n", "YAML"),
    ],
)
def test_tables_and_yaml_are_named(text: str, what: str) -> None:
    """By their first line."""
    told = named(text.encode(), None)
    assert told is not None
    assert told.startswith(what)


DOCUMENTS: Final[tuple[tuple[Any, str], ...]] = (
    ({"spdxVersion": "SPDX-2.3", "packages": []}, "an SBOM in SPDX"),
    ({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}, "an SBOM in SPDX"),
    ({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}, "an SBOM in CycloneDX"),
    ({"artifacts": [], "artifactRelationships": [], "descriptor": {"name": "syft"}}, "an SBOM of Syft"),
    ({"version": "2.0.0", "runs": []}, "SARIF of an older version"),
    ({"format_version": "1.2", "resource_changes": []}, "a plan of Terraform"),
    ({"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck"}}, "a stream of govulncheck"),
    ([{"rule_name": "x", "matches": [], "num_matches": 1}], "a report of Nosey Parker"),
    ({"reportSchema": "1.1", "scanInfo": {}, "dependencies": []}, "Dependency-Check JSON"),
    ([{"controlReports": []}], "a report of Kubescape of version 1"),
    ({"sample": 1, "output_fields": {}}, "Falco's metrics"),
    ({"scanOriginResource": {}, "policies": [], "result": {}}, "a report of Wiz's command line"),
    ({"nodes": [], "services": [], "vulnerabilities": []}, "a report of kube-hunter"),
    ({"files_scanned": 1, "queries_total": 1, "queries": []}, "a report of KICS"),
    ({"results": [{"rule_id": "AWS001", "rule_provider": "aws", "rule_description": "x"}]}, "a report of tfsec"),
    ({"results": {"scan_summary": {}, "violations": None}}, "a report of Terrascan"),
    (
        [{"code": "DL3006", "column": 1, "file": "x", "level": "info", "line": 1, "message": "x"}],
        "a report of hadolint",
    ),
    ({"document": {}, "product_tree": {}, "vulnerabilities": []}, "an advisory in CSAF"),
    ({"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}, "a signed attestation"),
)


@pytest.mark.parametrize(("value", "what"), DOCUMENTS)
def test_a_document_is_named_by_its_names(value: Any, what: str) -> None:
    """An SBOM is no report of findings, and is told to be none."""
    told = named(json.dumps(value).encode(), document(value))
    assert told is not None
    assert told.startswith(what)


def test_a_stream_of_objects_is_named_though_it_is_no_json() -> None:
    """Each object goes over many lines."""
    text = '{\n  "config": {\n    "protocol_version": "v1.0.0",\n    "scanner_name": "govulncheck"\n  }\n}\n{\n}\n'
    told = named(text.encode(), None)
    assert told is not None
    assert told.startswith("a stream of govulncheck")


def test_nothing_of_the_report_is_told() -> None:
    """However an element or a column is called."""
    secret = "hunter" + "2" * 20
    for text in (f"<{secret}>", f"{secret},b,c,d\n1,2,3,4", f"<!DOCTYPE {secret} [", f"<testsuite name='{secret}'>"):
        assert secret not in (named(text.encode(), None) or "")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<!" * HEAD, "XML"),
        ("<?" * HEAD, "XML"),
        ("<!--" * HEAD, "XML"),
        ("<!---->" * HEAD, "XML"),
        ("<!DOCTYPE " * HEAD, "XML"),
        ("<a" * HEAD, "XML"),
        ("," * HEAD, None),
        (",\n" * HEAD, None),
    ],
)
def test_a_beginning_that_was_made_to_be_slow_is_answered(text: str, what: str | None) -> None:
    """No more than the first bytes are looked at, each a few times."""
    told = named(text.encode(), None)
    assert (told is None) if what is None else (told or "").startswith(what)


def test_a_report_that_is_not_read_is_refused() -> None:
    """Whatever it is called."""
    for data in (b"<testsuites/>", gzip.compress(REPORT), json.dumps({"spdxVersion": "SPDX-2.3"}).encode()):
        with pytest.raises(Poison, match="which is not read; "):
            read(data)


@pytest.mark.parametrize(
    ("unread", "says"),
    [
        (b'<?xml version="1.0"?><testsuites/>', "the report is JUnit XML, which is not read; "),
        (b"\x1f\x8b\x08\x00", "the report is compressed with gzip, which is not read; unpack it first"),
    ],
)
def test_a_refusal_names_what_it_refuses(unread: bytes, says: str) -> None:
    """And says what to send instead."""
    with pytest.raises(Poison) as refused:
        read(unread)
    assert refused.value.message.startswith(says)
