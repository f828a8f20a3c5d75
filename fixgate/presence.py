"""What a service's process says of itself on its machine: which shards it has, in one small file beside its state.

For people and for whoever waits until a stack is ready. Nothing is decided by it: ownership is the group's word.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Presence:
    """The file of one slot of a service in a state folder."""

    folder: Path
    service: str
    slot: int = 0

    @property
    def path(self) -> Path:
        """Where it stands."""
        return self.folder / f"{self.service}.{self.slot}.shards"

    def tell(self, shards: Iterable[int]) -> None:
        """This process has these shards now. A disk that takes nothing is no reason to stop: then nobody is told."""
        beside = self.path.with_suffix(".shards.new")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps({"pid": os.getpid(), "shards": sorted(shards)}))
            beside.replace(self.path)

    def shards(self, pid: int) -> tuple[int, ...]:
        """The shards that the process `pid` has said it has; empty when it has said nothing yet."""
        try:
            said = json.loads(self.path.read_text())
            return tuple(map(int, said["shards"])) if said["pid"] == pid else ()
        except (OSError, ValueError, KeyError, TypeError):
            return ()
