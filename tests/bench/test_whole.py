"""The whole stack's bench: what becomes of reports, and what it says of them; nothing is timed here."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bench import table
from bench.report import Figure, Goal, Unit
from bench.whole import cases, company, figures, rehearsals, works
from bench.whole.chains import Chains, percentile
from bench.whole.load import Usage
from bench.whole.works import Measured
from fixgate.changes.catalogue import CATALOGUE
from fixgate.codec import Codec
from fixgate.demo.reports import ACCOUNT
from fixgate.events import Assessment, Decision, Envelope, Proposal, Verdict
from fixgate.events import Result as Ended
from fixgate.local.account.acme import ADMINISTRATOR
from fixgate.local.process import Program, module
from fixgate.reports.report import read
from fixgate.signing import digest
from fixgate.verbs import Received
from tests.chains import assessed, decided, outcome, proposed
from tests.samples import finding
from tests.services_world import ServicesWorld

START = datetime(2026, 1, 1, tzinfo=UTC)
CODEC = Codec()
FITS, ELSE = digest(b"a report that a template fits"), digest(b"another report")


def chain(folder: Path, verdict: Verdict = Verdict.ALLOWED, report: str = FITS) -> list[Received]:
    """From a report's finding to its outcome, each record 10, 20, 30… ms after the one before it."""
    world = ServicesWorld(folder)
    basis = assessed(world)
    proposal = proposed(world, basis)
    decision = decided(world, proposal, verdict=verdict)
    made: list[Any] = [
        finding(),
        CODEC.decode(basis.value, Assessment),
        CODEC.decode(proposal.value, Proposal),
        CODEC.decode(decision.value, Decision),
        outcome(world, result=Ended.DONE, decision=decision),
    ]
    found: list[Received] = []
    parent, at = report, START
    for number, record in enumerate(made, 1):
        at += timedelta(milliseconds=10 * number)
        name = digest(f"{report}/{number}".encode())
        enveloped = replace(record, envelope=Envelope(trace_id="0" * 32, parents=(parent,)))
        found.append(
            Received(
                topic="",
                partition=0,
                offset=0,
                key=None,
                record=enveloped,
                digest=name,
                appended_at=at,
                signer="",
                signed=None,
                source="",
                trace_id="",
            )
        )
        parent = name
    return found


def chains(records: Iterable[Received], changes: int = 0) -> Chains:
    """Two reports at the beginning, and what came."""
    made = Chains({FITS: START.timestamp(), ELSE: START.timestamp()}, changes)
    made.add(records)
    return made


def test_records_of_other_reports_count_for_nothing(tmp_path: Path) -> None:
    """Nor do those whose beginning nobody has seen."""
    made = chains(chain(tmp_path, report=digest(b"somebody else's")))
    made.add(chain(tmp_path)[1:])
    assert not made.until("assessment")
    assert not made.settled


def test_a_load_is_not_over_before_every_end(tmp_path: Path) -> None:
    """Each report needs its assessment, each change that was allowed its outcome, each target its decision."""
    records, other = chain(tmp_path), chain(tmp_path, report=ELSE)[:2]
    assert not chains(records).settled
    assert not chains([*records[:4], *other]).settled
    assert not chains([*records[:2], *other], changes=1).settled
    assert chains([*records, *other], changes=1).settled
    assert chains([*chain(tmp_path, Verdict.REFUSED)[:4], *other], changes=1).settled


def test_steps_are_timed_in_whatever_order_they_are_read(tmp_path: Path) -> None:
    """One by one from the last to the first, too."""
    made = chains(())
    for record in [*reversed(chain(tmp_path)), *chain(tmp_path, report=ELSE)[:2]]:
        made.add([record])
    assert made.until("decision") == [pytest.approx(0.1)]
    assert made.ended_with("assessment") == [pytest.approx(0.03)]
    hops = {step: spent for step, (spent,) in made.hops().items()}
    assert hops == pytest.approx(
        {"finding": 0.01, "assessment": 0.02, "proposal": 0.03, "decision": 0.04, "outcome": 0.05}, abs=1e-6
    )


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """And of nothing there is none."""
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([3.0], 0.99) == 3.0


def measured(folder: Path, rate: float = 100.0, *, asked: bool = True) -> Measured:
    """A load of two findings, as it might have gone."""
    records = [*chain(folder), *chain(folder, report=ELSE)[:2]]
    return Measured(
        rate=rate,
        asked=asked,
        findings=2,
        changes=1,
        chains=chains(records),
        usage={"gate": Usage(cpu=0.1, memory=100), "broker": Usage(cpu=0.3, memory=400)},
        memory=2100,
        seconds=3,
        late=0.001,
        load=0.5,
    )


