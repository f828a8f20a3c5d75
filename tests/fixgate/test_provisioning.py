"""Which grants on a cluster are ours to take away, and which are not; the rest is tried on a real broker."""

# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin re-exports its names without `as`, which strict checkers take for private.

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # see the first lines
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from fixgate import admin, provisioning
from fixgate.errors import FixgateError, Misconfigured, Refused, Unavailable
from fixgate.naming import Naming
from fixgate.topology import PIPELINE

NAMING = Naming(prefix="x.", trust_domain="example.org")
GATE = "spiffe://example.org/fixgate/gate"
LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED


def acl(
    name: str = "x.decisions",
    who: str = GATE,
    pattern: ResourcePatternType = LITERAL,
    kind: ResourceType = ResourceType.TOPIC,
    operation: AclOperation = AclOperation.READ,
    permission: AclPermissionType = AclPermissionType.ALLOW,
) -> AclBinding:
    """An ACL."""
    return AclBinding(kind, name, pattern, f"User:{who}", "*", operation, permission)


@pytest.mark.parametrize(
    "found",
    [
        acl(),
        acl(who="spiffe://example.org/fixgate/long-gone"),
        acl("*"),
        acl("x", pattern=PREFIXED),
        acl("x.", pattern=PREFIXED),
        acl("x.decisions.more"),
        acl("x.gate", kind=ResourceType.GROUP),
        acl("kafka-cluster", kind=ResourceType.BROKER, operation=AclOperation.ALTER),
        acl("kafka-cluster", kind=ResourceType.BROKER, operation=AclOperation.DESCRIBE),
    ],
    ids=admin.describe,
)
def test_what_reaches_our_names_for_our_identities_is_ours(found: AclBinding) -> None:
    """Whatever lets one of our identities reach our topics is taken away unless the topology grants it."""
    ours, foreign = provisioning.sort_grants([found], NAMING)
    assert (ours, foreign) == (frozenset({found}), frozenset())


@pytest.mark.parametrize(
    "found",
    [
        acl(who="spiffe://example.org/other/gate"),
        acl(who="spiffe://elsewhere/fixgate/gate"),
        acl(who="*"),
        acl("*", who="alice"),
        acl(permission=AclPermissionType.DENY),
        acl(who="spiffe://example.org/fixgate/provisioner"),
        acl("kafka-cluster", who="alice", kind=ResourceType.BROKER, operation=AclOperation.ALTER),
    ],
    ids=admin.describe,
)
def test_what_is_not_ours_to_take_is_reported(found: AclBinding) -> None:
    """Others' reach onto our names, and any denial, is for a person to look at."""
    ours, foreign = provisioning.sort_grants([found], NAMING)
    assert (ours, foreign) == (frozenset(), frozenset({found}))


@pytest.mark.parametrize(
    "found",
    [
        acl("y.decisions"),
        acl("y.", pattern=PREFIXED),
        acl("x-decisions"),
        acl("y.decisions", who="alice"),
        acl("kafka-cluster", who="alice", kind=ResourceType.BROKER, operation=AclOperation.DESCRIBE),
    ],
    ids=admin.describe,
)
def test_what_does_not_concern_us_is_passed_over(found: AclBinding) -> None:
    """Other deployments and other applications of a shared cluster are none of our business."""
    assert provisioning.sort_grants([found], NAMING) == (frozenset(), frozenset())


@pytest.mark.parametrize(("prefix", "existing"), [("", "fixgate.findings.raw"), ("a.", "a.b.gate.state")])
def test_a_prefix_that_covers_another_deployments_is_refused(prefix: str, existing: str) -> None:
    """Its grants would look like ours and be taken away."""
    with pytest.raises(Misconfigured, match="another deployment's"):
        provisioning.refuse_nested(PIPELINE, prefix, [existing])


@pytest.mark.parametrize(
    ("prefix", "existing"),
    [
        ("fixgate.ingest.", "fixgate.decisions"),
        ("fixgate.ingest.", "fixgate.ingest.state"),
        ("fixgate.any.", "fixgate.controls"),
        ("a.b.c.", "a.findings.raw"),
        ("gate.", "gate.state"),
        ("fixgate.", "findings.raw"),
    ],
)
def test_a_prefix_inside_another_deployments_is_refused(prefix: str, existing: str) -> None:
    """Its own transactional ids or topics could be the other's, whose grants would be taken away."""
    with pytest.raises(Misconfigured, match="another deployment's"):
        provisioning.refuse_nested(PIPELINE, prefix, [existing])


def test_our_own_topics_are_no_other_deployments() -> None:
    """Neither our topics nor unrelated ones stand in the way."""
    provisioning.refuse_nested(PIPELINE, "a.", [f"a.{name}" for name in PIPELINE.topics] + ["b.c.decisions", "orders"])
    # One word is no proof of a deployment without a prefix: another application may call a topic so.
    provisioning.refuse_nested(PIPELINE, "a.", ["decisions", "ab.decisions", "a-b.controls"])


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, Refused),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Refused),
        (KafkaError.SECURITY_DISABLED, Misconfigured),
        (KafkaError.INVALID_REPLICATION_FACTOR, Misconfigured),
        (KafkaError.REQUEST_TIMED_OUT, Unavailable),
    ],
)
def test_a_clusters_refusals_say_what_to_do(code: int, kind: type[FixgateError]) -> None:
    """A cluster without an authorizer, or an identity that may not, is told apart from one that is down."""
    error = admin.translated(KafkaException(KafkaError(code)))
    assert type(error) is kind


def test_at_least_one_replica() -> None:
    """No cluster is asked for less."""
    with pytest.raises(Misconfigured, match="at least one replica"):
        provisioning.provision(PIPELINE, "x.", {}, 0, trust_domain="example.org")


def test_nobody_there_is_unavailable() -> None:
    """A cluster that does not answer is an error within the time that was given."""
    config = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
    with pytest.raises(Unavailable):
        provisioning.provision(PIPELINE, "x.", config, trust_domain="example.org", timeout=0.5)
