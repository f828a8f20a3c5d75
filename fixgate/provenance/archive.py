"""A deployment's signed records, found again by what they are about: the log's leaves and the objects beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.codec import Codec, envelope_of
from fixgate.errors import Poison, Refused, Unavailable
from fixgate.events import (
    Approval,
    Assessment,
    Control,
    ControlKind,
    Decision,
    Finding,
    Grant,
    Intent,
    Outcome,
    Proposal,
    Record,
    Request,
    Review,
)
from fixgate.log import leaf, merkle
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
    Request: "request_id",
    Control: "control_id",
}
"""By which field somebody asks for a record."""
SHORTEST: Final = 4
"""Characters of an id at least: fewer would be a guess."""
_CANDIDATES: Final = 10
_BITS: Final = 8


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is kept of each record: where its leaf is, by what it is asked for, what it is about and made from.

    `via` is the proposal, by digest or id, that says what the record is about where it does not say so itself.
    """

    index: int
    leaf: RecordLeaf
    ids: tuple[str, ...]
    parents: tuple[str, ...]
    findings: tuple[str, ...]
    via: str
    roster: bool


class Archive:
    """All records of the log, read once; raises Refused when the log cannot be believed, Unavailable when not read.

    The whole tree is hashed, so nothing of what the checkpoint signs can be hidden. Records that did not verify are
    left out: they are the log's to tell of. `unread` are leaves whose record is not in the object store or is of no
    schema that is known here: nobody can say what those are about.
    """

    def __init__(
        self, store: Store, objects: ObjectStore, keys: Keys, codec: Codec, progress: Progress | None = None
    ) -> None:
        self._objects = objects
        self._codec = codec
        self.signed = current(store, keys)
        self.bundles: list[tuple[int, BundleLeaf]] = []
        self.records: dict[str, Noted] = {}
        """By digest, in the order of the log."""
        self.unread: list[tuple[RecordLeaf, str]] = []
        self._proposals: dict[str, tuple[str, ...]] = {}
        self._about: dict[str, list[str]] | None = None
        self._load(Tree(store.read, self.signed.head.size), progress)

    def _load(self, tree: Tree, progress: Progress | None) -> None:
        roots: list[bytes] = []
        partial: list[bytes] = []
        for bundle in range(-(-tree.size // WIDTH)):
            entries = tree.entries(bundle)
            hashes = [merkle.leaf_hash(entry) for entry in entries]
            if len(hashes) == WIDTH:
                roots.append(merkle.complete_root(hashes))
            else:
                partial = hashes
            for index, entry in enumerate(entries, bundle * WIDTH):
                self._take(index, leaf.decode(entry))
            if progress is not None:
                progress(min((bundle + 1) * WIDTH, tree.size), tree.size)

        def subtree(level: int, index: int) -> bytes:
            if level >= _BITS:
                return merkle.complete_root(roots[index << (level - _BITS) : (index + 1) << (level - _BITS)])
            first = (index << level) % WIDTH
            return merkle.complete_root(partial[first : first + (1 << level)])

        if merkle.root(tree.size, subtree) != self.signed.head.root:
            raise Refused(
                "the log's entries are not those that its checkpoint signs",
                remedy="`fixgate log verify` says which files were altered.",
            )

    def _take(self, index: int, found: leaf.Leaf) -> None:
        if isinstance(found, BundleLeaf):
            self.bundles.append((index, found))
        elif isinstance(found, RecordLeaf) and found.verified and found.digest and found.digest not in self.records:
            try:
                record = self._codec.decode_any(self._objects.get(found.digest))
            except (Poison, Unavailable, Refused) as error:
                self.unread.append((found, error.message))
                return
            noted = _noted(index, found, record)
            self.records[found.digest] = noted
            if isinstance(record, Proposal):
                self._proposals[found.digest] = self._proposals[record.proposal_id] = noted.findings

    def logged(self, digest: str) -> Logged:
        """A record with its leaf; raises Refused when the log has none, or the object store lost it meanwhile."""
        noted = self.records.get(digest)
        if noted is None:
            raise Refused(f"the log has no record {digest}")
        return Logged(index=noted.index, leaf=noted.leaf, record=self._codec.decode_any(self._objects.get(digest)))

    def find(self, wanted: str) -> Logged:
        """The one record with an id that begins so, like git's; raises Refused when there is none or several.

        Several records with the very same id (the readings of one assessment) count as one: the newest is meant.
        """
        if len(wanted) < SHORTEST:
            raise Refused(f"{wanted!r} is too short for an id", remedy=f"Give at least {SHORTEST} characters.")
        found: dict[str, str] = {}
        for digest, noted in self.records.items():
            for known in (*noted.ids, digest):
                if known.startswith(wanted) or _bare(known).startswith(wanted):
                    found[known] = digest
        if wanted in found:
            return self.logged(found[wanted])
        if not found:
            raise Refused(
                f"the log has nothing whose id begins with {wanted!r}",
                remedy="It may be a few seconds behind: try again, or look at `fixgate status`.",
            )
        if len(found) > 1:
            shown = sorted(found)[:_CANDIDATES] + ["…"] * (len(found) > _CANDIDATES)
            raise Refused(f"{wanted!r} may be any of {len(found)} things", remedy="\n".join(shown))
        return self.logged(next(iter(found.values())))

    def findings_of(self, digest: str) -> tuple[str, ...]:
        """The findings that a record is about, by its own word or its proposal's."""
        noted = self.records.get(digest)
        if noted is None:
            return ()
        return noted.findings or self._proposals.get(noted.via, ())

    def about(self, finding_ids: Sequence[str]) -> Iterator[Logged]:
        """Every record about one of the findings, in the order of the log."""
        if self._about is None:
            self._about = {}
            for digest in self.records:
                for finding in self.findings_of(digest):
                    self._about.setdefault(finding, []).append(digest)
        named = {digest for finding in finding_ids for digest in self._about.get(finding, ())}
        for digest in sorted(named, key=lambda d: self.records[d].index):
            yield self.logged(digest)

    def rosters(self) -> Iterator[Logged]:
        """Every roster that was ever published, in the order of the log."""
        for digest, noted in self.records.items():
            if noted.roster:
                yield self.logged(digest)


def findings_of(record: Record) -> tuple[tuple[str, ...], str]:
    """The findings that a record says it is about; or else the proposal, by digest or id, that says so for it."""
    match record:
        case Finding():
            return (record.finding_id,), ""
        case Assessment() | Proposal() | Decision() | Intent() | Outcome() | Review():
            return tuple(record.finding_ids), ""
        case Approval():
            return (), record.proposal_id
        case Grant():
            return (), record.proposal_digest
        case _:
            return (), ""


def parents_of(record: Record) -> tuple[str, ...]:
    """The digests that a record names as what it was made from."""
    return tuple(envelope_of(record).parents)


def _noted(index: int, found: RecordLeaf, record: Record) -> Noted:
    findings, via = findings_of(record)
    roster = isinstance(record, Control) and record.kind is ControlKind.ROSTER
    return Noted(
        index=index,
        leaf=found,
        ids=_own_ids(record),
        parents=parents_of(record),
        findings=findings,
        via=via,
        roster=roster,
    )


def _bare(name: str) -> str:
    """An id without its kind: what stands after `sha256:`, or after the first dash."""
    return name.removeprefix("sha256:") if name.startswith("sha256:") else name.partition("-")[2]


def _own_ids(record: Record) -> tuple[str, ...]:
    own = getattr(record, ID_FIELDS.get(type(record), ""), None)
    return () if own is None else (str(own),)
