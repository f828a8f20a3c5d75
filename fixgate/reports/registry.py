"""Which formats there are, and which of them a document is. A new format is one file and one line here."""

from collections.abc import Mapping
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.reports.adapter import Adapter
from fixgate.reports.document import Document
from fixgate.reports.fields import mapping, sequence
from fixgate.reports.formats.asff import Asff
from fixgate.reports.formats.bandit import Bandit
from fixgate.reports.formats.checkov import Checkov
from fixgate.reports.formats.cyclonedx import CycloneDx
from fixgate.reports.formats.detect_secrets import DetectSecrets
from fixgate.reports.formats.falco import Falco
from fixgate.reports.formats.generic import Generic
from fixgate.reports.formats.ggshield import Ggshield
from fixgate.reports.formats.github_alerts import GitHubAlerts
from fixgate.reports.formats.gitlab import GitLab
from fixgate.reports.formats.gitleaks import Gitleaks
from fixgate.reports.formats.gosec import Gosec
from fixgate.reports.formats.grype import Grype
from fixgate.reports.formats.guardduty import GuardDuty
from fixgate.reports.formats.inspector2 import Inspector2
from fixgate.reports.formats.kube_bench import KubeBench
from fixgate.reports.formats.kubescape import Kubescape
from fixgate.reports.formats.ms_defender import MsDefender
from fixgate.reports.formats.npm_audit import NpmAudit
from fixgate.reports.formats.nuclei import Nuclei
from fixgate.reports.formats.ocsf import Ocsf
from fixgate.reports.formats.openvex import OpenVex
from fixgate.reports.formats.osv import Osv
from fixgate.reports.formats.pip_audit import PipAudit
from fixgate.reports.formats.prowler import Prowler
from fixgate.reports.formats.sarif import Sarif
from fixgate.reports.formats.semgrep import Semgrep
from fixgate.reports.formats.snyk import Snyk
from fixgate.reports.formats.trivy import Trivy
from fixgate.reports.formats.trivy_operator import TrivyOperator
from fixgate.reports.formats.trufflehog import Trufflehog
from fixgate.reports.formats.trufflehog2 import Trufflehog2
from fixgate.reports.formats.trufflehog3 import Trufflehog3
from fixgate.reports.formats.wiz import Wiz
from fixgate.reports.formats.zizmor import Zizmor

_ALL: Final[tuple[Adapter, ...]] = (
    Asff(),
    Bandit(),
    Checkov(),
    CycloneDx(),
    DetectSecrets(),
    Falco(),
    Generic(),
    Ggshield(),
    GitHubAlerts(),
    GitLab(),
    Gitleaks(),
    Gosec(),
    Grype(),
    GuardDuty(),
    Inspector2(),
    KubeBench(),
    Kubescape(),
    MsDefender(),
    NpmAudit(),
    Nuclei(),
    Ocsf(),
    OpenVex(),
    Osv(),
    PipAudit(),
    Prowler(),
    Sarif(),
    Semgrep(),
    Snyk(),
    Trivy(),
    TrivyOperator(),
    Trufflehog(),
    Trufflehog2(),
    Trufflehog3(),
    Wiz(),
    Zizmor(),
)
ADAPTERS: Final[Mapping[str, Adapter]] = {adapter.name: adapter for adapter in _ALL}
NAMES: Final = ", ".join(sorted(ADAPTERS))
_HOLDERS: Final = frozenset({"findings", "results"})


def adapter_of(document: Document, name: str) -> Adapter | None:
    """The adapter for the document: the one that is named, else the one that recognises it.

    None when there is nothing by which to tell: an empty list says that nothing was found, not by whom. Raises Poison
    when no adapter fits, or more than one.
    """
    if name:
        named = ADAPTERS.get(name)
        if named is None:
            raise Poison(Reason.INVALID, f"the report is said to be of a format that is not known; known are {NAMES}")
        if not _holds_nothing(document) and not named.recognises(document):
            raise Poison(Reason.INVALID, f"the report is said to be {name}, but it is not")
        return named
    found = [adapter for adapter in ADAPTERS.values() if adapter.recognises(document)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(adapter.name for adapter in found)
        raise Poison(Reason.INVALID, f"the report could be {names}: its format must be named")
    if _holds_nothing(document):
        return None
    raise Poison(Reason.INVALID, f"the report is of no format that is known; known are {NAMES}")


def _holds_nothing(document: Document) -> bool:
    """Whether the document has no result at all: `null`, `[]`, `{"findings": []}`, `{"results": []}`."""
    return all(_nothing(value) for _, value in document.values) and not document.unusable


def _nothing(value: object) -> bool:
    fields = mapping(value)
    if fields is not None:
        return len(fields) == 1 and all(n.lower() in _HOLDERS and _nothing(v) for n, v in fields.items())
    return value is None or sequence(value) == []
