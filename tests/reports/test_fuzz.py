"""Broken reports of every format: each is refused, or counted and encodable; the same whether it is held or walked.

A few thousand in the ordinary run; as many as `FIXGATE_TEST_FUZZ` says in `make fuzz`, which also finds what takes
too long and what keeps memory.
"""

import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest

from fixgate.errors import Poison, Reason
from fixgate.reports import spans
from fixgate.reports.adapter import Hints
from fixgate.reports.findings import findings
from fixgate.reports.opening import EAGER
from fixgate.reports.report import Report, read
from tests.reports.making import KEY, ORIGIN, encoded
from tests.reports.mutations import Input, made

FEW: Final = 3_000
SEED: Final = 20260301
ASKED: Final = os.environ.get("FIXGATE_TEST_FUZZ", "")
LARGEST: Final = 900 * 1024
LONGEST: Final = 1.0
"""Seconds of the processor for one report at most; the clock on the wall says how busy the machine is."""
GROWTH: Final = 64 * 1024 * 1024
"""Bytes that the process may have more after all reports than after the first tenth of them."""
WALKED: Final = 4
"""Of so many reports one is also read as a long one is: walked, not held."""
LONG: Final = 1_000
"""Bytes of an array that is walked then."""
KEPT: Final = 20


class Hang(BaseException):
    """A report takes too long; no `except Exception` may swallow it."""


@dataclass(slots=True)
class Seen:
    """What became of the reports."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])

    def fail(self, given: Input, error: BaseException) -> None:
        """Keep what failed, by its number."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        self.failures.append(
            f"number {given.number} of {given.format}: {type(error).__name__} at {where}: {error!s:.200}"
        )


def attempt(given: Input, eager: int = EAGER) -> tuple[Report | None, Reason | None]:
    """The report, or why there is none."""
    try:
        return read(given.data, Hints(format=given.format if given.named else ""), eager=eager), None
    except Poison as fault:
        return None, fault.reason


def prints(report: Report) -> tuple[object, ...]:
    """What must be the same however it was read."""
    counts = report.suppressed, report.passed, report.repeated, report.unusable, report.scan, report.format
    return (*counts, sorted(told.fingerprint for told in report.findings))


def check(given: Input) -> str:
    """Read it in every way; how it went, in a word."""
    report, reason = attempt(given)
    assert reason in {None, Reason.INVALID, Reason.OVERSIZED}
    if report is not None:
        made_of = tuple(findings(report, KEY, ORIGIN))
        assert len(made_of) + report.suppressed + report.passed + report.repeated + report.unusable == report.results
        for finding in made_of:
            assert len(encoded(finding)) < LARGEST
    if given.number % WALKED == 0:
        with patch.object(spans, "LONG", LONG):
            walked, reason = attempt(given, eager=0)
            assert reason in {None, Reason.INVALID, Reason.OVERSIZED}
        # Of long ones, more is rejected alone and less is taken: no text beside the JSON, no second value on a line,
        # no long array in a place where a result has one.
        if report is not None and walked is not None:
            assert walked.results == report.results
            assert walked.unusable > report.unusable or prints(walked) == prints(report), (
                "it is read otherwise when it is walked"
            )
    return "refused" if report is None else f"read: {report.scan.value}"


def tried(numbers: Iterator[int] | range) -> Seen:
    """All of these, however they go."""
    seen = Seen()
    for number in numbers:
        given = made(SEED, number)
        try:
            seen.outcomes[check(given)] += 1
        except (Exception, Hang) as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            seen.fail(given, error)
            if len(seen.failures) >= KEPT:
                break
    return seen


@contextmanager
def limited() -> Generator[None]:
    """Time for one report at most; the alarm goes off again for the next."""

    def late(_number: int, _frame: object) -> None:
        raise Hang(f"more than {LONGEST} s")

    before = signal.signal(signal.SIGVTALRM, late)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def timed(numbers: range) -> Iterator[int]:
    """Each number with its own time, and a line now and then."""
    every = max(1, numbers.stop // 20)
    for number in numbers:
        if number % every == 0:
            sys.stderr.write(f"fuzz: {number} of {numbers.stop} reports, {held() >> 20} MiB\n")
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
        yield number
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def held() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_broken_report_is_refused_or_counted() -> None:
    """A few thousand of them, of all formats; some of each outcome, or the inputs test nothing."""
    seen = tried(range(FEW))
    assert not seen.failures, "\n".join(seen.failures)
    assert {"refused", "read: findings", "read: failed", "read: clean"} <= seen.outcomes.keys(), seen.outcomes
    assert seen.outcomes["read: findings"] > FEW / 5


def test_an_input_is_made_again_from_its_number() -> None:
    """Whoever mends a failure needs the report."""
    assert [made(SEED, number) for number in range(50)] == [made(SEED, number) for number in range(50)]


@pytest.mark.skipif(not ASKED, reason="make fuzz asks for it")
@pytest.mark.timeout(0)
def test_no_broken_report_hangs_and_none_is_remembered() -> None:
    """As many as were asked for, each within its time, and memory where it was."""
    asked = int(ASKED)
    with limited():
        first = tried(timed(range(asked // 10)))
        before = held()
        rest = tried(timed(range(asked // 10, asked)))
    grown = held() - before
    outcomes = first.outcomes + rest.outcomes
    sys.stderr.write(f"fuzz: {asked} reports, seed {SEED}: {dict(outcomes)}; memory grew by {grown >> 20} MiB\n")
    failures = (*first.failures, *rest.failures)
    assert not failures, "\n".join(failures)
    assert grown < GROWTH
