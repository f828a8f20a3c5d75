"""What a format's adapter is, and the words in which it says what it read.

An adapter reads a document and says of each result in it exactly one thing: a `Draft` (a finding), `Passed`,
`Suppressed`, or `Unusable`; so the counts add up. Besides, it may warn (`Remark`) or say that the scan failed
(`Failed`). It masks nothing, hashes nothing and counts nothing: that is done once, for all formats.

Adapters are pure. What an adapter raises by accident rejects the whole report as a defect; it must not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from fixgate.events import AffectedIdentity, FindingStatus, Package, Resource, SeverityRating
from fixgate.reports.document import Document, Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known of a report besides its bytes; the sender's word.

    `format` names the adapter, "" leaves it to the content. `repository` is the clone address of what was scanned.
    """

    format: str = ""
    repository: str | None = None


class Exposed(Struct, kw_only=True, frozen=True, gc=False):
    """A secret that the report shows; `value` never leaves ingest. An unknown value (redacted) is empty.

    `kind` is what the scanner calls it: a rule, a detector.
    """

    kind: str
    value: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Exposed(kind={self.kind!r})"


class Spot(Struct, kw_only=True, frozen=True, gc=False):
    """One place where a result was seen, as its adapter read it; a `Location` when its texts are masked.

    Lines and columns are counted from 1. `logical` names a function, a resource or a layer, where there is no file.
    """

    path: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    start_column: int | None = None
    end_column: int | None = None
    logical: str | None = None
    snippet: str | None = None


class Draft(Struct, kw_only=True, gc=False):
    """One result as its adapter read it: nothing is masked yet, and nothing is changed.

    Of a call with more than 15 keywords Python makes a dictionary first, which costs as much as the draft: where speed
    matters, an adapter sets what few results have afterwards.

    `identity` are the parts of its fingerprint, after format and tool: what stays the same when the report is made
    again, elsewhere, in another order, with lines moved. `unique` says that the tool itself tells results apart by
    them; otherwise equal ones are told apart by their order in the file that they are about.

    `what` is the kind of trouble, for the problem key; the rule where there is nothing better.
    """

    pointer: str
    tool: str
    identity: tuple[str, ...]
    unique: bool
    what: str
    severity: SeverityRating
    status: FindingStatus
    tool_version: str | None = None
    rule_id: str = ""
    rule_name: str = ""
    title: str = ""
    description: str = ""
    confidence: str | None = None
    aliases: tuple[str, ...] = ()
    locations: tuple[Spot, ...] = ()
    resource: Resource | None = None
    account: str | None = None
    region: str | None = None
    repository: str | None = None
    commit: str | None = None
    package: Package | None = None
    affected: AffectedIdentity | None = None
    secret: Exposed | None = None
    labels: Mapping[str, str] = {}  # a struct copies it
    links: tuple[str, ...] = ()
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None


class Passed(Struct, frozen=True, gc=False):
    """A check that found nothing wrong."""

    pointer: str


class Suppressed(Struct, frozen=True, gc=False):
    """A result that somebody has told the scanner to leave alone."""

    pointer: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should know of the scan; holds nothing of the report's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The scan did not come to its end: no findings means nothing."""

    text: str


Item = Draft | Passed | Suppressed | Unusable | Remark | Failed


class Adapter(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """The stable word for the format: `--format`, header, `Finding.format`."""
        ...

    def recognises(self, document: Document) -> bool:
        """Whether the document is of this format, by its content; cheap, and never true for another's document."""
        ...

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """What the document says; raises Poison when as a whole it is not of this format after all."""
        ...
