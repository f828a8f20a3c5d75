"""`python -m bench`: measure, show a table, and write JSON and the document when asked to."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import machine, table
from bench.run import NAMES, run
from fixgate.cli.progress import shown
from fixgate.errors import FixgateError

DOCUMENT: Final = machine.ROOT / "docs" / "benchmarks.md"
EXIT_INTERRUPTED: Final = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when it was measured, goals met or not; 130 when it was interrupted; else the error's."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as JSON")
    parser.add_argument("--quick", action="store_true", help="few records, one round: does it run at all")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--write-docs", action="store_true", help=f"put the results into {DOCUMENT.name}")
    options = parser.parse_args(arguments)
    # Whoever stops it with a signal wants the broker gone too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with shown() as progress:
            report = run(options.only, quick=options.quick, progress=progress)
        table.show(report, sys.stdout)
        if options.json is not None:
            options.json.write_text(report.model_dump_json(indent=2) + "\n")
        if options.write_docs:
            table.write_docs(report, DOCUMENT)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; everything that was started has been stopped\n")
        return EXIT_INTERRUPTED
    except FixgateError as error:
        sys.stderr.write(f"error: {error.message}\n  {error.remedy}".rstrip() + "\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
