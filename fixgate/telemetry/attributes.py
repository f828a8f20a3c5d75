"""The names of span, metric and log attributes, declared once.

`messaging.…` and `error.type` follow OpenTelemetry's semantic conventions v1.44.0, in which those for messaging and
Kafka are still in Development: that is why the version is pinned here. `fixgate.…` are ours.
"""

from enum import StrEnum

SEMANTIC_CONVENTIONS = "https://opentelemetry.io/schemas/1.44.0"
NAMESPACE = "fixgate"


class Attribute(StrEnum):
    """Every attribute that is set anywhere; a name that is not here cannot be set."""

    SYSTEM = "messaging.system"
    OPERATION_NAME = "messaging.operation.name"
    OPERATION_TYPE = "messaging.operation.type"
    DESTINATION = "messaging.destination.name"
    PARTITION = "messaging.destination.partition.id"
    OFFSET = "messaging.kafka.offset"
    GROUP = "messaging.consumer.group.name"
    BODY_SIZE = "messaging.message.body.size"
    CONVERSATION = "messaging.message.conversation_id"
    ERROR = "error.type"

    FINDING_ID = "fixgate.finding.id"
    """What a span is about, so that it is found by its finding; several ids with commas between."""
    RECORD_DIGEST = "fixgate.record.digest"
    LOCK_KEY = "fixgate.lock.key"
    PROPOSAL_DIGEST = "fixgate.proposal.digest"
    DECISION = "fixgate.decision"
    TEMPLATE = "fixgate.template"
    SHARD = "fixgate.shard"
    STEP = "fixgate.step"
    REASON = "fixgate.reason"
    ALARM = "fixgate.alarm"
    WAY = "fixgate.way"
    OUTCOME = "fixgate.outcome"


Value = str | int | float | bool
"""What an attribute may hold."""
