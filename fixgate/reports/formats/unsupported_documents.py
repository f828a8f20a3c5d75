"""Reports in JSON that are known by their names and not read: what they are, and what to send instead."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fixgate.reports.fields import mapping, sequence

SARIF: Final = "have it write SARIF 2.1.0"
GENERIC: Final = "send it as a generic report"
NO_FINDINGS: Final = "it says what is there, not what is wrong: send what a scanner found in it"
_FORMAT: Final = "run it with --format sarif"
_SHORT: Final = "run it with -f sarif"


@dataclass(frozen=True, slots=True)
class _Known:
    """A report that has all of these names; `inside` is what they stand in, "" the report itself."""

    names: frozenset[str]
    what: str
    instead: str
    inside: str = ""


def _known(names: str, what: str, instead: str = GENERIC, inside: str = "") -> _Known:
    return _Known(frozenset(names.split()), what, instead, inside)


_DOCUMENTS: Final = (
    _known("scanOriginResource policies result", "a report of Wiz's command line", SARIF),
    _known("Checks Reports Summary", "a report of KubeLinter", _FORMAT),
    _known("nodes services vulnerabilities", "a report of kube-hunter"),
    _known("AuditResultName ResourceKind", "a report of kubeaudit", "run it with -p sarif"),
    _known("spdxVersion", "an SBOM in SPDX", NO_FINDINGS),
    _known("artifacts artifactRelationships", "an SBOM of Syft", NO_FINDINGS),
    _known("format_version resource_changes", "a plan of Terraform", NO_FINDINGS),
    _known("format_version planned_values", "a plan of Terraform", NO_FINDINGS),
    _known("lineage serial terraform_version", "a state of Terraform", NO_FINDINGS),
    _known("rule_name matches num_matches", "a report of Nosey Parker", _FORMAT),
    _known("reportSchema scanInfo dependencies", "Dependency-Check JSON", "run it with --format SARIF"),
    _known("@version site", "a report of ZAP", "use its SARIF template"),
    _known("sample output_fields", "Falco's metrics", "send its alerts"),
    _known("controlReports", "a report of Kubescape of version 1", "run it with --format-version v2"),
    _known("scan_info warnings", "a report of Brakeman", _SHORT),
    _known("kics_version queries", "a report of KICS", "run it with --report-formats sarif"),
    _known("files_scanned queries_total queries", "a report of KICS", "run it with --report-formats sarif"),
    _known("report_meta scanned_packages", "a report of Safety"),
    _known("database lockfile vulnerabilities", "a report of cargo-audit"),
    _known("issues paging components", "an answer of SonarQube"),
    _known("hotspots paging components", "an answer of SonarQube"),
    _known("filePath messages errorCount", "a report of ESLint", "use its SARIF formatter"),
    _known("long_id rule_id rule_provider", "a report of tfsec", _FORMAT),
    _known("long_id rule_id rule_provider", "a report of tfsec", _FORMAT, inside="results"),
    _known("rule_id rule_provider rule_description", "a report of tfsec", _FORMAT, inside="results"),
    _known("scan_summary violations", "a report of Terrascan", "run it with -o sarif", inside="results"),
    _known("code column file level line message", "a report of hadolint", _SHORT),
    _known("nodejs templates njsscan_version", "a report of njsscan", "run it with --sarif"),
    _known("Filename Level Location Message Rule", "a report of cfn-lint", _FORMAT),
    _known("dockerbenchsecurity tests", "a report of Docker Bench"),
    _known("imageDigest vulnerability_type vulnerabilities", "a report of Anchore"),
    _known("feedGroup packageCpe vuln", "a report of Anchore"),
    _known("image unapproved vulnerabilities", "a report of Clair"),
    _known("LayerCount Vulnerabilities", "a report of Clair"),
    _known("image_assurance_results resources scan_options", "a report of Aqua"),
    _known("consoleURL results", "a report of Prisma Cloud's twistcli"),
    _known("complianceDistribution vulnerabilityDistribution", "a report of Prisma Cloud's twistcli", inside="results"),
    _known("component_versions source_comp_id", "a report of JFrog Xray", "have jf write SARIF", inside="data"),
    _known("impacted_artifact severity summary", "a report of JFrog Xray", "have jf write SARIF", inside="rows"),
    _known("component_id package_type scan_id vulnerabilities", "a report of JFrog Xray", "have jf write SARIF"),
    _known("analysisVulnerabilities repositoryName", "a report of Horusec"),
    _known("huskyciresults repositoryURL", "a report of huskyCI"),
    _known("server_scan_results sslyze_version", "a report of SSLyze"),
    _known("banner kex recommendations", "a report of ssh-audit"),
    _known("target_url scan_aborted", "a report of WPScan"),
    _known("interesting_findings plugins", "a report of WPScan"),
    _known("banner host port vulnerabilities", "a report of Nikto"),
    _known("Generated Target Vulnerabilities", "a report of Invicti"),
    _known("scanID totalCount results", "a report of Checkmarx One", SARIF),
    _known("meta project findings version", "an answer of Dependency-Track"),
    _known("PolarisOutputVersion Results", "a report of Polaris"),
    _known("binary_analysis code_analysis app_name", "a report of MobSF"),
    _known("sink_name source_name vuln_name", "a report of progpilot"),
    _known("advisories abandoned", "a report of Composer"),
    _known("document product_tree", "an advisory in CSAF", "send a VEX document in OpenVEX or CycloneDX"),
    _known("document vulnerabilities", "an advisory in CSAF", "send a VEX document in OpenVEX or CycloneDX"),
    _known("payloadType payload signatures", "a signed attestation", "send the report that is in it"),
    _known("predicateType predicate subject", "an attestation", "send the report that is in it"),
    _known("profiles platform statistics", "a report of InSpec"),
)


def by_names(fields: Mapping[str, object]) -> tuple[str, str] | None:
    """What the report is, and what to send instead; None when its names are nobody's. Pure."""
    return next(((k.what, k.instead) for k in _DOCUMENTS for held in _held(fields, k) if k.names <= held.keys()), None)


def _held(fields: Mapping[str, object], known: _Known) -> Iterator[Mapping[str, object]]:
    if not known.inside:
        yield fields
        return
    value = fields.get(known.inside)
    items = sequence(value)
    first = mapping(next(iter(items), None) if items is not None else value)
    if first is not None:
        yield first
