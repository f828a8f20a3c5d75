"""Makes a cluster hold exactly what the topology says: topics, their configuration, and who may do what.

Used by `fixgate up` for the embedded broker and by `fixgate topology apply` for any other. Running it again changes
nothing. The steps, in this order:

1. compare partitions and replicas of the topics that exist; a difference is refused before anything is changed
2. create the topics that are missing
3. set those configuration keys that differ; keys that are not ours are left alone
4. take away what our own identities may do beyond the topology
5. grant what is missing
6. wait until the cluster shows all of it, for it becomes visible only some time after it was accepted

Never touched: grants to identities of others or to the provisioner itself, and any denial. What others may do on our
names is reported, because it breaks law 1 ("nothing else is granted") and only a person can know whether it may stay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import AclBinding  # type: ignore[attr-defined]  # re-exported without saying so

from fixgate.admin import ClusterAdmin, allows, bears_on, binding, describe, is_harmless
from fixgate.derived.acls import grants, principal_root
from fixgate.derived.topics import TopicSpec, specs
from fixgate.errors import Misconfigured
from fixgate.graph import Topology
from fixgate.naming import Naming
from fixgate.topology import PROVISIONER


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was changed; all empty but `foreign` when everything stood as it should."""

    topics_created: tuple[str, ...] = ()
    topics_configured: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """What others were granted, or anybody denied, on our names: left as it was, for a person to look at."""

    @property
    def changed(self) -> bool:
        """Whether anything had to be done."""
        return bool(self.topics_created or self.topics_configured or self.granted or self.revoked)


def provision(
    topology: Topology,
    prefix: str,
    admin_config: Mapping[str, Any],
    replication: int = 1,
    *,
    trust_domain: str,
    timeout: float = 30.0,
) -> Report:
    """Make the cluster hold exactly what the topology says; blocks, at most about `timeout` seconds per step.

    `admin_config` is librdkafka's configuration of an identity that may alter the cluster. Raises `Misconfigured` when
    an existing topic cannot be made to fit or the cluster has no authorizer, `Refused` when the identity may not do
    this, `Unavailable` when the cluster does not answer in time.
    """
    if replication < 1:
        raise Misconfigured(f"a topic needs at least one replica, not {replication}")
    cluster = ClusterAdmin(admin_config, timeout)
    naming = Naming(prefix=prefix, trust_domain=trust_domain)
    wanted_topics = specs(topology, naming, replication)
    existing = cluster.topics()
    refuse_nested(topology, prefix, existing)
    missing = [spec for spec in wanted_topics if not _exists(spec, existing)]
    found = cluster.acls()  # before the first change, for a cluster without an authorizer is refused
    wanted = frozenset(binding(grant) for grant in grants(topology, naming))
    ours, foreign = sort_grants(found, naming)
    surplus, lacking = ours - wanted, wanted - ours
    cluster.create(missing)
    configured = cluster.configure([spec for spec in wanted_topics if spec not in missing])
    cluster.revoke(surplus)
    cluster.grant(lacking)
    cluster.await_visible(wanted_topics, lacking, surplus)
    return Report(
        topics_created=tuple(spec.name for spec in missing),
        topics_configured=configured,
        granted=tuple(sorted(map(describe, lacking))),
        revoked=tuple(sorted(map(describe, surplus))),
        foreign=tuple(sorted(map(describe, foreign))),
    )


def sort_grants(found: Iterable[AclBinding], naming: Naming) -> tuple[frozenset[AclBinding], frozenset[AclBinding]]:
    """Of the ACLs that bear on this deployment's names: those that are ours to keep or take away, and the others.

    What the provisioner itself may do was given to it by the cluster's owner, who alone may take it away.
    """
    root = f"User:{principal_root(naming)}"
    ours: set[AclBinding] = set()
    foreign: set[AclBinding] = set()
    for acl in found:
        if bears_on(acl, naming.prefix):
            who: str = acl.principal
            if who.startswith(root) and who != root + PROVISIONER and allows(acl):
                ours.add(acl)
            elif not is_harmless(acl):
                foreign.add(acl)
    return frozenset(ours), frozenset(foreign)


def refuse_nested(topology: Topology, prefix: str, existing: Iterable[str]) -> None:
    """Raise `Misconfigured` when one of two deployments stands inside the other: grants of one would look like ours."""
    for name in existing:
        rest = name.removeprefix(prefix)
        if name.startswith(prefix) and any(rest.endswith(f".{topic}") for topic in topology.topics):
            raise Misconfigured(
                f"the topic {name} seems to be another deployment's whose prefix begins with {prefix!r}: "
                "what it is granted would be taken away",
                remedy="Choose a FIXGATE_PREFIX that no other begins with.",
            )
        for topic in topology.topics:
            other = name.removesuffix(topic)
            # One word is no proof of a deployment without a prefix: another application may call a topic so.
            known = name.endswith(topic) and (other.endswith(".") or (not other and "." in topic))
            if known and other != prefix and prefix.startswith(other):
                raise Misconfigured(
                    f"the topic {name} seems to be another deployment's whose prefix {other!r} ours begins with: "
                    "what it is granted would be taken away",
                    remedy="Choose a FIXGATE_PREFIX that does not begin with another's.",
                )


def _exists(spec: TopicSpec, existing: Mapping[str, tuple[int, int]]) -> bool:
    """Whether the topic is there; raises `Misconfigured` when it is and can never become what it should be."""
    if spec.name not in existing:
        return False
    partitions, replicas = existing[spec.name]
    if partitions != spec.partitions:
        raise Misconfigured(
            f"the topic {spec.name} has {partitions} partitions, the topology says {spec.partitions}: another count "
            "would send the records of one key to another partition than before",
            remedy="Choose another FIXGATE_PREFIX, or move the topic's records to a new topic by hand.",
        )
    if replicas != spec.replication:
        raise Misconfigured(
            f"the topic {spec.name} has {replicas} replicas, not {spec.replication}",
            remedy="Give the replication that the cluster has, or reassign its partitions first.",
        )
    return True
