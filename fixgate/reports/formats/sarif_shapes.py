"""What is read of a SARIF 2.1.0 log (OASIS, 2020); section numbers are of that standard.

A part of a result that decides something must have its type, or the result is rejected. What a run says for all of its
results is read as far as it can be (`tolerant`): one bad rule must not cost the results of the others.
"""

from typing import TypeVar

from pydantic import Field, ValidationError

from fixgate.reports.fields import Shape, mapping

M = TypeVar("M", bound=Shape)


def tolerant(model: type[M], value: object) -> tuple[M, bool]:
    """What can be read of the value, all of whose fields may be absent; and whether anything had to be left out."""
    fields = mapping(value)
    if fields is None:
        return model(), value is not None
    try:
        return model.model_validate(fields), False
    except ValidationError as error:
        faulty = {fault["loc"][0] for fault in error.errors(include_input=False, include_url=False)}
    return model.model_validate({name: item for name, item in fields.items() if name not in faulty}), True


class Artifact(Shape):
    """Section 3.4."""

    uri: str | None = None
    base: str | None = Field(default=None, alias="uriBaseId")
    index: int | None = None


class ListedArtifact(Shape):
    """Section 3.24."""

    location: Artifact | None = None


class Message(Shape):
    """Section 3.11."""

    text: str | None = None
    markdown: str | None = None
    id: str | None = None
    arguments: list[object] | None = None


class Region(Shape):
    """Section 3.30; some tools write 0 or -1 for a line that they do not know."""

    start_line: int | None = Field(default=None, alias="startLine")
    end_line: int | None = Field(default=None, alias="endLine")
    start_column: int | None = Field(default=None, alias="startColumn")
    end_column: int | None = Field(default=None, alias="endColumn")
    snippet: object = None


class Physical(Shape):
    """Section 3.29."""

    artifact: Artifact | None = Field(default=None, alias="artifactLocation")
    region: Region | None = None


class Logical(Shape):
    """Section 3.33."""

    name: str | None = None
    full: str | None = Field(default=None, alias="fullyQualifiedName")
    index: int | None = None


class Place(Shape):
    """Section 3.28."""

    physical: Physical | None = Field(default=None, alias="physicalLocation")
    logical: list[Logical] | None = Field(default=None, alias="logicalLocations")


class Configuration(Shape):
    """Section 3.50."""

    level: str | None = None


class ComponentReference(Shape):
    """Section 3.54."""

    index: int | None = None
    name: str | None = None


class RuleReference(Shape):
    """Section 3.52."""

    id: str | None = None
    index: int | None = None
    component: ComponentReference | None = Field(default=None, alias="toolComponent")


class Relationship(Shape):
    """Section 3.53."""

    target: RuleReference | None = None


class Rule(Shape):
    """Section 3.49."""

    id: str | None = None
    name: str | None = None
    short: Message | None = Field(default=None, alias="shortDescription")
    messages: dict[str, Message] | None = Field(default=None, alias="messageStrings")
    configuration: Configuration | None = Field(default=None, alias="defaultConfiguration")
    relationships: list[Relationship] | None = None
    help: str | None = Field(default=None, alias="helpUri")
    properties: dict[str, object] | None = None


class Component(Shape):
    """Section 3.19; its rules are read one by one."""

    name: str | None = None
    version: str | None = None
    semantic: str | None = Field(default=None, alias="semanticVersion")
    rules: object = None
    messages: dict[str, Message] | None = Field(default=None, alias="globalMessageStrings")


class Suppression(Shape):
    """Section 3.35; drafts of the standard called the status a state."""

    status: str | None = None
    state: str | None = None


class Result(Shape):
    """Section 3.27."""

    rule_id: str | None = Field(default=None, alias="ruleId")
    rule_index: int | None = Field(default=None, alias="ruleIndex")
    rule: RuleReference | None = None
    kind: str | None = None
    level: str | None = None
    message: Message | None = None
    locations: list[Place] | None = None
    analysed: Artifact | None = Field(default=None, alias="analysisTarget")
    fingerprints: dict[str, object] | None = None
    partial: dict[str, object] | None = Field(default=None, alias="partialFingerprints")
    suppressions: list[Suppression] | None = None
    baseline: str | None = Field(default=None, alias="baselineState")
    taxa: list[RuleReference] | None = None
    provenance: object = None
    viewer: object = Field(default=None, alias="hostedViewerUri")
    properties: object = None


class Notification(Shape):
    """Section 3.58."""

    level: str | None = None


class Override(Shape):
    """Section 3.51."""

    descriptor: RuleReference | None = None
    configuration: Configuration | None = None


class Invocation(Shape):
    """Section 3.20."""

    successful: bool | None = Field(default=None, alias="executionSuccessful")
    not_started: str | None = Field(default=None, alias="processStartFailureMessage")
    folder: Artifact | None = Field(default=None, alias="workingDirectory")
    notifications: list[Notification] | None = Field(default=None, alias="toolExecutionNotifications")
    misconfigured: list[Notification] | None = Field(default=None, alias="toolConfigurationNotifications")
    overrides: list[Override] | None = Field(default=None, alias="ruleConfigurationOverrides")


class Provenance(Shape):
    """Section 3.23."""

    repository: str | None = Field(default=None, alias="repositoryUri")
    revision: str | None = Field(default=None, alias="revisionId")
