"""`python -m fixgate.local.fetch`: bring what the embedded broker needs onto this machine, and start nothing."""

import sys

from fixgate.errors import FixgateError
from fixgate.local import jars, java
from fixgate.local.progress import Step
from fixgate.settings import load


def main() -> int:
    """Fetch and verify; 0 when everything is there."""
    try:
        cache = load().cache_dir
        java.ensure(cache, report=_said)
        jars.ensure(cache, report=_said)
    except FixgateError as error:
        print(f"error: {error.message}\n  {error.remedy}".rstrip(), file=sys.stderr)  # noqa: T201 - a command
        return error.exit_code
    return 0


def _said(step: Step) -> None:
    if step.total and step.done == step.total:
        print(f"{step.name}: ready", flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
