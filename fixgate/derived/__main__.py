"""`python -m fixgate.derived [--check]`: write what is derived from the topology, or compare and exit 1 with a diff."""

import argparse
import difflib
import sys

from fixgate.derived.files import ROOT, expected
from fixgate.errors import EXIT_REFUSED, FixgateError


def main(arguments: list[str]) -> int:
    """Exit code 0 when everything is as it should be, 1 when `--check` found a difference, 2 for a broken document."""
    parser = argparse.ArgumentParser(prog="python -m fixgate.derived", description="Generate from fixgate/topology.py.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 with a diff when something differs")
    check: bool = parser.parse_args(arguments).check
    try:
        files = expected()
    except FixgateError as error:
        sys.stderr.write(f"{error.message} {error.remedy}".strip() + "\n")
        return error.exit_code
    wrong = 0
    for path, text in files.items():
        present = path.read_text(encoding="utf-8") if path.exists() else ""
        if present == text:
            continue
        wrong += 1
        name = str(path.relative_to(ROOT))
        if check:
            lines = (present.splitlines(keepends=True), text.splitlines(keepends=True))
            sys.stdout.writelines(difflib.unified_diff(*lines, name, f"{name} (generated)"))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}\n")
    return EXIT_REFUSED if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
