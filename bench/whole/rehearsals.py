"""`python -m bench.whole.rehearsals COUNT`: rehearsals in a warm worker, one template after the other."""

import json
import sys
import time
from typing import Final

from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.offers import Template
from fixgate.changes.rehearsal import rehearse
from fixgate.changes.samples import AT, sample
from fixgate.changes.template import case_of

WARM: Final = 5


def measured(template: Template, count: int) -> dict[str, list[float]]:
    """Seconds by the clock and of the processor of each of so many rehearsals; raises ValueError for one that fails."""
    assessment = sample(template)
    case = case_of(assessment)
    offered = CATALOGUE.offers(assessment).of(template.reference.id)
    if case is None or offered is None:
        raise ValueError(f"{template.reference.id} does not fit its own example")
    slots = {name: offers[0].value for name, offers in offered.slots.items()}
    plan = CATALOGUE.plan(assessment, template.reference.id, slots)
    wall: list[float] = []
    cpu: list[float] = []
    for number in range(WARM + count):
        began = time.perf_counter(), time.process_time()
        shown = rehearse(template, plan, case.projection, AT)
        if not shown.validated:
            raise ValueError(f"the rehearsal of {template.reference.id} failed: {shown.detail}")
        if number >= WARM:
            wall.append(time.perf_counter() - began[0])
            cpu.append(time.process_time() - began[1])
    return {"wall": wall, "cpu": cpu}


def main(count: int) -> None:
    """Measure, and say it in one line of JSON."""
    found = {name: measured(template, count) for name, template in sorted(CATALOGUE.templates.items())}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
