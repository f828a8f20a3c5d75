"""One failed check of Checkov: its file, the resource of the code that it is about, and what that is in the cloud."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Spot
from fixgate.reports.fields import Shape, Word, alone, labelled, said, sequence, some, text, texts, word
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
    counted: bool
    """Whether its resources are counted from above, as steps of a job are: another one may come before."""
    labels: Mapping[str, str]


def framework(name: str, version: str | None, hints: Hints) -> Framework:
    """The framework of that name (`check_type`)."""
    counted = _PIPELINES.fullmatch(name) is not None
    return Framework(name=name, version=version, hints=hints, counted=counted, labels=labelled(framework=name))


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
    hints, rule, title = framework.hints, read.check_id, read.check_name or read.check_id
    # Below what was scanned, though it begins like a path from the root.
    file, code = portable(read.file_path.lstrip("/")), _lines(read.code_block)
    name = None if framework.name == SECRETS else word(read.resource)
    hidden = framework.name == SECRETS or about_secrets(title)
    identifier = aws.key_id(*code) if hidden else None
    found = aws.access_key(identifier, None)[0] if identifier else _bucket(code, name)
    aliases = some((read.details.id, said(read.bc_check_id))) if read.details else alone(read.bc_check_id)
    made = Draft(
        pointer=pointer,
        tool="checkov",
        tool_version=framework.version,
        identity=(framework.name, rule, file.identity, _stable(name or "", framework)),
        unique=False,
        what=known_as(rule, aliases),
        severity=rated("checkov", read.severity),
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=title,
        title=title,
        aliases=aliases,
        locations=(_location(read, file.path, name, None if hidden else "\n".join(code) or None),),
        repository=hints.repository,
        labels=_labels(read, name, framework),
    )
    made.description, made.links = text(read.description), alone(read.guideline)
    made.resource, made.affected = found or workflow_in(hints.repository, file.path), aws.identity(found)
    if hidden:
        made.secret = Exposed(kind=title, value=identifier or "")
    if read.details is not None:
        made.package = _package(read.details)
        made.links = some((*made.links, said(read.details.link)))
    return made


def _labels(read: Check, name: str | None, framework: Framework) -> dict[str, str]:
    made = dict(framework.labels)
    if name is not None:
        made["resource"] = name
    if (validation := said(read.validation)) is not None:
        made["validation"] = validation
    return made


def _stable(name: str, framework: Framework) -> str:
    """The resource without what is counted from above."""
    return _INDEX.sub("[]", name) if framework.counted else name


def _location(read: Check, path: str, name: str | None, code: str | None) -> Spot:
    lines = read.file_line_range or (0,)
    return Spot(
        path=path,
        start_line=lines[0] if lines[0] > 0 else None,
        end_line=lines[-1] if len(lines) > 1 and lines[-1] > 0 else None,
        logical=name,
        snippet=code,
    )


def _lines(code: object) -> Sequence[str]:
    """The lines of the code, each of which stands behind its number."""
    pairs = sequence(code)
    if not pairs:
        return ()
    last = [(sequence(pair) or (None,))[-1] for pair in pairs]
    return [line.rstrip("\n") for line in last if isinstance(line, str)]


def _bucket(code: Iterable[str], name: str | None) -> Resource | None:
    """The bucket that the code of a bucket names itself."""
    about = name is not None and ("s3" in name or "S3" in name) and _BUCKETS.fullmatch(name)
    return bucket_in(code) if about else None


def bucket_in(code: Iterable[str]) -> Resource | None:
    """The bucket that the lines of a bucket's code name, if it is one."""
    named = {match[1] for line in code if len(line) <= _LINE_LIMIT and (match := _BUCKET.fullmatch(line))}
    return aws.named_bucket(named.pop(), None, None) if len(named) == 1 else None


def _package(found: _Details) -> Package | None:
    name = word(found.package_name)
    if name is None:
        return None
    fixed = texts(found.fixed) or texts(found.lowest)
    return Package(purl=purl(said(found.package_type), name, word(found.package_version)), fixed_versions=fixed)
