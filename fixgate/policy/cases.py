"""Policies' tests as data: a change, a moment, and what the policies must come to.

subject: {environment: production}        # of all cases in the file; the rest is an unremarkable change in staging
moment: {within_ceiling: true}
cases:
  - name: a key that was used
    subject: {in_use: true}
    expect: {verdict: people, policies: [caution-in-use], quorum: 1}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fixgate.errors import Misconfigured
from fixgate.policy.bundle import Bundle
from fixgate.policy.judge import Moment, Outlook, Ruling, judge
from fixgate.policy.subject import Subject

UNREMARKABLE: Final = Subject(
    digest="sha256:" + "0" * 64,
    template="aws-iam-deactivate-access-key",
    template_class="credential",
    problem="leaked_access_key",
    status="open",
    target_kind="aws.iam.access_key",
    environment="staging",
    blast=1,
    blast_name="low",
    dependants=0,
    dependants_known=True,
    reversibility="lossless",
    severity="high",
    automatic=True,
    deciding_known=True,
    independent_sources=2,
    tainted_slots=0,
    assembler="rules",
    owner_known=True,
    managed_by="hand",
    shared=False,
    secret=True,
    in_use=False,
    signals=0,
    stale_inventory=False,
    sender_known=True,
    honest=True,
    revision=1,
    reading=1,
    soak_seconds=0,
)
"""A small, known, honest change in staging."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Circumstances(_Part):
    """The moment of a case."""

    within_ceiling: bool = True
    lapsed: int = 0
    approvals: int = 0
    facts_hours: int = 0


class Expected(_Part):
    """What must come of it; `policies` must be among those that determined it, whatever else did."""

    verdict: Outlook
    policies: tuple[str, ...] = ()
    quorum: int | None = None
    roles: tuple[str, ...] | None = None
    obligations: tuple[str, ...] | None = None


class Case(_Part):
    """One case."""

    name: str
    subject: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    moment: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    expect: Expected


class CaseFile(_Part):
    """A file of cases."""

    subject: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    moment: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a case went; `faults` is empty when the policies came to what was expected."""

    file: str
    name: str
    ruling: Ruling
    faults: tuple[str, ...]


def run_cases(bundle: Bundle, folder: Path) -> Iterator[Outcome]:
    """Run every case of the YAML files in a folder, in their order; raises Misconfigured for what is no case."""
    for path in sorted(folder.glob("*.yaml")):
        found = _read(path)
        for case in found.cases:
            ruling = judge(bundle, _subject(path, found, case), _moment(path, found, case))
            yield Outcome(file=path.name, name=case.name, ruling=ruling, faults=tuple(_faults(case.expect, ruling)))


def _read(path: Path) -> CaseFile:
    try:
        return CaseFile.model_validate(yaml.safe_load(path.read_bytes()))
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError:
        raise Misconfigured(f"{path} is no YAML") from None
    except ValidationError as error:
        raise Misconfigured(f"{path} holds no cases: {error.errors()[0]['msg']}") from None


def _subject(path: Path, found: CaseFile, case: Case) -> Subject:
    changes = {**found.subject, **case.subject}
    for name, value in changes.items():
        known = UNREMARKABLE.attributes.get(name)
        if known is None or type(known) is not type(value):
            raise Misconfigured(f"{path}, {case.name!r}: a change has no {name} that could be {value!r}")
    return replace(UNREMARKABLE, **changes)


def _moment(path: Path, found: CaseFile, case: Case) -> Moment:
    try:
        said = Circumstances.model_validate({**found.moment, **case.moment})
    except ValidationError as error:
        raise Misconfigured(f"{path}, {case.name!r}: {error.errors()[0]['msg']}") from None
    lapsed = tuple(f"exception-{n}" for n in range(said.lapsed))
    return Moment(
        within_ceiling=said.within_ceiling, lapsed=lapsed, approvals=said.approvals, facts_hours=said.facts_hours
    )


def _faults(expected: Expected, ruling: Ruling) -> Iterator[str]:
    if ruling.verdict is not expected.verdict:
        yield f"it came to {ruling.verdict.value}, not to {expected.verdict.value}: {'; '.join(ruling.reasons)}"
    missing = sorted(set(expected.policies) - {p.id for p in ruling.policies})
    if missing:
        yield f"it was not determined by {', '.join(missing)}"
    quorum = ruling.quorum
    if expected.quorum is not None and (quorum is None or quorum.approvals != expected.quorum):
        yield f"it asks {0 if quorum is None else quorum.approvals} people, not {expected.quorum}"
    if expected.roles is not None and (quorum is None or set(quorum.roles) != set(expected.roles)):
        yield f"it asks for the roles {() if quorum is None else quorum.roles}, not {expected.roles}"
    obligations = tuple(o.id for o in ruling.obligations)
    if expected.obligations is not None and set(obligations) != set(expected.obligations):
        yield f"its obligations are {obligations}, not {expected.obligations}"
