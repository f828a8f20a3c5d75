"""The records in hand: what was polled and is not done.

Most are taken as they came. A record that is to have its transactions alone, or that takes several of them, would keep
all those behind it waiting: its partition is set aside, gets no more records, and has its turn after each transaction
of the others. So a large report costs the other partitions no more than one of its parts.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from fixgate.broker import Inbound, TopicPartition

MOST_RESTS: Final = 4
"""Turns that pass at most before a record is tried again whose facts were not there."""


class Hand:
    """Used by the loop's thread alone. Within a partition the order is that of the log, always."""

    def __init__(self) -> None:
        self.ready: list[Inbound] = []
        """What is taken next, in the order in which it came."""
        self._large: dict[TopicPartition, list[Inbound]] = {}
        self._parts: dict[TopicPartition, list[Inbound]] = {}
        self._large_was_last = False
        self._failures = self._rests = 0

    @property
    def aside(self) -> frozenset[TopicPartition]:
        """The partitions that are set aside: nothing of them is to be polled."""
        return frozenset(self._large.keys() | self._parts.keys())

    @property
    def urgent(self) -> bool:
        """Whether something is set aside that need not rest."""
        return bool(self._parts) or bool(self._large and not self._rests)

    def add(self, records: Sequence[Inbound]) -> None:
        """These were polled."""
        for record in records:
            held = self._large.get(record.source, self._parts.get(record.source, self.ready))
            held.append(record)

    def done(self, positions: Mapping[TopicPartition, int]) -> None:
        """What is ready and lies before these positions is committed."""
        self.ready = [record for record in self.ready if record.offset >= positions.get(record.source, 0)]

    def set_aside(self, source: TopicPartition, *, alone: bool) -> None:
        """Take this partition, with all of it that is ready, out of the others' way.

        `alone`: its first record's facts are not there yet, and may be there beside those of no other such record.
        """
        (self._large if alone else self._parts)[source] = [r for r in self.ready if r.source == source]
        self.ready = [record for record in self.ready if record.source != source]

    def turn(self) -> Inbound | None:
        """The first record of the partition whose turn it is; None when there is none, or it has to rest.

        One partition after the other: what is known of a large report is kept for one at a time. But those that only
        have more parts take turns with those that are to be alone: they wait for no facts.
        """
        large = None if self._rests else next(iter(self._large.values()), None)
        parts = next(iter(self._parts.values()), None)
        self._rests = max(0, self._rests - 1)
        chosen = parts if large is None or (parts is not None and self._large_was_last) else large
        self._large_was_last = chosen is large
        return chosen[0] if chosen else None

    def rest(self) -> int:
        """Facts were not there: what is to be alone rests for some turns, for more each time; how often that was so."""
        self._failures += 1
        self._rests = min(self._failures, MOST_RESTS)
        return self._failures

    def turned(self, source: TopicPartition, *, over: bool) -> None:
        """A transaction of its record is committed. Once it is over, the rest of its partition is one of the others."""
        held = self._large if source in self._large else self._parts
        if held is self._large:
            self._failures = 0
        if over:
            self.ready += held.pop(source)[1:]

    def forget(self) -> None:
        """Nothing in hand is ours any more."""
        self.ready, self._large, self._parts = [], {}, {}
        self._failures = self._rests = 0
