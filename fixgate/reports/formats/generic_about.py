"""What a generic result is about: a resource, an identity, a package, by the names that they have in every format."""

from typing import Final

from msgspec import Struct

from fixgate.events import AffectedIdentity, FindingStatus, Package, Resource
from fixgate.reports import aws
from fixgate.reports.formats.generic_shapes import Result, text_of, words_of
from fixgate.reports.packages import purl
from fixgate.reports.paths import Place, workflow_in
from fixgate.targets import ACCESS_KEY, BUCKET, WORKFLOW

_TYPED: Final = frozenset({ACCESS_KEY, BUCKET, WORKFLOW})
"""Kinds of which changes are made: what is called so must be one."""


class Known(Struct, frozen=True, gc=False):
    """What more than one of our fields is made of.

    `value` is the secret if the report shows it, else "".
    """

    status: FindingStatus
    rule: str
    place: Place | None
    repository: str | None
    account: str | None
    region: str | None
    value: str


def resource_of(read: Result, about: Known) -> Resource | None:
    """What the result is about; raises ValueError when it is misnamed."""
    name, kind = text_of(read.resource), text_of(read.resource_kind)
    account, region = about.account, about.region
    if name is None:
        identifier = aws.key_id(about.value) if about.value else None
        return aws.access_key(identifier, account)[0] if identifier else _workflow(about)
    made = aws.resource(name, aws.account_id(account), region)
    if made is None and kind == BUCKET:
        made = aws.named_bucket(name, account, region)
    if made is None and aws.key_id(name) == name:
        made = aws.access_key(name, account)[0]
    if kind in _TYPED and (made is None or made.kind != kind):
        raise ValueError(kind)
    return made or Resource(kind=kind or "resource", id=name, account=account, region=region)


def _workflow(about: Known) -> Resource | None:
    return workflow_in(about.repository, about.place.path if about.place else None)


def affected_by(read: Result, resource: Resource | None, secret: str) -> AffectedIdentity | None:
    """The identity that the secret, the result or its resource names, in this order."""
    name = text_of(read.identity)
    identifier = aws.key_id(secret) if secret else None
    if identifier is not None:
        return aws.access_key(identifier, None)[1]
    if name is None:
        return aws.identity(resource)
    return aws.identity(aws.resource(name, None, None)) or AffectedIdentity(
        kind=text_of(read.identity_kind) or "identity", id=name
    )


def package_of(read: Result) -> Package | None:
    """A package by its URL, else by its name and the manager that has it."""
    name = text_of(read.package)
    if name is None:
        return None
    made = name if name.startswith("pkg:") else purl(text_of(read.package_manager), name, text_of(read.package_version))
    return Package(purl=made, fixed_versions=words_of(read.fixed_versions))
