"""A report for people: tables on a terminal, lines elsewhere, Markdown for the documents."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table

from bench.report import Figure, Machine, Report, Unit
from fixgate.errors import Misconfigured

COLUMNS: Final = ("figure", "value", "processor", "ratio", "goal", "verdict", "what it is")
NUMBERS: Final = frozenset({"value", "processor", "ratio", "goal"})
BEGIN: Final = "<!-- results: written by `python -m bench --write-docs` -->"
END: Final = "<!-- end of results -->"


def row(figure: Figure) -> tuple[str, ...]:
    """A figure's cells, in the order of `COLUMNS`."""
    return (
        figure.name,
        _value(figure),
        "" if figure.cpu_us is None else f"{figure.cpu_us:.0f} µs/record",
        "" if figure.ratio is None else f"{figure.ratio:.1%} of {figure.baseline}",
        _goal(figure),
        figure.verdict,
        figure.meaning,
    )


def _goal(figure: Figure) -> str:
    if figure.limit is not None:
        return f"≤ {figure.limit:,.0f} {figure.unit}"
    return "" if figure.goal is None else f"≥ {figure.goal.ratio:.0%}"


def _value(figure: Figure) -> str:
    match figure.unit:
        case Unit.RATE:
            return f"{figure.value:,.0f} {figure.unit}"
        case Unit.MEBIBYTES:
            return f"{figure.value:.0f} {figure.unit}"
        case Unit.SECONDS:
            return f"{figure.value:.2f} {figure.unit}"
        case Unit.MICROSECONDS | Unit.MILLISECONDS | Unit.THROUGHPUT:
            return f"{figure.value:,.1f} {figure.unit}"
        case Unit.PROCESSOR:
            return f"{figure.value:.2f} {figure.unit}"


def show(report: Report, to: TextIO) -> None:
    """Print the report: tables when `to` is a terminal, else lines that a program may cut at tabs."""
    if not to.isatty():
        to.writelines(line + "\n" for line in lines(report))
        return
    console = Console(file=to)
    for section, members in _sections(report):
        table = Table(title=section, title_justify="left")
        for name in COLUMNS:
            table.add_column(name, justify="right" if name in NUMBERS else "left")
        for figure in members:
            table.add_row(*row(figure), style=_style(figure))
        console.print(table)
    for line in _about(report):
        console.print(line, highlight=False)


def _style(figure: Figure) -> str:
    return {None: "", True: "green", False: "yellow"}[figure.met]


def lines(report: Report) -> Iterator[str]:
    """The report as plain lines."""
    for section, members in _sections(report):
        yield f"# {section}"
        for figure in members:
            yield "\t".join(cell for cell in row(figure) if cell)
    yield from _about(report)


def markdown(report: Report) -> str:
    """The report as Markdown."""
    parts: list[str] = []
    for section, members in _sections(report):
        used = [i for i in range(len(COLUMNS)) if any(row(f)[i] for f in members)]
        parts += [f"### {section}", "", _line([COLUMNS[i] for i in used])]
        parts.append(_line(["---:" if COLUMNS[i] in NUMBERS else "---" for i in used]))
        parts += [_line([row(f)[i] for i in used]) for f in members]
        parts.append("")
    return "\n".join([*parts, *(f"- {line}" for line in _about(report))])


def write_docs(report: Report, path: Path) -> None:
    """Put the results between the marks in the document; raises Misconfigured when they are not there."""
    text = path.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise Misconfigured(f"{path} has no place for results", remedy=f"Put `{BEGIN}` and `{END}` into it.")
    path.write_text(f"{head}{BEGIN}\n\n{markdown(report)}\n\n{END}{tail}")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _sections(report: Report) -> Iterator[tuple[str, list[Figure]]]:
    for section, members in groupby(report.figures, lambda f: f.section):
        yield section, list(members)


def _about(report: Report) -> Iterator[str]:
    kind = "quick look, no measurement" if report.quick else "full run"
    yield f"{kind} of {report.begun_at:%Y-%m-%d %H:%M} UTC, {report.seconds:.0f} s"
    yield from _machine(report.machine)
    yield from report.remarks


def _machine(machine: Machine) -> Iterator[str]:
    yield f"{machine.cpu}, {machine.cores} cores, {machine.memory_mib} MiB, {machine.system}"
    yield f"one-minute load before the run: {machine.load_before}"
    versions = f"Python {machine.python}, Kafka {machine.kafka}, confluent-kafka {machine.confluent_kafka}"
    neighbour = f", quixstreams {machine.quixstreams}" if machine.quixstreams else ""
    yield f"{versions}, librdkafka {machine.librdkafka}{neighbour}, commit {machine.commit}"
