"""What discovery found, as the verb is given it."""

from dataclasses import dataclass

from fixgate.events import Resource
from fixgate.resources import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The target and its reading; without a target `why` says why it could not be made out."""

    target: Resource | None = None
    reading: Reading | None = None
    why: str = ""
