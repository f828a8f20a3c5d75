"""What the partitions of the broker in memory hold: records, and how the transactions that wrote them ended."""

from dataclasses import dataclass, field

from fixgate.broker import Inbound, TopicPartition


@dataclass(slots=True)
class Transaction:
    """A transaction and everything that hangs on how it ends."""

    transactional_id: str
    state: str = "open"
    touched: set[TopicPartition] = field(default_factory=set[TopicPartition])
    positions: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    group: str = ""


@dataclass(slots=True)
class Entry:
    """One offset of a partition: a record, or a transaction's end marker (`record` None)."""

    record: Inbound | None
    transaction: Transaction | None = None

    @property
    def open(self) -> bool:
        """Whether readers of committed records must stop before it."""
        return self.transaction is not None and self.transaction.state == "open"

    @property
    def visible(self) -> bool:
        """Whether readers of committed records see it."""
        return self.record is not None and (self.transaction is None or self.transaction.state == "committed")
