"""What Wiz calls the same things in its API, in the webhooks of automation rules, and in the columns of a report."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import field

from fixgate.events import Resource
from fixgate.reports import aws
from fixgate.reports.fields import Shape, Word, inside, mapping, respelled, said

_OF_THINGS: Final[Mapping[str, str]] = {
    "providerUniqueId": "providerId",
    "Provider ID": "providerId",
    "Cloud Provider ID": "providerId",
    "Resource external ID": "externalId",
    "Resource vertex ID": "id",
    "Resource Name": "name",
    "nativeType": "type",
    "Resource Type": "type",
    "Resource Platform": "cloudPlatform",
    "Resource Region": "region",
    "subscription": "subscriptionExternalId",
    "subscriptionId": "subscriptionExternalId",
    "Subscription ID": "subscriptionExternalId",
}
_OF_RESULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "issue": {"created": "createdAt", "entity": "entitySnapshot", "control": "sourceRule"},
    "configuration": {},
    "vulnerability": {"vendorSeverity": "severity", "CVSSSeverity": "severity"},
    "row": _OF_THINGS,
}
"""By the kind of result: what is one thing's id in a row is not that of an issue."""
_HOLDERS: Final = ("entitySnapshot", "resource", "vulnerableAsset")
_SHORT: Final = 100
"""Characters of a word that is remembered."""
_WORD: Final = re.compile(r"[^a-z0-9]+")


def one_spelling(kind: str, value: object) -> object:
    """A result of that kind with the names that the shapes here have."""
    made = mapping(respelled(value, _OF_RESULTS[kind]))
    if made is None:
        return value
    return {**made, **{name: respelled(made[name], _OF_THINGS) for name in _HOLDERS if name in made}}


def _small(text: str) -> str:
    """A word of Wiz in small letters, of which it has few."""
    return _lowered(text) if len(text) <= _SHORT else _lowered.__wrapped__(text)


@lru_cache(maxsize=1024)
def _lowered(text: str) -> str:
    return _WORD.sub("_", text.lower()).strip("_")


class Entity(Shape):
    """The thing that a result is about: `entitySnapshot`, `resource`, `vulnerableAsset`, the columns of a row."""

    provider: object = field(default=None, name="providerId")
    external: object = field(default=None, name="externalId")
    own: object = field(default=None, name="id")
    name: object = None
    type: object = None
    platform: object = field(default=None, name="cloudPlatform")
    region: object = None
    subscription: object = field(default=None, name="subscriptionExternalId")

    @property
    def account(self) -> str | None:
        """The account, subscription or project."""
        return said(self.subscription) or said(inside(self.subscription, "externalId"))

    @property
    def cloud(self) -> str:
        """The cloud's name in small letters."""
        platform = said(self.platform) or said(inside(self.subscription, "cloudProvider"))
        return _small(platform or "cloud")

    @property
    def kind(self) -> str:
        """What it is, in small letters."""
        return _small(said(self.type) or "resource")

    def resource(self) -> Resource | None:
        """By its ARN or the id that its cloud gives it; a bucket and an access key of AWS as in every format."""
        account, region = self.account, said(self.region)
        whose = aws.account_id(account)
        ids = [i for i in (said(self.provider), said(self.external), said(self.own)) if i]
        for identifier in ids:
            found = aws.resource(identifier, whose, region)
            if found is not None:
                return found
        name, cloud, kind = said(self.name), self.cloud, self.kind
        if cloud in {"aws", "s3"} and kind in {"bucket", "s3_bucket"} and name:
            return aws.named_bucket(name, account, region)
        key = aws.key_id(*ids, name) if "access_key" in kind else None
        if key is not None:
            return aws.access_key(key, account)[0]
        if name is not None:
            ids.append(name)
        return Resource(kind=f"{cloud}.{kind}", id=ids[0], account=account, region=region) if ids else None


class Rule(Shape):
    """What Wiz looked for: a control, a rule of a cloud's configuration, of events."""

    id: str | None = None
    short: str | None = field(default=None, name="shortId")
    name: str | None = None
    severity: str | None = None
    of_control: object = field(default=None, name="controlDescription")
    of_events: object = field(default=None, name="cloudEventRuleDescription")
    of_rule: object = field(default=None, name="description")

    @property
    def description(self) -> str:
        """What it is about."""
        return said(self.of_control) or said(self.of_events) or said(self.of_rule) or ""


class Issue(Shape):
    """An issue, of the API or of a webhook."""

    id: Word
    status: str | None = None
    severity: str | None = None
    type: object = None
    created: object = field(default=None, name="createdAt")
    updated: object = field(default=None, name="updatedAt")
    url: object = None
    description: object = None
    resolution: object = field(default=None, name="resolutionReason")
    entity: Entity | None = field(default=None, name="entitySnapshot")
    rule: Rule | None = field(default=None, name="sourceRule")
    rules: list[Rule] | None = field(default=None, name="sourceRules")


class Configuration(Shape, kw_only=True):
    """A check of a cloud's configuration."""

    id: Word
    result: str | None = None
    status: str | None = None
    severity: str | None = None
    name: object = None
    seen: object = field(default=None, name="firstSeenAt")
    analyzed: object = field(default=None, name="analyzedAt")
    resource: Entity | None = None
    rule: Rule


class Vulnerability(Shape):
    """A vulnerability of a package on something."""

    id: Word
    name: Word
    status: str | None = None
    severity: str | None = None
    score: float | None = None
    of_cve: object = field(default=None, name="CVEDescription")
    description: object = None
    package: object = field(default=None, name="detailedName")
    version: object = None
    fixed: object = field(default=None, name="fixedVersion")
    path: object = field(default=None, name="locationPath")
    portal: object = field(default=None, name="portalUrl")
    link: object = None
    seen: object = field(default=None, name="firstDetectedAt")
    seen_again: object = field(default=None, name="lastDetectedAt")
    asset: Entity | None = field(default=None, name="vulnerableAsset")


class Row(Shape):
    """A row of the report of issues, by its columns' names."""

    id: Word = field(name="Issue ID")
    title: Word = field(name="Title")
    control: str | None = field(default=None, name="Control ID")
    status: str | None = field(default=None, name="Status")
    severity: str | None = field(default=None, name="Severity")
    description: object = field(default=None, name="Description")
    created: object = field(default=None, name="Created At")
    url: object = field(default=None, name="Wiz URL")
