"""What verification answers with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: the record (empty for the whole), which step, how it went, and why."""

    record: str
    kind: str
    step: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """All checks. The evidence verifies when there is something to verify and nothing failed.

    `asserted` counts the records whose time is only the operator's word. `ended` says how often which way the changes
    ended, as far as they verified.
    """

    checks: tuple[Check, ...]
    asserted: int = 0
    ended: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def verified(self) -> bool:
        """Whether nothing failed."""
        return bool(self.checks) and not self.failures

    def with_more(self, checks: Sequence[Check]) -> "Verdicts":
        """The same with further checks."""
        return replace(self, checks=(*self.checks, *checks))

    @property
    def failures(self) -> tuple[Check, ...]:
        """What failed."""
        return tuple(c for c in self.checks if not c.passed)

    @property
    def time(self) -> str:
        """Whose word the records' times are: "witness" for all of them, or "operator" for some."""
        return "operator" if self.asserted else "witness"
