"""How topics are configured on the broker."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fixgate.derived.topics import HEADROOM, config, specs
from fixgate.graph import MIB
from fixgate.naming import Naming
from fixgate.topology import PIPELINE

FINDINGS = PIPELINE.topics["findings"]


def test_no_topic_believes_its_writers_time() -> None:
    """A record's time is the broker's: also for raw findings, and for every other topic."""
    kinds = {spec.config["message.timestamp.type"] for spec in specs(PIPELINE, Naming(), 1)}
    assert kinds == {"LogAppendTime"}


@pytest.mark.parametrize(("replication", "least"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_one_replica_may_be_missing(replication: int, least: str) -> None:
    """Writes go on with one replica fewer, and stop before a record is in one place only."""
    assert config(FINDINGS, replication)["min.insync.replicas"] == least


def test_a_replica_that_missed_something_never_leads() -> None:
    """Nothing that was acknowledged is lost by an election."""
    assert config(FINDINGS, 3)["unclean.leader.election.enable"] == "false"


def test_what_is_kept_for_ever_is_not_deleted_by_size_either() -> None:
    """No retention in time means none in bytes."""
    made = config(PIPELINE.topics["controls"], 3)
    assert (made["retention.ms"], made["retention.bytes"], made["cleanup.policy"]) == ("-1", "-1", "delete")


def test_a_record_of_full_size_fits_with_its_headers() -> None:
    """The broker takes a value of the largest size with certificate, signature and trace beside it."""
    assert int(config(PIPELINE.topics["findings.raw"], 1)["max.message.bytes"]) == 8 * MIB + HEADROOM
    assert int(config(FINDINGS, 1)["max.message.bytes"]) == MIB + HEADROOM


def test_retention_is_in_milliseconds() -> None:
    """Thirty days are thirty days."""
    assert config(FINDINGS, 1)["retention.ms"] == str(30 * 24 * 3600 * 1000)
    assert config(replace(FINDINGS, retention=timedelta(seconds=1)), 1)["retention.ms"] == "1000"


def test_state_is_compacted_and_its_deletions_outlive_a_week_off() -> None:
    """A local cache that was away for less than a week still learns what was deleted."""
    made = config(PIPELINE.topics["gate.state"], 1)
    assert made["cleanup.policy"] == "compact"
    assert int(made["delete.retention.ms"]) == 7 * 24 * 3600 * 1000
    assert int(made["segment.bytes"]) < 128 * MIB


def test_every_topic_has_its_partitions_and_prefix() -> None:
    """The deployment's prefix stands before each name."""
    made = {spec.name: spec.partitions for spec in specs(PIPELINE, Naming(prefix="x."), 1)}
    assert made == {f"x.{t.name}": t.partitions for t in PIPELINE.topics.values()}
