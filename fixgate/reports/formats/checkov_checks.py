"""One failed check of Checkov: its file, the resource of the code that it is about, and what that is in the cloud."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Spot
from fixgate.reports.fields import Shape, Word, labelled, said, sequence, some, text, texts, word
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import portable, workflow_in
from fixgate.reports.secrets import about_secrets
from fixgate.reports.severity import rated

SECRETS: Final = "secrets"
"""The framework whose resources are hashes of secrets, without a key."""
_PIPELINES: Final = re.compile(r"github_actions|gitlab_ci|.*_pipelines|circleci.*|argo_workflows")
_INDEX: Final = re.compile(r"\[\d+\]")
_BUCKETS: Final = re.compile(r"(?:.*\.)?(?:aws_s3_bucket|AWS::S3::Bucket)[a-z_]*\..*")
_BUCKET: Final = re.compile(
    r"""\s*"?(?:bucket"?\s*[=:]\s*"|BucketName"?\s*:\s*["']?)([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])["']?,?\s*"""
)
"""A line that names a bucket itself, not by a reference."""
_LINE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """What holds for all checks of a framework."""

    name: str
    version: str | None
    hints: Hints


class _Details(Shape):
    id: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    package_type: object = None
    fixed: object = field(default=None, name="fixed_versions")
    lowest: object = field(default=None, name="lowest_fixed_version")
    link: object = None


class Check(Shape):
    """What is read of a failed check."""

    check_id: Word
    file_path: str
    check_name: str | None = None
    resource: str | None = None
    file_line_range: list[int] | None = None
    severity: str | None = None
    bc_check_id: object = None
    guideline: object = None
    description: object = None
    code_block: object = None
    details: _Details | None = field(default=None, name="vulnerability_details")
    validation: object = field(default=None, name="validation_status")


def draft(read: Check, pointer: str, framework: Framework) -> Draft:
    """The check as a draft."""
    hints, title = framework.hints, read.check_name or read.check_id
    # Below what was scanned, though it begins like a path from the root.
    file = portable(read.file_path.lstrip("/"))
    name = None if framework.name == SECRETS else word(read.resource)
    hidden = framework.name == SECRETS or about_secrets(title)
    identifier = aws.key_id(*_lines(read)) if hidden else None
    found = aws.access_key(identifier, None)[0] if identifier else _bucket(read, name)
    aliases = some((read.details.id if read.details else None, said(read.bc_check_id)))
    return Draft(
        pointer=pointer,
        tool="checkov",
        tool_version=framework.version,
        identity=(framework.name, read.check_id, file.identity, _stable(name or "", framework)),
        unique=False,
        what=known_as(read.check_id, aliases),
        severity=rated("checkov", read.severity),
        status=FindingStatus.OPEN,
        rule_id=read.check_id,
        rule_name=title,
        title=title,
        description=text(read.description),
        aliases=aliases,
        locations=(_location(read, file.path, name, None if hidden else "\n".join(_lines(read)) or None),),
        resource=found or workflow_in(hints.repository, file.path),
        repository=hints.repository,
        package=_package(read.details),
        affected=aws.identity(found),
        secret=Exposed(kind=title, value=identifier or "") if hidden else None,
        labels=labelled(framework=framework.name, resource=name, validation=said(read.validation)),
        links=some((said(read.guideline), said(read.details.link) if read.details else None)),
    )


def _stable(name: str, framework: Framework) -> str:
    """The resource without what is counted from above: a step of a job, which another one may come before."""
    return _INDEX.sub("[]", name) if _PIPELINES.fullmatch(framework.name) else name


def _location(read: Check, path: str, name: str | None, code: str | None) -> Spot:
    first, *rest = read.file_line_range or [0]
    return Spot(
        path=path,
        start_line=first if first > 0 else None,
        end_line=rest[-1] if rest and rest[-1] > 0 else None,
        logical=name,
        snippet=code,
    )


def _lines(read: Check) -> Iterator[str]:
    """The lines of the code, each of which stands behind its number."""
    for pair in sequence(read.code_block) or ():
        line = (sequence(pair) or ())[-1:]
        yield from (part.rstrip("\n") for part in line if isinstance(part, str))


def _bucket(read: Check, name: str | None) -> Resource | None:
    """The bucket that the code names itself."""
    return None if name is None or not _BUCKETS.fullmatch(name) else bucket_in(_lines(read))


def bucket_in(code: Iterable[str]) -> Resource | None:
    """The bucket that the lines of a bucket's code name, if it is one."""
    named = {match[1] for line in code if len(line) <= _LINE_LIMIT and (match := _BUCKET.fullmatch(line))}
    return aws.named_bucket(named.pop(), None, None) if len(named) == 1 else None


def _package(found: _Details | None) -> Package | None:
    name = word(found.package_name) if found else None
    if found is None or name is None:
        return None
    fixed = texts(found.fixed) or texts(found.lowest)
    return Package(purl=purl(said(found.package_type), name, word(found.package_version)), fixed_versions=fixed)
