"""How verification is told to people: a line for each record, failures in full, and whose word its times are."""

import sys
from collections.abc import Iterator, Sequence

from fixgate.people.view import safe
from fixgate.provenance.checks import Check, Verdicts

QUIET = frozenset({"leaf", "bytes", "time", "parents", "chain"})
"""Steps whose words are left out of a record's line when they passed."""
_DIGITS = 12


def lines(verdicts: Verdicts, *, verbose: bool) -> Iterator[str]:
    """The lines to print. Whatever the evidence says stands there escaped: it may come from anybody."""
    good, bad = marks()
    by_record: dict[str, list[Check]] = {}
    for check in verdicts.checks:
        by_record.setdefault(check.record, []).append(check)
    for name, checks in by_record.items():
        passed = all(c.passed for c in checks)
        words = "; ".join(_short(c) for c in checks if c.passed and c.step not in QUIET)
        short = name.removeprefix("sha256:")[:_DIGITS]
        yield safe(f"{good if passed else bad} {checks[0].kind:10} {short:12}  {words}").rstrip()
        for check in checks:
            if verbose or not check.passed:
                mark = "ok" if check.passed else "FAILED"
                yield safe(f"    {mark:6} {check.step:10} {check.words}")


def _short(check: Check) -> str:
    """A writer by its name alone: the whole one stands among the checks."""
    return f"by {check.words.rpartition('/')[2]}" if check.step == "signature" else check.words


def summary(verdicts: Verdicts, witnesses: Sequence[str]) -> str:
    """The last line: verified or not, what became of it, and by whose time."""
    if not verdicts.verified:
        failed = len(verdicts.failures)
        return f"NOT verified: {failed} of {len(verdicts.checks)} checks failed"
    ended = ", ".join(f"{count} {word}" for word, count in verdicts.ended.items()) or "nothing was decided"
    records = len({c.record for c in verdicts.checks if c.record})
    if verdicts.asserted:
        time = f"time asserted by the operator for {verdicts.asserted} of them"
    else:
        time = f"time by the witness {safe(' or '.join(witnesses))}"
    return f"verified: {records} records ({ended}); {time}"


def marks() -> tuple[str, str]:
    """A tick and a cross, where the output can show them."""
    try:
        "✓✗".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "ok ", "NOT"
    return "✓", "✗"
