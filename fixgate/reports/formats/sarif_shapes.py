"""What is read of a SARIF 2.1.0 log (OASIS, 2020); section numbers are of that standard.

A part of a result that decides something must have its type, or the result is rejected. What a run says for all of its
results is read as far as it can be (`tolerant`): one bad rule must not cost the results of the others.
"""

import re
from typing import Final, TypeVar

import msgspec
from msgspec import field

from fixgate.reports.fields import Shape, converted, mapping

M = TypeVar("M", bound=Shape)
_FAULTY: Final = re.compile(r" - at `\$\.([^.\[`]+)")


def tolerant(model: type[M], value: object) -> tuple[M, bool]:
    """What can be read of the value, all of whose fields may be absent; and whether anything had to be left out."""
    fields = mapping(value)
    if fields is None:
        return model(), value is not None
    left = dict(fields)
    while True:
        try:
            return converted(model, left), len(left) < len(fields)
        except msgspec.ValidationError as fault:
            # It names the first field that is wrong; a field that no shape has cannot be.
            found = _FAULTY.search(str(fault))
            left = {name: item for name, item in left.items() if found is not None and name != found[1]}


class Artifact(Shape):
    """Section 3.4."""

    uri: str | None = None
    base: str | None = field(default=None, name="uriBaseId")
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

    start_line: int | None = field(default=None, name="startLine")
    end_line: int | None = field(default=None, name="endLine")
    start_column: int | None = field(default=None, name="startColumn")
    end_column: int | None = field(default=None, name="endColumn")
    snippet: object = None


class Physical(Shape):
    """Section 3.29."""

    artifact: Artifact | None = field(default=None, name="artifactLocation")
    region: Region | None = None


class Logical(Shape):
    """Section 3.33."""

    name: str | None = None
    full: str | None = field(default=None, name="fullyQualifiedName")
    index: int | None = None


class Place(Shape):
    """Section 3.28."""

    physical: Physical | None = field(default=None, name="physicalLocation")
    logical: list[Logical] | None = field(default=None, name="logicalLocations")


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
    component: ComponentReference | None = field(default=None, name="toolComponent")


class Relationship(Shape):
    """Section 3.53."""

    target: RuleReference | None = None


class Rule(Shape):
    """Section 3.49."""

    id: str | None = None
    name: str | None = None
    short: Message | None = field(default=None, name="shortDescription")
    messages: dict[str, Message] | None = field(default=None, name="messageStrings")
    configuration: Configuration | None = field(default=None, name="defaultConfiguration")
    relationships: list[Relationship] | None = None
    help: str | None = field(default=None, name="helpUri")
    properties: dict[str, object] | None = None


class Component(Shape):
    """Section 3.19; its rules are read one by one."""

    name: str | None = None
    version: str | None = None
    semantic: str | None = field(default=None, name="semanticVersion")
    rules: object = None
    messages: dict[str, Message] | None = field(default=None, name="globalMessageStrings")


class Suppression(Shape):
    """Section 3.35; drafts of the standard called the status a state."""

    status: str | None = None
    state: str | None = None


class Result(Shape):
    """Section 3.27."""

    rule_id: str | None = field(default=None, name="ruleId")
    rule_index: int | None = field(default=None, name="ruleIndex")
    rule: RuleReference | None = None
    kind: str | None = None
    level: str | None = None
    message: Message | None = None
    locations: list[Place] | None = None
    analysed: Artifact | None = field(default=None, name="analysisTarget")
    fingerprints: dict[str, object] | None = None
    partial: dict[str, object] | None = field(default=None, name="partialFingerprints")
    suppressions: list[Suppression] | None = None
    baseline: str | None = field(default=None, name="baselineState")
    taxa: list[RuleReference] | None = None
    provenance: object = None
    viewer: object = field(default=None, name="hostedViewerUri")
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

    successful: bool | None = field(default=None, name="executionSuccessful")
    not_started: str | None = field(default=None, name="processStartFailureMessage")
    folder: Artifact | None = field(default=None, name="workingDirectory")
    notifications: list[Notification] | None = field(default=None, name="toolExecutionNotifications")
    misconfigured: list[Notification] | None = field(default=None, name="toolConfigurationNotifications")
    overrides: list[Override] | None = field(default=None, name="ruleConfigurationOverrides")


class Provenance(Shape):
    """Section 3.23."""

    repository: str | None = field(default=None, name="repositoryUri")
    revision: str | None = field(default=None, name="revisionId")
