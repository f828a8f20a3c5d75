"""What Wiz calls the same things in its API, in the webhooks of automation rules, and in the columns of a report."""

import re
from typing import Final

from pydantic import AliasChoices, Field

from fixgate.events import Resource
from fixgate.reports import aws
from fixgate.reports.fields import Shape, inside, said

_WORD: Final = re.compile(r"[^a-z0-9]+")


class Entity(Shape):
    """The thing that a result is about: `entitySnapshot`, `resource`, `vulnerableAsset`, the columns of a row."""

    provider: object = Field(
        default=None,
        validation_alias=AliasChoices("providerId", "providerUniqueId", "Provider ID", "Cloud Provider ID"),
    )
    external: object = Field(default=None, validation_alias=AliasChoices("externalId", "Resource external ID"))
    own: object = Field(default=None, validation_alias=AliasChoices("id", "Resource vertex ID"))
    name: object = Field(default=None, validation_alias=AliasChoices("name", "Resource Name"))
    type: object = Field(default=None, validation_alias=AliasChoices("type", "nativeType", "Resource Type"))
    platform: object = Field(default=None, validation_alias=AliasChoices("cloudPlatform", "Resource Platform"))
    region: object = Field(default=None, validation_alias=AliasChoices("region", "Resource Region"))
    subscription: object = Field(
        default=None,
        validation_alias=AliasChoices("subscriptionExternalId", "subscription", "subscriptionId", "Subscription ID"),
    )

    @property
    def account(self) -> str | None:
        """The account, subscription or project."""
        return said(self.subscription) or said(inside(self.subscription, "externalId"))

    @property
    def cloud(self) -> str:
        """The cloud's name in small letters."""
        platform = said(self.platform) or said(inside(self.subscription, "cloudProvider"))
        return _WORD.sub("_", (platform or "cloud").lower()).strip("_")

    @property
    def kind(self) -> str:
        """What it is, in small letters."""
        return _WORD.sub("_", (said(self.type) or "resource").lower()).strip("_")

    def resource(self) -> Resource | None:
        """By its ARN or the id that its cloud gives it; a bucket and an access key of AWS as in every format."""
        account, region = self.account, said(self.region)
        ids = [i for i in (said(self.provider), said(self.external), said(self.own)) if i]
        for identifier in ids:
            found = aws.resource(identifier, aws.account_id(account), region)
            if found is not None:
                return found
        name = said(self.name)
        if self.cloud in {"aws", "s3"} and self.kind in {"bucket", "s3_bucket"} and name:
            return aws.named_bucket(name, account, region)
        key = aws.key_id(*ids, name)
        if key is not None and "access_key" in self.kind:
            return aws.access_key(key, account)[0]
        if name is not None:
            ids.append(name)
        return Resource(kind=f"{self.cloud}.{self.kind}", id=ids[0], account=account, region=region) if ids else None


class Rule(Shape):
    """What Wiz looked for: a control, a rule of a cloud's configuration, of events."""

    id: str | None = None
    short: str | None = Field(default=None, validation_alias="shortId")
    name: str | None = None
    severity: str | None = None
    description: object = Field(
        default=None,
        validation_alias=AliasChoices("controlDescription", "cloudEventRuleDescription", "description"),
    )


class Issue(Shape):
    """An issue, of the API or of a webhook."""

    id: str = Field(min_length=1)
    status: str | None = None
    severity: str | None = None
    type: object = None
    created: object = Field(default=None, validation_alias=AliasChoices("createdAt", "created"))
    updated: object = Field(default=None, validation_alias="updatedAt")
    url: object = None
    description: object = None
    resolution: object = Field(default=None, validation_alias="resolutionReason")
    entity: Entity | None = Field(default=None, validation_alias=AliasChoices("entitySnapshot", "entity"))
    rule: Rule | None = Field(default=None, validation_alias=AliasChoices("sourceRule", "control"))
    rules: list[Rule] | None = Field(default=None, validation_alias="sourceRules")


class Configuration(Shape):
    """A check of a cloud's configuration."""

    id: str = Field(min_length=1)
    result: str | None = None
    status: str | None = None
    severity: str | None = None
    name: object = None
    seen: object = Field(default=None, validation_alias="firstSeenAt")
    analyzed: object = Field(default=None, validation_alias="analyzedAt")
    resource: Entity | None = None
    rule: Rule


class Vulnerability(Shape):
    """A vulnerability of a package on something."""

    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    status: str | None = None
    severity: str | None = Field(
        default=None, validation_alias=AliasChoices("severity", "vendorSeverity", "CVSSSeverity")
    )
    score: float | None = None
    description: object = Field(default=None, validation_alias=AliasChoices("CVEDescription", "description"))
    package: object = Field(default=None, validation_alias="detailedName")
    version: object = None
    fixed: object = Field(default=None, validation_alias="fixedVersion")
    path: object = Field(default=None, validation_alias="locationPath")
    portal: object = Field(default=None, validation_alias="portalUrl")
    link: object = None
    seen: object = Field(default=None, validation_alias="firstDetectedAt")
    seen_again: object = Field(default=None, validation_alias="lastDetectedAt")
    asset: Entity | None = Field(default=None, validation_alias="vulnerableAsset")


class Row(Shape):
    """A row of the report of issues, by its columns' names."""

    id: str = Field(validation_alias="Issue ID", min_length=1)
    title: str = Field(validation_alias="Title", min_length=1)
    control: str | None = Field(default=None, validation_alias="Control ID")
    status: str | None = Field(default=None, validation_alias="Status")
    severity: str | None = Field(default=None, validation_alias="Severity")
    description: object = Field(default=None, validation_alias="Description")
    created: object = Field(default=None, validation_alias="Created At")
    url: object = Field(default=None, validation_alias="Wiz URL")
