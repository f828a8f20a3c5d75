"""What is read of a SARIF 2.1.0 log (OASIS, 2020); section numbers are of that standard."""

from pydantic import Field

from fixgate.reports.fields import Shape


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
    id: str | None = None
    arguments: list[str] | None = None


class Region(Shape):
    """Section 3.30."""

    start_line: int | None = Field(default=None, alias="startLine", ge=0)
    end_line: int | None = Field(default=None, alias="endLine", ge=0)
    start_column: int | None = Field(default=None, alias="startColumn", ge=0)
    end_column: int | None = Field(default=None, alias="endColumn", ge=0)
    snippet: Message | None = None


class Physical(Shape):
    """Section 3.29."""

    artifact: Artifact | None = Field(default=None, alias="artifactLocation")
    region: Region | None = None


class Logical(Shape):
    """Section 3.33."""

    name: str | None = None
    full: str | None = Field(default=None, alias="fullyQualifiedName")


class Place(Shape):
    """Section 3.28."""

    physical: Physical | None = Field(default=None, alias="physicalLocation")
    logical: list[Logical] | None = Field(default=None, alias="logicalLocations")


class Configuration(Shape):
    """Section 3.50."""

    level: str | None = None


class Rule(Shape):
    """Section 3.49."""

    id: str | None = None
    name: str | None = None
    short: Message | None = Field(default=None, alias="shortDescription")
    messages: dict[str, Message] | None = Field(default=None, alias="messageStrings")
    configuration: Configuration | None = Field(default=None, alias="defaultConfiguration")
    help: str | None = Field(default=None, alias="helpUri")
    properties: dict[str, object] | None = None


class Component(Shape):
    """Section 3.19."""

    name: str | None = None
    version: str | None = None
    semantic: str | None = Field(default=None, alias="semanticVersion")
    rules: list[Rule] | None = None


class Tool(Shape):
    """Section 3.18."""

    driver: Component = Component()
    extensions: list[Component] | None = None


class ComponentReference(Shape):
    """Section 3.54."""

    index: int | None = None


class RuleReference(Shape):
    """Section 3.52."""

    id: str | None = None
    index: int | None = None
    component: ComponentReference | None = Field(default=None, alias="toolComponent")


class Suppression(Shape):
    """Section 3.35."""

    status: str | None = None


class Result(Shape):
    """Section 3.27."""

    rule_id: str | None = Field(default=None, alias="ruleId")
    rule_index: int | None = Field(default=None, alias="ruleIndex")
    rule: RuleReference | None = None
    kind: str | None = None
    level: str | None = None
    message: Message = Message()
    locations: list[Place] | None = None
    fingerprints: dict[str, object] | None = None
    partial: dict[str, object] | None = Field(default=None, alias="partialFingerprints")
    suppressions: list[Suppression] | None = None
    baseline: str | None = Field(default=None, alias="baselineState")
    properties: dict[str, object] | None = None


class Notification(Shape):
    """Section 3.58."""

    level: str | None = None


class Invocation(Shape):
    """Section 3.20."""

    successful: bool | None = Field(default=None, alias="executionSuccessful")
    folder: Artifact | None = Field(default=None, alias="workingDirectory")
    notifications: list[Notification] | None = Field(default=None, alias="toolExecutionNotifications")


class Provenance(Shape):
    """Section 3.23."""

    repository: str | None = Field(default=None, alias="repositoryUri")
    revision: str | None = Field(default=None, alias="revisionId")


class Run(Shape):
    """3.14, without its results: they are walked, and each is judged by itself."""

    tool: Tool = Tool()
    invocations: list[Invocation] | None = None
    bases: dict[str, Artifact] | None = Field(default=None, alias="originalUriBaseIds")
    artifacts: list[ListedArtifact] | None = None
    provenance: list[Provenance] | None = Field(default=None, alias="versionControlProvenance")
