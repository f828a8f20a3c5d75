"""Files for a production cluster: topics, grants and the broker's properties, in formats that operators' tools read.

Topics are Strimzi `KafkaTopic` resources (`kafka.strimzi.io/v1`). Grants are Jikkou `KafkaPrincipalAuthorization`
resources (`kafka.jikkou.io/v1`), because Strimzi's `KafkaUser` names principals itself and cannot name a SPIFFE ID.
`fixgate topology apply` does the same without either tool.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

import yaml

from fixgate.derived.acls import Grant, grants
from fixgate.derived.topics import HEADROOM, specs
from fixgate.graph import Topology
from fixgate.naming import Naming
from fixgate.topology import PROVISIONER

REPLICATION = 3
HEADER = "# Generated from fixgate/topology.py by `python -m fixgate.derived`; do not edit.\n"


def topics_yaml(topology: Topology, naming: Naming, replication: int = REPLICATION) -> str:
    """All topics, one document each."""
    return HEADER + _documents(
        {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaTopic",
            "metadata": {
                # Kubernetes takes no underscores in names; Kafka's own name stands in the specification.
                "name": spec.name.replace("_", "-"),
                "labels": {"strimzi.io/cluster": "kafka", "app.kubernetes.io/part-of": "fixgate"},
            },
            "spec": {
                "topicName": spec.name,
                "partitions": spec.partitions,
                "replicas": spec.replication,
                "config": {key: _plain(value) for key, value in sorted(spec.config.items())},
            },
        }
        for spec in specs(topology, naming, replication)
    )


def acls_yaml(topology: Topology, naming: Naming) -> str:
    """All grants, one document for each principal; a principal without any has an empty list, on purpose."""
    by_principal = {
        who: list(given)
        for who, given in groupby(
            sorted(grants(topology, naming), key=attrgetter("principal")), key=attrgetter("principal")
        )
    }
    others = [p for p in topology.parties.values() if p.name != PROVISIONER]
    return HEADER + _documents(
        {
            "apiVersion": "kafka.jikkou.io/v1",
            "kind": "KafkaPrincipalAuthorization",
            "metadata": {"name": f"User:{naming.spiffe_id(party)}"},
            "spec": {"acls": [_acl(grant) for grant in by_principal.get(naming.spiffe_id(party), [])]},
        }
        for party in others
    )


def broker_properties(topology: Topology, naming: Naming) -> str:
    """What a broker's configuration must have so that the laws hold on the wire."""
    return _PROPERTIES.format(
        header=HEADER,
        largest=max(topic.max_bytes for topic in topology.topics.values()) + HEADROOM,
        provisioner=naming.spiffe_id(topology.party(PROVISIONER)),
        oauth="org.apache.kafka.common.security.oauthbearer",
        trust_domain=naming.trust_domain,
        prefix=naming.prefix,
        replication=REPLICATION,
        least=REPLICATION - 1,
    )


def _acl(grant: Grant) -> dict[str, Any]:
    return {
        "resource": {
            "type": _JIKKOU_TYPES[grant.resource.value],
            "pattern": grant.name,
            "patternType": "PREFIXED" if grant.prefixed else "LITERAL",
        },
        "type": "ALLOW",
        "operations": [grant.operation.value.upper()],
        "host": "*",
    }


_JIKKOU_TYPES = {"topic": "TOPIC", "group": "GROUP", "transactionalId": "TRANSACTIONAL_ID"}


def _plain(value: str) -> str | int | bool:
    """The value as YAML would type it by hand."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdigit() else value


def _documents(documents: Iterable[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, width=120)


_PROPERTIES = """\
{header}# Merge into the configuration of each broker, Apache Kafka 4.3.1 or later: 4.1.1 accepted
# tokens that were signed by a foreign key. Afterwards `fixgate doctor --bootstrap ...` proves on the wire that such
# tokens are refused.

# --- Who somebody is: a JWT-SVID, over TLS ---------------------------------------------------------------------------
# One listener for clients, named CLIENT here; how brokers and controllers know each other is the operator's choice.
listener.security.protocol.map=CLIENT:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
listener.name.client.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.client.oauthbearer.sasl.jaas.config=\\
{oauth}.OAuthBearerLoginModule required;
# Without a validator class some versions accept any signature.
listener.name.client.oauthbearer.sasl.server.callback.handler.class=\\
{oauth}.OAuthBearerValidatorCallbackHandler
# How long a session may live on one token: it bounds what a revoked identity can still do.
listener.name.client.oauthbearer.connections.max.reauth.ms=30000
# SPIRE's OIDC discovery provider with `set_key_use = true`: Kafka refuses keys that are marked `jwt-svid`.
# Start the JVM with
# -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=https://oidc.{trust_domain}/keys
sasl.oauthbearer.jwks.endpoint.url=https://oidc.{trust_domain}/keys
sasl.oauthbearer.jwks.endpoint.refresh.ms=60000
sasl.oauthbearer.expected.audience=kafka
# The `jwt_issuer` of the SPIRE server. Tokens of several trust domains under one key and issuer all authenticate, and
# only the grants stop them.
sasl.oauthbearer.expected.issuer=https://oidc.{trust_domain}
sasl.oauthbearer.sub.claim.name=sub
sasl.oauthbearer.clock.skew.seconds=5

# --- What somebody may do: what is granted, and nothing else ---------------------------------------------------------
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# A quiet topic's positions outlive its records (7 days by default); services keep them in their state too.
offsets.retention.minutes=527040
allow.everyone.if.no.acl.found=false
auto.create.topics.enable=false
# Add the brokers' own principals. Instead of being a super user, the provisioner can be granted: on the cluster ALTER,
# DESCRIBE and CREATE; on topics that begin with `{prefix}` DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS.
super.users=User:{provisioner}

# --- What must fit, and must not be lost -----------------------------------------------------------------------------
message.max.bytes={largest}
replica.fetch.max.bytes={largest}
default.replication.factor={replication}
min.insync.replicas={least}
unclean.leader.election.enable=false
offsets.topic.replication.factor={replication}
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={least}
# A restarted broker may register again only when its old session has lapsed.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500

# --- Logging: a refused token is logged in full at WARN --------------------------------------------------------------
# In log4j2.yaml set the logger org.apache.kafka.common.security.oauthbearer to OFF.
"""
