"""Kafka behind the port of `broker.py`, on confluent-kafka."""

from fixgate.kafka.cluster import KafkaBroker

__all__ = ["KafkaBroker"]
