"""A deployment's signed records, found again by what they are about: the log's leaves and the objects beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.codec import Codec, envelope_of
from fixgate.errors import Poison, Refused
from fixgate.events import (
    Approval,
    Assessment,
    Decision,
    Finding,
    Grant,
    Intent,
    Outcome,
    Proposal,
    Record,
    Review,
)
from fixgate.log import leaf
from fixgate.log.audit import Keys, current
from fixgate.log.leaf import BundleLeaf, RecordLeaf
from fixgate.log.storage import Store
from fixgate.log.tiles import WIDTH, Tree
from fixgate.objects import ObjectStore

Progress = Callable[[int, int], None]
ID_FIELDS: Final[Mapping[type[Record], str]] = {
    Finding: "finding_id",
    Assessment: "assessment_id",
    Proposal: "proposal_id",
    Decision: "decision_id",
    Approval: "approval_id",
    Grant: "grant_id",
    Intent: "intent_id",
    Outcome: "outcome_id",
    Review: "review_id",
}
"""By which field somebody asks for a record."""
SHORTEST: Final = 4
"""Characters of an id at least: fewer would be a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One record that verified when it was logged: its leaf's index, the leaf and the record."""

    index: int
    leaf: RecordLeaf
    record: Record

    @property
    def digest(self) -> str:
        """The record's name."""
        return self.leaf.digest or ""

    @property
    def kind(self) -> str:
        """The record's name in the schemas."""
        return type(self.record).__name__

    @property
    def ids(self) -> tuple[str, ...]:
        """Everything by which somebody may ask for it, the digest included."""
        return (*_own_ids(self.record), self.digest)


class Archive:
    """All records of the log, read once; raises Refused when the log cannot be believed, Unavailable when not read.

    Records that did not verify are left out: they are the log's to tell of.
    """

    def __init__(
        self, store: Store, objects: ObjectStore, keys: Keys, codec: Codec, progress: Progress | None = None
    ) -> None:
        signed = current(store, keys)
        self.size = signed.head.size
        self.bundles: list[tuple[int, BundleLeaf]] = []
        self.records: dict[str, Logged] = {}
        """By digest, in the order of the log."""
        self.missing: list[RecordLeaf] = []
        """Records whose bytes the object store has not got."""
        tree = Tree(store.read, self.size)
        for bundle in range(-(-self.size // WIDTH)):
            for index, entry in enumerate(tree.entries(bundle), bundle * WIDTH):
                self._take(index, leaf.decode(entry), objects, codec)
            if progress is not None:
                progress(min((bundle + 1) * WIDTH, self.size), self.size)

    def _take(self, index: int, found: leaf.Leaf, objects: ObjectStore, codec: Codec) -> None:
        if isinstance(found, BundleLeaf):
            self.bundles.append((index, found))
        elif isinstance(found, RecordLeaf) and found.verified and found.digest and found.digest not in self.records:
            if not objects.has(found.digest):
                self.missing.append(found)
                return
            try:
                record = codec.decode_any(objects.get(found.digest))
            except Poison as error:
                raise Refused(f"the archive's {found.digest} cannot be read: {error.message}") from error
            self.records[found.digest] = Logged(index=index, leaf=found, record=record)

    def find(self, wanted: str) -> Logged:
        """The one record with an id that begins so, like git's; raises Refused when there is none or several.

        Several records with the very same id (the readings of one assessment) count as one: the newest is meant.
        """
        if len(wanted) < SHORTEST:
            raise Refused(f"{wanted!r} is too short for an id", remedy=f"Give at least {SHORTEST} characters.")
        found: dict[str, Logged] = {}
        for logged in self.records.values():
            for known in logged.ids:
                if known.startswith(wanted) or known.partition("-")[2].startswith(wanted):
                    found[known] = logged
        exact = found.get(wanted)
        if exact is not None:
            return exact
        if not found:
            raise Refused(
                f"the log has nothing whose id begins with {wanted!r}",
                remedy="It may be a few seconds behind: try again, or look at `fixgate status`.",
            )
        if len({logged.digest for logged in found.values()}) > 1:
            some = ", ".join(sorted(found)[:5])
            raise Refused(f"{wanted!r} may be {len(found)} things: {some}", remedy="Give more characters.")
        return next(iter(found.values()))

    def findings_of(self, logged: Logged) -> tuple[str, ...]:
        """The findings that a record is about."""
        return findings_of(logged.record, self.records)

    def about(self, finding_ids: Sequence[str]) -> Iterator[Logged]:
        """Every record about one of the findings, in the order of the log."""
        wanted = set(finding_ids)
        for logged in self.records.values():
            if wanted.intersection(self.findings_of(logged)):
                yield logged


def findings_of(record: Record, known: Mapping[str, Logged]) -> tuple[str, ...]:
    """The findings that a record is about, by its own word or its parents'."""
    if isinstance(record, Finding):
        return (record.finding_id,)
    if isinstance(record, Assessment | Proposal | Decision | Intent | Outcome | Review):
        return tuple(record.finding_ids)
    if isinstance(record, Approval):
        return next(
            (
                tuple(other.record.finding_ids)
                for other in known.values()
                if isinstance(other.record, Proposal) and other.record.proposal_id == record.proposal_id
            ),
            (),
        )
    if isinstance(record, Grant):
        proposal = known.get(record.proposal_digest)
        return findings_of(proposal.record, known) if proposal else ()
    return ()


def _own_ids(record: Record) -> tuple[str, ...]:
    own = getattr(record, ID_FIELDS.get(type(record), ""), None)
    return () if own is None else (str(own),)


def parents_of(record: Record) -> tuple[str, ...]:
    """The digests that a record names as what it was made from."""
    return tuple(envelope_of(record).parents)
