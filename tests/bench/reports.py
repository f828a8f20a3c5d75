"""A report as a run would make it, with a goal that is met and one that is missed."""

from datetime import UTC, datetime

from bench.report import Figure, Goal, Machine, Report, Unit

MACHINE = Machine(
    cpu="A CPU",
    cores=2,
    memory_mib=4096,
    load_before=0.5,
    system="Linux",
    python="3.11.7",
    kafka="4.3.1",
    confluent_kafka="2.16.1",
    librdkafka="2.16.0",
    commit="0123456789ab",
)
BASELINE = Figure(
    section="Handing records on", name="baseline", meaning="a loop", unit=Unit.RATE, value=30_000, cpu_us=10
)
MET = Figure(
    section="Handing records on",
    name="relay-bare",
    meaning="the runtime",
    unit=Unit.RATE,
    value=18_000,
    baseline="baseline",
    ratio=0.6,
    goal=Goal(of="baseline", ratio=0.5),
)
MISSED = MET.model_copy(update={"name": "relay", "value": 3_000, "ratio": 0.15, "goal": Goal(of="baseline", ratio=0.2)})
STARTED = Figure(section="Start", name="start of stack", meaning="all of it", unit=Unit.SECONDS, value=6.789)
REPORT = Report(
    begun_at=datetime(2026, 1, 1, tzinfo=UTC),
    seconds=1,
    quick=True,
    machine=MACHINE,
    figures=(BASELINE, MET, MISSED, STARTED),
    remarks=("without quixstreams: no network",),
)
