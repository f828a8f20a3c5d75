# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin re-exports its names without `as`, which strict checkers take for private.
"""The administrator's calls to a Kafka cluster: each is waited for, each error is one of this project's."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar, cast

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # see the first lines
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from fixgate.derived.acls import Grant, Operation, Resource
from fixgate.derived.topics import TopicSpec
from fixgate.errors import FixgateError, Misconfigured, Refused, Unavailable

_K = TypeVar("_K")
_T = TypeVar("_T")
_TYPES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {Operation.READ: AclOperation.READ, Operation.WRITE: AclOperation.WRITE}
_REFUSALS = frozenset({KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED})
_ANY = cast("str", None)  # the stub says str; the documentation says None matches any value
_CLUSTER = ResourceType.BROKER
"""What Kafka calls CLUSTER has this name, and the same number, in the library."""
# Asked for one kind at a time: the library does not know all kinds, and an answer with one of those fails as a whole.
_EVERYTHING = tuple(
    AclBindingFilter(kind, _ANY, ResourcePatternType.ANY, _ANY, _ANY, AclOperation.ANY, AclPermissionType.ANY)
    for kind in (*_TYPES.values(), _CLUSTER)
)
_HARMLESS = frozenset({AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.IDEMPOTENT_WRITE})


class _Client(Protocol):
    """What is used of `AdminClient`, with the types that its annotations leave out."""

    def list_topics(self, *, timeout: float) -> ClusterMetadata: ...
    def describe_acls(self, acl_filter: AclBindingFilter, *, request_timeout: float) -> Future[list[AclBinding]]: ...
    def create_acls(self, acls: Sequence[AclBinding], *, request_timeout: float) -> dict[AclBinding, Future[None]]: ...
    def delete_acls(
        self, filters: Sequence[AclBindingFilter], *, request_timeout: float
    ) -> dict[AclBindingFilter, Future[list[AclBinding]]]: ...
    def create_topics(self, topics: Sequence[NewTopic], *, request_timeout: float) -> dict[str, Future[None]]: ...
    def describe_configs(
        self, resources: Sequence[ConfigResource], *, request_timeout: float
    ) -> dict[ConfigResource, Future[Mapping[str, ConfigEntry]]]: ...
    def incremental_alter_configs(
        self, resources: Sequence[ConfigResource], *, request_timeout: float
    ) -> dict[ConfigResource, Future[None]]: ...


class ClusterAdmin:
    """One administrator's connection; each call blocks, at most about `timeout` seconds.

    Raises `Refused` when the identity may not do it, `Misconfigured` when the cluster has no authorizer or cannot hold
    what is asked, `Unavailable` when it does not answer in time.
    """

    def __init__(self, config: Mapping[str, Any], timeout: float) -> None:
        # Kept for as long as any future is waited for: without it they fail with _DESTROY.
        self._client = cast("_Client", AdminClient(dict(config)))
        self._timeout = timeout

    def topics(self) -> dict[str, tuple[int, int]]:
        """Partitions and replicas of every topic."""
        return {
            name: (len(meta.partitions), min(len(p.replicas) for p in meta.partitions.values()))
            for name, meta in self._metadata().topics.items()
            if meta.partitions
        }

    def acls(self) -> frozenset[AclBinding]:
        """Every ACL on topics, groups, transactional ids and the cluster itself, as the answering broker sees it."""
        asked = [self._client.describe_acls(each, request_timeout=self._timeout) for each in _EVERYTHING]
        return frozenset(acl for future in asked for acl in self._call(future.result))

    def create(self, missing: Iterable[TopicSpec]) -> None:
        """Create topics; one that came into being meanwhile is an error."""
        new = [
            NewTopic(s.name, num_partitions=s.partitions, replication_factor=s.replication, config=dict(s.config))
            for s in missing
        ]
        if new:
            self._all(lambda: self._client.create_topics(new, request_timeout=self._timeout))

    def configure(self, present: Iterable[TopicSpec]) -> tuple[str, ...]:
        """Set the keys that differ; returns the names of the topics that were changed."""
        wanted = {ConfigResource(ResourceType.TOPIC, s.name): s for s in present}
        if not wanted:
            return ()
        held = self._all(lambda: self._client.describe_configs(list(wanted), request_timeout=self._timeout))
        changes: dict[str, ConfigResource] = {}
        for resource, spec in wanted.items():
            entries = held[resource]
            wrong = {k: v for k, v in spec.config.items() if k not in entries or entries[k].value != v}
            if wrong:
                sets = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in wrong.items()]
                changes[spec.name] = ConfigResource(ResourceType.TOPIC, spec.name, incremental_configs=sets)
        if changes:
            altered = list(changes.values())
            self._all(lambda: self._client.incremental_alter_configs(altered, request_timeout=self._timeout))
        return tuple(sorted(changes))

    def grant(self, lacking: Iterable[AclBinding]) -> None:
        """Create ACLs."""
        new = sorted(lacking)
        if new:
            self._all(lambda: self._client.create_acls(new, request_timeout=self._timeout))

    def revoke(self, surplus: Iterable[AclBinding]) -> None:
        """Delete exactly these ACLs."""
        filters = [AclBindingFilter(*parts(acl)) for acl in sorted(surplus)]
        if filters:
            self._all(lambda: self._client.delete_acls(filters, request_timeout=self._timeout))

    def await_visible(
        self, topics: Iterable[TopicSpec], granted: frozenset[AclBinding], revoked: frozenset[AclBinding]
    ) -> None:
        """Return when all topics have leaders, and what was granted is shown and what was revoked no longer is.

        The answering broker's view is taken for all; another broker of a cluster may be some milliseconds behind.
        """
        counts = {s.name: s.partitions for s in topics}
        deadline = time.monotonic() + self._timeout
        while True:
            listed = self._metadata().topics
            led = {n: sum(p.leader >= 0 for p in m.partitions.values()) for n, m in listed.items() if n in counts}
            shown = self.acls()
            if led == counts and granted <= shown and not revoked & shown:
                return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"the cluster accepted topics and grants but did not show them within {self._timeout:.0f} s",
                    remedy="Run it again; it goes on where it stopped.",
                )
            time.sleep(0.02)  # Kafka offers nothing to wait for

    def _metadata(self) -> ClusterMetadata:
        return self._call(lambda: self._client.list_topics(timeout=self._timeout))

    def _all(self, call: Callable[[], Mapping[_K, Future[_T]]]) -> dict[_K, _T]:
        return self._call(lambda: {key: future.result() for key, future in call().items()})

    def _call(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except KafkaException as error:
            raise translated(error) from error


def binding(grant: Grant) -> AclBinding:
    """The grant as the broker keeps it."""
    return AclBinding(
        _TYPES[grant.resource],
        grant.name,
        ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL,
        f"User:{grant.principal}",
        "*",
        _OPERATIONS[grant.operation],
        AclPermissionType.ALLOW,
    )


def parts(
    acl: AclBinding,
) -> tuple[ResourceType, str, ResourcePatternType, str, str, AclOperation, AclPermissionType]:
    """The fields of an ACL; its constructor has made enumerations of them, whatever its annotations say."""
    return (
        cast("ResourceType", acl.restype),
        acl.name,
        cast("ResourcePatternType", acl.resource_pattern_type),
        acl.principal,
        acl.host,
        cast("AclOperation", acl.operation),
        cast("AclPermissionType", acl.permission_type),
    )


def describe(acl: AclBinding) -> str:
    """One line for a person."""
    kind, name, pattern, who, host, operation, permission = parts(acl)
    beginning = "…" if pattern is ResourcePatternType.PREFIXED else ""
    at = "" if host == "*" else f" from {host}"
    return f"{who} {permission.name.lower()} {operation.name} on {kind.name.lower()} {name}{beginning}{at}"


def bears_on(acl: AclBinding, prefix: str) -> bool:
    """Whether the ACL reaches anything of ours: our names, all names, a beginning of ours, or the cluster itself."""
    kind, name, pattern, *_ = parts(acl)
    if kind not in _TYPES.values() or name.startswith(prefix):
        return True
    return name == "*" if pattern is ResourcePatternType.LITERAL else prefix.startswith(name)


def is_harmless(acl: AclBinding) -> bool:
    """Whether it lets somebody look at the cluster and no more: a shared cluster has many of those."""
    kind, *_, operation, _permission = parts(acl)
    return kind is _CLUSTER and operation in _HARMLESS


def allows(acl: AclBinding) -> bool:
    """Whether it is a permission and not a denial."""
    return parts(acl)[-1] is AclPermissionType.ALLOW


def translated(error: KafkaException) -> FixgateError:
    """What a cluster's refusal means here, and what to do about it."""
    reason: KafkaError = error.args[0]
    if reason.code() in _REFUSALS:
        return Refused(
            f"the cluster refused to be provisioned by this identity: {reason.str()}",
            remedy="Use the provisioner's identity; deploy/kafka says what it must be allowed.",
        )
    if reason.code() == KafkaError.SECURITY_DISABLED:
        return Misconfigured(
            "the cluster has no authorizer: everybody may write everything",
            remedy="Set authorizer.class.name; see deploy/kafka/broker.properties.",
        )
    if reason.code() in {KafkaError.INVALID_CONFIG, KafkaError.INVALID_REPLICATION_FACTOR}:
        return Misconfigured(f"the cluster cannot hold the topics: {reason.str()}")
    return Unavailable(f"the cluster could not be provisioned: {reason.str()}", remedy="Is it up? Try again.")
