"""Falco's alerts: JSON lines of the program, one object of `http_output`, also as Falcosidekick passes them on.

An alert tells of an event. The same thing done again at the same place is the same finding, seen again.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from fixgate.events import AffectedIdentity, FindingStatus, Resource, Severity, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Remark
from fixgate.reports.containers import workload
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    first_objects,
    mapping,
    moment,
    results,
    said,
    shaped,
    texts,
    word,
)
from fixgate.reports.formats.falco_output import without_arguments
from fixgate.reports.severity import unknown

_PRIORITIES: Final[Mapping[str, Severity]] = {
    "emergency": Severity.CRITICAL,
    "alert": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "notice": Severity.LOW,
    "informational": Severity.INFORMATIONAL,
    "info": Severity.INFORMATIONAL,
    "debug": Severity.INFORMATIONAL,
}
"""Syslog's words, of which Falco has eight."""
_LONGEST: Final = max(map(len, _PRIORITIES))
_OWN: Final = "falco internal:"
_SNAPSHOT: Final = "falco internal: metrics snapshot"
_DROPS: Final = ("scap.n_drops", "falco.outputs_queue_num_drops")
_READ: Final = frozenset(
    {
        *("k8s.ns.name", "k8s.pod.name", "container.id", "container.image.repository", "fd.name"),
        *("proc.name", "proc.pname", "user.name", "user.uid"),
        *("ka.verb", "ka.user.name", "ka.target.namespace"),
        *("ka.target.resource", "ka.target.subresource", "ka.target.name"),
        *("ct.name", "ct.src", "ct.region", "ct.user.arn", "ct.user.accountid", "ct.recipientaccountid", "s3.bucket"),
    }
)
"""Of the fields of an event, those that are read."""
_HOST: Final = frozenset({"", "host"})
"""Ids that Falco gives to what runs in no container."""
_KINDS: Final[Mapping[str, str]] = {
    "clusterrolebindings": "ClusterRoleBinding",
    "clusterroles": "ClusterRole",
    "configmaps": "ConfigMap",
    "cronjobs": "CronJob",
    "daemonsets": "DaemonSet",
    "deployments": "Deployment",
    "ingresses": "Ingress",
    "jobs": "Job",
    "namespaces": "Namespace",
    "networkpolicies": "NetworkPolicy",
    "nodes": "Node",
    "pods": "Pod",
    "replicasets": "ReplicaSet",
    "rolebindings": "RoleBinding",
    "roles": "Role",
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "services": "Service",
    "statefulsets": "StatefulSet",
}
"""What everybody else calls the resources of the cluster's API."""
_TEXT_LIMIT: Final = 200
"""Characters of a field's value; a longer one is no name."""


class _Alert(Shape):
    rule: str
    priority: str | None = None
    time: object = None
    output: object = None
    message: object = None
    output_fields: object = None
    source: object = None
    hostname: object = None
    tags: object = None
    uuid: object = None