def test_a_figure_is_held_to_one_thing() -> None:
    """A ratio to another, or a limit of its own."""
    with pytest.raises(ValueError, match="not to both"):
        Figure(
            section="",
            name="",
            meaning="",
            unit=Unit.SECONDS,
            value=1,
            baseline="x",
            ratio=1,
            goal=Goal(of="x", ratio=1),
            limit=1,
        )


def test_limits_are_kept_or_missed(tmp_path: Path) -> None:
    """Only the load that has a goal is held to it."""
    found = {figure.name: figure for figure in figures.load(measured(tmp_path))}
    assert found["at 100/s, people asked: report to decision, p99"].verdict == "met, 75% below"
    assert found["at 100/s, people asked: report to assessment, p50"].met is None
    assert all(figure.met is None for figure in figures.load(measured(tmp_path, asked=False)))
    assert all(figure.met is None for figure in figures.load(measured(tmp_path, rate=500)))
    held = figures.memory([measured(tmp_path)])
    assert (held.met, held.verdict) == (False, "missed, 1.0 times as much")
    assert [figure.met for figure in figures.leaks([0.5, 1.0, 3.0])] == [True, False]


def test_the_profile_says_whose_time_it_is(tmp_path: Path) -> None:
    """Services by the time between records, programs by their processors, functions by name; the start is left out."""
    assert [figure.name.removesuffix(", p50") for figure in figures.hops(measured(tmp_path))][::2] == [
        "ingest",
        "analyzer",
        "proposer",
        "gate",
        "issuer and executor",
    ]
    first, second = figures.programs(measured(tmp_path))
    assert first.name == "broker"
    assert (first.ratio, second.value) == pytest.approx((0.75, 50))
    within = {"services/gate/decide.py:Judge": 2.0, "fixgate/process.py:run": 4.0, "python3.11/json.py:loads": 1.0}
    (shown,) = figures.functions("gate", {"own": {"python3.11/json.py:loads": 4.0}, "within": within})
    assert (shown.value, shown.ratio, "Judge" in shown.meaning) == (2.0, 0.5, True)


def test_the_table_shows_limits_and_small_units(tmp_path: Path) -> None:
    """With their units, as the goals of ratios are shown."""
    cells = [table.row(figure) for figure in figures.load(measured(tmp_path))]
    assert cells[1][1:6] == ("100.0 ms", "", "", "≤ 400 ms", "met, 75% below")
    assert table.row(figures.programs(measured(tmp_path))[0])[1] == "150.00 ms/finding"
    (said,) = cases.remarks([measured(tmp_path)])
    assert "2 findings at 100/s, 1 of them to ask people about" in said
    assert "1 of them changes" in cases.remarks([measured(tmp_path, asked=False)])[0]


def test_every_report_is_one_finding_of_another_problem() -> None:
    """Of the company's targets one each, and as many as one likes that nothing is on offer for."""
    some = company.company(buckets=2, users=2, production=2)
    reports = [
        *islice(company.harmless(), 3),
        *map(company.public_bucket, (*some.buckets, *some.production)),
        *(company.leaked_key(user, f"AKIA{user[-4:]:A>16}") for user in some.users),
    ]
    assert len({report.value for report in reports}) == len(reports)
    assert [len(read(report.value).findings) for report in reports] == [1] * len(reports)


def test_the_account_holds_what_people_vouch_for() -> None:
    """Every target once, and somebody who may look."""
    some = company.company(buckets=2, users=3)
    scenario = some.scenario("bench.test")
    names = {user.name for user in scenario.users}
    assert names == {ADMINISTRATOR, *some.users}
    assert {bucket.name for bucket in scenario.buckets} == set(some.buckets)
    vouched = some.vouched(ACCOUNT, "", START)
    assert [statement.asset_id for statement in vouched] == list(some.lock_keys)
    assert {statement.kind for statement in vouched} == {"aws.iam.user", "aws.s3.bucket"}


def test_only_our_programs_are_sampled(tmp_path: Path) -> None:
    """The broker is no Python, and the account is no part of the product."""
    account = Program(name="account", command=module("fixgate.local.account", "folder"))
    assert works.sampled(account, tmp_path) is account
    gate = works.sampled(Program(name="gate", command=module("services.gate")), tmp_path)
    assert gate.command[2:] == (works.SAMPLED, str(tmp_path / "gate.json"), "services.gate")


@pytest.mark.parametrize("name", sorted(CATALOGUE.templates))
def test_rehearsals_are_measured_on_an_example_that_works(name: str) -> None:
    """Each by the clock and by the processor."""
    spent = rehearsals.measured(CATALOGUE.templates[name], 2)
    assert {len(values) for values in spent.values()} == {2}
    shown = figures.rehearsals({name: spent})
    assert [figure.limit for figure in shown] == [40.0, None]
