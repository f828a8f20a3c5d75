"""What `fixgate publish` does with a report that no message holds: seals it, stores it, and refers to it."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fixgate.errors import Misconfigured, Refused

if TYPE_CHECKING:
    from fixgate.segments import Manifest
    from fixgate.settings import Settings

_BLOCK = 1024 * 1024


class Storing:
    """Puts large reports where ingest finds them; raises Misconfigured when it is not known where, or for which key."""

    def __init__(self, settings: "Settings") -> None:
        from fixgate.local.home import Home  # noqa: PLC0415 - slow to import
        from fixgate.objects import open_objects  # noqa: PLC0415 - slow to import
        from fixgate.sealing import load_seal  # noqa: PLC0415 - slow to import

        own = Home(settings.home).intake
        if not settings.intake_key and not own.exists():
            raise Misconfigured(
                "the report is too large for a message, and there is no key to seal it for ingest",
                remedy="Set FIXGATE_INTAKE_KEY to the public half of the deployment's intake key.",
            )
        if settings.intake_key and not settings.objects:
            raise Misconfigured(
                "the report is too large for a message, and there is no object store to put it into",
                remedy="Set FIXGATE_OBJECTS to the store that ingest reads: a folder, or s3://bucket/prefix.",
            )
        self._seal = load_seal(Path(settings.intake_key) if settings.intake_key else own)
        self._store = open_objects(settings.objects, settings.home)

    def store(self, name: str, report: BinaryIO, size: int) -> "Manifest":
        """The report's manifest, once all of it is durable; shows how far it is. Raises Refused, Transient."""
        from fixgate.cli.progress import shown  # noqa: PLC0415 - slow to import
        from fixgate.local.progress import Step  # noqa: PLC0415 - slow to import
        from fixgate.segments import Purpose, store  # noqa: PLC0415 - slow to import

        done = 0

        with shown() as tell:

            def stored(more: int) -> None:
                nonlocal done
                done += more
                tell(Step(f"store {Path(name).name}", min(done, size), size, f"of {size} bytes"))

            stored(0)
            return store(report, self._store, self._seal, Purpose.INTAKE, stored)


def spooled(begun: bytes, limit: int) -> tuple[BinaryIO, int]:
    """Standard input, of which `begun` was read, as a file that no folder holds, and its size; raises Refused.

    Large standard input is read twice, like a file: what is sealed is bound to the digest of the whole.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked for it closes it
    size = file.write(begun)
    while size <= limit and (block := sys.stdin.buffer.read(_BLOCK)):
        size += file.write(block)
    if size > limit:
        file.close()
        raise too_large("standard input", f"more than {limit}", limit)
    return file, size


def too_large(name: str, size: str, limit: int) -> Refused:
    """The refusal of what is over the limit for stored reports too."""
    return Refused(
        f"{name} is too large: {size} bytes, where {limit} are taken",
        remedy="Raise FIXGATE_REPORT_LIMIT here and at ingest, or split the report by repository or account.",
    )
