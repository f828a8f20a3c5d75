"""`python -m fixgate.local.authority FOLDER`: the development identity authority as a process of its own."""

import asyncio
import logging
import sys
from pathlib import Path

from fixgate.errors import EXIT_USAGE, FixgateError
from fixgate.local.authority.server import Server


def main(arguments: list[str]) -> int:
    """Serve until told to stop; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if len(arguments) != 1:
        sys.stderr.write(f"usage: python -m {__package__} FOLDER\n")
        return EXIT_USAGE
    try:
        asyncio.run(_serve(Path(arguments[0])))
    except FixgateError as error:
        sys.stderr.write(f"error: {error.message}\n  {error.remedy}\n")
        return error.exit_code
    return 0


async def _serve(folder: Path) -> None:
    await Server(folder).serve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
