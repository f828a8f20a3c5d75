"""Falco's alerts: JSON lines of the program, one object of `http_output`, also as Falcosidekick passes them on.

An alert tells of an event. The same thing done again at the same place is the same finding, seen again.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from fixgate.events import AffectedIdentity, FindingStatus, Resource, Severity, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Remark
from fixgate.reports.containers import workload
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    first_objects,
    labelled,
    mapping,
    moment,
    results,
    said,
    sequence,
    shaped,
    some,
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
_OWN: Final = "falco internal:"
_SNAPSHOT: Final = "falco internal: metrics snapshot"
_DROPS: Final = ("scap.n_drops", "falco.outputs_queue_num_drops")
_DONE: Final = (
    ("proc", ("proc.name",)),
    ("parent", ("proc.pname",)),
    ("user", ("user.name", "user.uid")),
    ("verb", ("ka.verb", "ct.name")),
    ("subresource", ("ka.target.subresource",)),
    ("service", ("ct.src",)),
)
"""What was done and by whom, by label; with the rule and the place it tells alerts apart."""
_PLACES: Final = ("k8s.ns.name", "k8s.pod.name", "container.id", "container.image.repository")
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
    host, source = said(read.hostname), said(read.source)
    done = {label: next((t for n in names if (t := _text(fields, n))), None) for label, names in _DONE}
    file = _text(fields, "fd.name")
    # A connection has a port that is another one each time.
    about = file if file and "->" not in file else None
    resource, affected = _about(fields)
    seen = moment(said(read.time))
    text = without_arguments(said(read.output) or said(read.message) or "", fields)
    return Draft(
        pointer=pointer,
        tool="falco",
        identity=(
            read.rule,
            source or "",
            *_place(fields, host),
            resource.id if resource else "",
            affected.id if affected else "",
            *(done[label] or "" for label, _ in _DONE),
            about or "",
        ),
        unique=True,
        what=read.rule,
        severity=_severity(read.priority),
        status=FindingStatus.OPEN,
        rule_id=read.rule,
        rule_name=read.rule,
        title=read.rule,
        description=text,
        resource=resource,
        account=aws.account_id(_text(fields, "ct.user.accountid") or _text(fields, "ct.recipientaccountid")),
        region=_text(fields, "ct.region"),
        affected=affected,
        labels={**labelled(host=host, source=source, file=about), **_labels(read, fields, done)},
        first_seen_at=seen,
        last_seen_at=seen,
    )


def _labels(read: _Alert, fields: Mapping[str, object], done: Mapping[str, str | None]) -> dict[str, str]:
    return labelled(
        tags=" ".join(some(t if isinstance(t, str) else None for t in sequence(read.tags) or ())),
        container=_text(fields, "container.id"),
        image=_text(fields, "container.image.repository"),
        uuid=said(read.uuid),
        **done,
    )


def _severity(priority: str | None) -> SeverityRating:
    found = _PRIORITIES.get((priority or "").strip().lower())
    if found is None:
        return unknown("falco priority", priority)
    return SeverityRating(normalised=found, reported=priority, derivation="falco priority: the word of syslog")


def _text(fields: Mapping[str, object], name: str) -> str | None:
    """A field's value as a text; None where Falco has none (`<NA>`, null, an empty text)."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return said(str(value)[:_TEXT_LIMIT])


def _place(fields: Mapping[str, object], host: str | None) -> tuple[str, str]:
    """Where it happened: in a pod, else in a container, else on the host itself."""
    namespace, pod, container, image = (_text(fields, name) for name in _PLACES)
    if pod:
        return "pod", f"{namespace or ''}/{pod}"
    if container and container not in _HOST:
        return "container", image or container
    return "host", host or ""


def _about(fields: Mapping[str, object]) -> tuple[Resource | None, AffectedIdentity | None]:
    """The thing that it happened to, and who did it where that is an identity of a cluster or an account."""
    if "ct.name" in fields:
        named = aws.resource(_text(fields, "ct.user.arn"), None, None)
        bucket = aws.named_bucket(_text(fields, "s3.bucket"), None, _text(fields, "ct.region"))
        return bucket or named, aws.identity(named)
    namespace, pod, *_ = (_text(fields, name) for name in _PLACES)
    plural, name = _text(fields, "ka.target.resource"), _text(fields, "ka.target.name")
    if plural and name:
        user = _text(fields, "ka.user.name")
        affected = AffectedIdentity(kind="kubernetes.user", id=user) if user else None
        kind = _KINDS.get(plural.lower(), plural)
        return workload(None, _text(fields, "ka.target.namespace"), kind, name), affected
    return (workload(None, namespace, "Pod", pod) if pod else None), None
