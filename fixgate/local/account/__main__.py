"""`python -m fixgate.local.account FOLDER`: the emulated account as a process of its own."""

import logging
import sys
from pathlib import Path

from fixgate.errors import EXIT_UNABLE, EXIT_USAGE, FixgateError


def main(arguments: list[str]) -> int:
    """Serve until told to stop; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if len(arguments) != 1:
        sys.stderr.write(f"usage: python -m {__package__} FOLDER\n")
        return EXIT_USAGE
    # Imported here: it brings moto with it.
    from fixgate.local.account.server import Account  # noqa: PLC0415 - see above

    try:
        Account(Path(arguments[0])).serve()
    except FixgateError as error:
        sys.stderr.write(f"error: {error.message}\n  {error.remedy}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"error: {error.strerror or error}\n")
        return EXIT_UNABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
