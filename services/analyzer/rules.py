"""The classification rules: data that was checked at the start, and a pure function over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError, model_validator

from fixgate.errors import Misconfigured
from fixgate.events import Environment, Fact, FactState, Finding, Resource, Severity

UNCLASSIFIED: Final = "unclassified"
UNKNOWN_ASSET: Final = "unknown"
_SEVERITIES: Final = tuple(Severity)
"""From the least to the worst; unknown stands first, for any floor is above it."""
_PATTERNS_MAX: Final = 50

Patterns = Annotated[tuple[StrictStr, ...], Field(min_length=1, max_length=_PATTERNS_MAX)]
_STRICT = ConfigDict(frozen=True, extra="forbid")


class Match(BaseModel):
    """What must hold: all that is named; of each one pattern suffices."""

    model_config = _STRICT

    tool: Patterns | None = None
    rule: Patterns | None = None
    target: tuple[Literal["aws.iam.access_key", "aws.s3.bucket", "git.workflow"], ...] | None = None
    identity: Patterns | None = None
    secret: Patterns | None = None
    problem: Patterns | None = None
    environment: tuple[Environment, ...] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Match":
        if not self.model_fields_set:
            raise ValueError("a rule that matches everything says nothing")
        return self


class Says(BaseModel):
    """What follows."""

    model_config = _STRICT

    kind: Literal["leaked_access_key", "public_bucket", "unpinned_action"] | None = None
    asset_type: Literal["access_key", "bucket", "workflow"] | None = None
    at_least: Severity | None = None
    facts: Mapping[Annotated[str, Field(pattern="^(unused|public)$")], StrictBool] = {}
    """What the report says by this rule, as the facts `<name>.report`."""

    @model_validator(mode="after")
    def _kind_has_an_asset(self) -> "Says":
        if (self.kind is None) != (self.asset_type is None):
            raise ValueError("a kind and its asset type are said together")
        return self


class Rule(BaseModel):
    """One rule; `words` are for people."""

    model_config = _STRICT

    id: Annotated[str, Field(pattern=r"[a-z][a-z0-9-]{2,60}")]
    words: str
    match: Match
    says: Says


class Over(BaseModel):
    """A fact that shows that a problem of a kind is over."""

    model_config = _STRICT

    kind: str
    fact: str
    is_: Annotated[tuple[StrictBool | StrictStr, ...], Field(alias="is", min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What the rules say of a finding; `rules` are those that held, in order."""

    kind: str
    asset_type: str
    severity: Severity
    said: Mapping[str, bool]
    rules: tuple[str, ...]


class Rulebook(BaseModel):
    """All rules."""

    model_config = _STRICT

    version: Literal[1]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    over: tuple[Over, ...] = ()

    @model_validator(mode="after")
    def _ids_are_distinct(self) -> "Rulebook":
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError("two rules have the same id")
        return self

    def classify(self, finding: Finding, target: Resource | None, environment: Environment) -> Classification:
        """What the rules say of the finding; `target` is None when it could not be made out."""
        held = [rule for rule in self.rules if _holds(rule.match, finding, target, environment)]
        kinds = [r.says for r in held if r.says.kind is not None]
        floors = [finding.severity.normalised, *(r.says.at_least for r in held if r.says.at_least is not None)]
        said: dict[str, bool] = {}
        for rule in held:
            said.update(rule.says.facts)
        return Classification(
            kind=(kinds[0].kind if kinds else None) or UNCLASSIFIED,
            asset_type=(kinds[0].asset_type if kinds else None) or UNKNOWN_ASSET,
            severity=max(floors, key=_SEVERITIES.index),
            said=said,
            rules=tuple(r.id for r in held),
        )

    def is_over(self, kind: str, evidence: Sequence[Fact]) -> bool:
        """Whether the facts show that a problem of the kind is over; only what was certainly read counts."""
        known = {f.name: f.value for f in evidence if f.state is FactState.VALUE}
        return any(over.kind == kind and _among(known.get(over.fact), over.is_) for over in self.over)


def load(text: str | None = None) -> Rulebook:
    """The rules, the shipped ones unless others are given; raises Misconfigured with every fault."""
    if text is None:
        text = files("services.analyzer").joinpath("rules.yaml").read_text(encoding="utf-8")
    try:
        content: Any = yaml.safe_load(text)
        return Rulebook.model_validate(content)
    except yaml.YAMLError as error:
        raise Misconfigured(f"the classification rules are no YAML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:10])
        raise Misconfigured(f"the classification rules are invalid: {faults}") from None


def _holds(match: Match, finding: Finding, target: Resource | None, environment: Environment) -> bool:
    identity = finding.identity.kind if finding.identity else None
    secret = finding.secret.kind if finding.secret else None
    return (
        _fits(match.tool, finding.tool)
        and (_fits(match.rule, finding.rule_id) or _fits(match.rule, finding.rule_name))
        and (match.target is None or (target is not None and target.kind in match.target))
        and _fits(match.identity, identity)
        and _fits(match.secret, secret)
        and _fits(match.problem, finding.problem_key)
        and (match.environment is None or environment in match.environment)
    )


def _fits(patterns: Sequence[str] | None, text: str | None) -> bool:
    if patterns is None:
        return True
    return bool(text) and any(fnmatchcase((text or "").lower(), pattern.lower()) for pattern in patterns)


def _among(value: object, wanted: Sequence[object]) -> bool:
    # By type too: to Python True is 1.
    return any(type(value) is type(w) and value == w for w in wanted)