class Falco:
    """See the module."""

    name = "falco"

    def recognises(self, document: Document) -> bool:
        """By a rule with one of syslog's priorities, a time, and what happened."""
        return any(_is_alert(fields) for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        for pointer, value in results(document):
            read = shaped(_Alert, value, pointer)
            if isinstance(read, Unusable):
                yield read
            elif read.rule.lower().startswith(_OWN):
                yield from _of_itself(read)
            else:
                yield _draft(read, pointer)


def _is_alert(fields: Mapping[str, object]) -> bool:
    if not (isinstance(fields.get("rule"), str) and "time" in fields):
        return False
    if "priority" not in fields:
        return mapping(fields.get("output_fields")) is not None
    told = {"output", "output_fields", "message"} & fields.keys()
    return str(fields["priority"]).lower() in _PRIORITIES and bool(told)


def _of_itself(read: _Alert) -> Iterator[Item]:
    """What Falco tells of itself is no finding; that it missed something is worth a word."""
    fields = mapping(read.output_fields) or {}
    if read.rule.lower() != _SNAPSHOT:
        yield Remark("Falco says that it missed events, or was in trouble: what happened then was not looked at")
    elif any(isinstance(n := fields.get(name), int) and n > 0 for name in _DROPS):
        yield Remark("Falco's metrics say that events were dropped: what happened then was not looked at")


def _draft(read: _Alert, pointer: str) -> Draft:
    fields = mapping(read.output_fields) or {}
    event = {name: t for name, value in fields.items() if name in _READ and (t := _text(value)) is not None}
    host, source, file, done = said(read.hostname), said(read.source), event.get("fd.name"), _done(event)
    # A connection has a port that is another one each time.
    about = file if file and "->" not in file else None
    resource, affected = _of_account(event) if "ct.name" in fields else _of_cluster(event)
    seen = moment(said(read.time))
    text = said(read.output) or said(read.message)
    return Draft(
        pointer=pointer,
        tool="falco",
        identity=(
            read.rule,
            source or "",
            *_place(event, host),
            resource.id if resource else "",
            affected.id if affected else "",
            *[made or "" for made in done.values()],
            about or "",
        ),
        unique=True,
        what=read.rule,
        severity=_severity(read.priority),
        status=FindingStatus.OPEN,
        rule_id=read.rule,
        rule_name=read.rule,
        title=read.rule,
        description=without_arguments(text, fields) if text else "",
        resource=resource,
        account=aws.account_id(event.get("ct.user.accountid") or event.get("ct.recipientaccountid")),
        region=event.get("ct.region"),
        affected=affected,
        labels=_labels(read, event, {"host": host, "source": source, "file": about, **done}),
        first_seen_at=seen,
        last_seen_at=seen,
    )


def _labels(read: _Alert, event: Mapping[str, str], known: Mapping[str, str | None]) -> dict[str, str]:
    labels = {
        **known,
        "tags": word(" ".join(texts(None if isinstance(read.tags, str) else read.tags))),
        "container": event.get("container.id"),
        "image": event.get("container.image.repository"),
        "uuid": said(read.uuid),
    }
    return {name: told for name, told in labels.items() if told is not None}


def _done(event: Mapping[str, str]) -> dict[str, str | None]:
    """What was done and by whom, by label; with the rule and the place it tells alerts apart."""
    return {
        "proc": event.get("proc.name"),
        "parent": event.get("proc.pname"),
        "user": event.get("user.name") or event.get("user.uid"),
        "verb": event.get("ka.verb") or event.get("ct.name"),
        "subresource": event.get("ka.target.subresource"),
        "service": event.get("ct.src"),
    }


def _severity(priority: str | None) -> SeverityRating:
    # Of a million alerts each has one of eight words.
    short = priority is None or len(priority) <= _LONGEST
    return _rated(priority) if short else _rated.__wrapped__(priority)


@lru_cache(maxsize=256)
def _rated(priority: str | None) -> SeverityRating:
    found = _PRIORITIES.get((priority or "").strip().lower())
    if found is None:
        return unknown("falco priority", priority)
    return SeverityRating(normalised=found, reported=priority, derivation="falco priority: the word of syslog")


def _text(value: object) -> str | None:
    """A field's value as a text; None where Falco has none (`<NA>`, null, an empty text)."""
    if isinstance(value, str):
        return word(value[:_TEXT_LIMIT])
    return str(value)[:_TEXT_LIMIT] if isinstance(value, int) and not isinstance(value, bool) else None


def _place(event: Mapping[str, str], host: str | None) -> tuple[str, str]:
    """Where it happened: in a pod, else in a container, else on the host itself."""
    pod, container = event.get("k8s.pod.name"), event.get("container.id")
    if pod:
        return "pod", f"{event.get('k8s.ns.name', '')}/{pod}"
    if container and container not in _HOST:
        return "container", event.get("container.image.repository", container)
    return "host", host or ""


def _of_account(event: Mapping[str, str]) -> tuple[Resource | None, AffectedIdentity | None]:
    """The thing of a cloud's account that it happened to, and the identity that did it."""
    named = aws.resource(event.get("ct.user.arn"), None, None)
    bucket = aws.named_bucket(event.get("s3.bucket"), None, event.get("ct.region"))
    return bucket or named, aws.identity(named)


def _of_cluster(event: Mapping[str, str]) -> tuple[Resource | None, AffectedIdentity | None]:
    """The thing in a cluster that it happened to; who did it where that was asked of the cluster's API."""
    plural, name, pod = event.get("ka.target.resource"), event.get("ka.target.name"), event.get("k8s.pod.name")
    if plural and name:
        user = event.get("ka.user.name")
        affected = AffectedIdentity(kind="kubernetes.user", id=user) if user else None
        kind = _KINDS.get(plural.lower(), plural)
        return workload(None, event.get("ka.target.namespace"), kind, name), affected
    return (workload(None, event.get("k8s.ns.name"), "Pod", pod) if pod else None), None
