"""A report as it was read: every result counted as exactly one thing.

`results = findings + suppressed + passed + repeated + rejected`, always.
"""

import gc
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.reports.adapter import Draft, Failed, Hints, Item, Passed, Suppressed
from fixgate.reports.document import Data, Document, Unusable
from fixgate.reports.fingerprints import Seen, Told, hashed, twice
from fixgate.reports.formats.unsupported import HEAD, named
from fixgate.reports.opening import EAGER, REPORT_LIMIT, document
from fixgate.reports.registry import adapter_of
from fixgate.reports.told import AllTold
from fixgate.reports.twins import Twins

NO_FORMAT: Final = "none"
"""The format of a report that holds nothing by which to tell."""
WARNINGS_KEPT: Final = 20
REJECTED_KEPT: Final = 10_000
"""Results that are named when they cannot be used; of more, the rest are counted."""


class Scan(StrEnum):
    """What a report says of its scan. Nothing found, nothing looked at and nothing written are three things."""

    CLEAN = "clean"
    FINDINGS = "findings"
    FAILED = "failed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """See the module.

    `findings` of a long report are read from its bytes each time that they are walked. `rejected` are the results that
    cannot be used, with the reasons; `unnamed` counts those of which no more is kept. `secrets` are all that the report
    shows: they never leave ingest.
    """

    format: str
    scan: Scan
    findings: Sequence[Told] = ()
    suppressed: int = 0
    passed: int = 0
    repeated: int = 0
    rejected: tuple[Unusable, ...] = ()
    unnamed: int = 0
    warnings: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset[str](), repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """How many results came to what."""
        return {
            "findings": len(self.findings),
            "suppressed": self.suppressed,
            "passed": self.passed,
            "repeated": self.repeated,
            "rejected": self.unusable,
        }

    @property
    def results(self) -> int:
        """How many results are in it."""
        return sum(self.counts.values())

    @property
    def unusable(self) -> int:
        """How many results cannot be used."""
        return len(self.rejected) + self.unnamed


@dataclass(slots=True)
class _Tally:
    """What an adapter said, counted; of drafts only what tells twins apart is kept."""

    name: str
    drafts: int = 0
    suppressed: int = 0
    passed: int = 0
    rejected: list[Unusable] = field(default_factory=list[Unusable])
    unnamed: int = 0
    warnings: dict[str, None] = field(default_factory=dict[str, None])
    failed: bool = False
    secrets: set[str] = field(default_factory=set[str])
    digests: list[bytes] | None = None
    """Of all drafts in order, where they are kept; elsewhere those that were seen."""
    seen: Seen | None = None

    def take(self, items: Iterable[Item]) -> None:
        """Count what an adapter said; the frequent things are asked for first."""
        for item in items:
            if isinstance(item, Draft):
                self._draft(item)
            elif isinstance(item, Passed):
                self.passed += 1
            elif isinstance(item, Unusable):
                self.reject(item)
            elif isinstance(item, Suppressed):
                self.suppressed += 1
            else:
                self.warnings[item.text] = None
                self.failed = self.failed or isinstance(item, Failed)

    def reject(self, item: Unusable) -> None:
        """Count a result that cannot be used."""
        if len(self.rejected) < REJECTED_KEPT:
            self.rejected.append(item)
        else:
            self.unnamed += 1

    def _draft(self, draft: Draft) -> None:
        self.drafts += 1
        if draft.secret is not None and draft.secret.value:
            self.secrets.add(draft.secret.value)
        name = hashed(self.name, draft)
        if self.seen is not None:
            self.seen.add(name)
        if self.digests is not None:
            self.digests.append(name)

    def digest_of(self, at: int, draft: Draft) -> bytes:
        """The hash of the draft with this number."""
        return self.digests[at] if self.digests is not None else hashed(self.name, draft)

    def twins(self) -> frozenset[bytes]:
        """What hashes of drafts begin with that are, or may be, the same."""
        return twice(self.digests or ()) if self.seen is None else self.seen.twice()


def read(data: Data, hints: Hints | None = None, *, limit: int = REPORT_LIMIT, eager: int = EAGER) -> Report:
    """The report in these bytes; raises Poison when as a whole it cannot be used. Pure.

    What has more bytes than `eager` is not held in memory; a mapped report must stay open as long as its findings are
    walked.
    """
    read_as: Document | None = None
    try:
        with _uncollected(pause=len(data) <= eager):
            read_as = document(data, limit=limit, eager=eager)
            return _read(read_as, hints or Hints())
    except Poison as fault:
        known = named(data[:HEAD], read_as) if fault.reason is Reason.INVALID else None
        if known is None:
            raise
        raise Poison(fault.reason, f"the report is {known}") from None


@contextmanager
def _uncollected(*, pause: bool) -> Generator[None]:
    """Pause the search for garbage: a report's parts make no cycles, and are so many that it costs a half."""
    pause = pause and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


def _read(read_as: Document, hints: Hints) -> Report:
    if not read_as.values and not read_as.unusable:
        return Report(format=hints.format or NO_FORMAT, scan=Scan.EMPTY, warnings=("there is nothing in the report",))
    adapter = adapter_of(read_as, hints.format)
    if adapter is None:
        told = "there is no result, and nothing that tells which scanner found none"
        return Report(format=NO_FORMAT, scan=Scan.CLEAN, warnings=(told,))
    if read_as.long:
        return _report(adapter.name, read_as, lambda: adapter.read(read_as, hints))
    items = tuple(adapter.read(read_as, hints))
    return _report(adapter.name, read_as, lambda: items)


def _report(name: str, read_as: Document, said: Callable[[], Iterable[Item]]) -> Report:
    tally = _Tally(name, seen=Seen()) if read_as.long else _Tally(name, digests=[])
    for bad in read_as.unusable:
        tally.reject(bad)
    tally.take(said())
    twins = Twins.among(said, tally.digest_of, tally.twins(), read_as)
    told = AllTold(name, said, twins, tally.drafts - len(twins.repeated), tally.digests)
    return Report(
        format=name,
        scan=_scan(tally),
        findings=told if read_as.long else tuple(told),
        suppressed=tally.suppressed,
        passed=tally.passed,
        repeated=len(twins.repeated),
        rejected=tuple(tally.rejected),
        unnamed=tally.unnamed,
        warnings=_warnings(tally, read_as.noise),
        secrets=frozenset(tally.secrets),
    )


def _scan(tally: _Tally) -> Scan:
    if tally.failed or (tally.rejected and not tally.drafts):
        return Scan.FAILED
    return Scan.FINDINGS if tally.drafts else Scan.CLEAN


def _warnings(tally: _Tally, noise: int) -> tuple[str, ...]:
    warnings = list(tally.warnings)
    if noise:
        warnings.append(f"{noise} lines that are no JSON were passed over")
    if tally.rejected:
        warnings.append(f"{len(tally.rejected) + tally.unnamed} results cannot be used")
    if len(warnings) > WARNINGS_KEPT:
        warnings = [*warnings[:WARNINGS_KEPT], f"and {len(warnings) - WARNINGS_KEPT} more"]
    return tuple(warnings)
