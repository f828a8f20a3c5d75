"""What verification knows of a record that is what it says: the ground on which the whole is judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fixgate.events import Proposal, Record, Signed
from fixgate.provenance.archive import findings_of

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record. `appended_ms` is the broker's time; `witnessed` says that a witness's word bounds it.

    `signed` is the record as it stands in the evidence, without its signature.
    """

    digest: str
    appended_ms: int
    witnessed: bool
    signed: Signed
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The records that verified, by digest and in the order of the log, and the findings that they are to prove."""

    finding_ids: frozenset[str]
    records: Mapping[str, Seen]
    proposals: Mapping[str, tuple[str, ...]]
    """The findings of each proposal, by its digest and by its id."""

    @classmethod
    def of_records(cls, finding_ids: Iterable[str], records: Mapping[str, Seen]) -> "Case":
        """The case that these records make."""
        proposals: dict[str, tuple[str, ...]] = {}
        for name, seen in records.items():
            if isinstance(seen.record, Proposal):
                proposals[name] = proposals[seen.record.proposal_id] = tuple(seen.record.finding_ids)
        return cls(finding_ids=frozenset(finding_ids), records=records, proposals=proposals)

    def about(self, record: Record) -> bool:
        """Whether a record is about the findings; others are here because something was made from them."""
        findings, via = findings_of(record)
        return not self.finding_ids.isdisjoint(findings or self.proposals.get(via, ()))

    def of(self, kind: type[R]) -> Iterator[tuple[str, R]]:
        """The records of a kind that are about the findings, with their digests."""
        for name, seen in self.records.items():
            if isinstance(seen.record, kind) and self.about(seen.record):
                yield name, seen.record

    def get(self, digest: str | None, kind: type[R]) -> R | None:
        """That record, when it is here and of this kind."""
        seen = self.records.get(digest or "")
        return seen.record if seen is not None and isinstance(seen.record, kind) else None
