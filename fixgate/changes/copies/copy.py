"""What a copy is to a rehearsal."""

from collections.abc import Callable
from dataclasses import dataclass

from fixgate.changes.template import Stage
from fixgate.resources.reading import Projection


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a target. `name` is its engine and version.

    `mapped` turns a projection of the copy into one of the target, where the copy cannot have the same ids.
    """

    name: str
    stage: Stage
    mapped: Callable[[Projection], Projection]
