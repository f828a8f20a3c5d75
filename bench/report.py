"""What a run reports: figures beside goals, and the machine they were measured on; as JSON, one document."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT: Final = 1


class Unit(StrEnum):
    """What a figure counts."""

    RATE = "records/s"
    THROUGHPUT = "MB/s"
    SECONDS = "s"
    MEBIBYTES = "MiB"
    MICROSECONDS = "µs/record"
    MILLISECONDS = "ms"
    PROCESSOR = "ms/finding"


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(_Document):
    """Where the figures come from."""

    cpu: str
    cores: int = Field(ge=1)
    memory_mib: int = Field(ge=1)
    load_before: float = Field(ge=0, description="Runnable processes, average of the minute before the run.")
    system: str
    python: str
    kafka: str
    confluent_kafka: str
    librdkafka: str
    quixstreams: str | None = None
    commit: str = Field(description="Of this project; ends in '+' when the tree had changes.")


class Goal(_Document):
    """A figure should be at least `ratio` times the figure named `of`, both from one round of one run."""

    of: str
    ratio: float = Field(gt=0)


class Figure(_Document):
    """One measured value: the median of `rounds`; `ratio` is the median of its ratios to the goal's figure."""

    section: str
    name: str
    meaning: str
    unit: Unit
    value: float = Field(ge=0)
    rounds: tuple[float, ...] = ()
    cpu_us: float | None = Field(default=None, ge=0, description="Processor time of the measured process per record.")
    baseline: str | None = Field(default=None, description="The figure that `ratio` compares with.")
    ratio: float | None = Field(default=None, ge=0)
    goal: Goal | None = None
    limit: float | None = Field(default=None, gt=0, description="The value should be at most this, in the same unit.")

    @model_validator(mode="after")
    def _goal_has_ratio(self) -> Self:
        if self.goal is not None and (self.ratio is None or self.baseline != self.goal.of):
            raise ValueError("a goal needs the ratio that it is held to")
        if self.goal is not None and self.limit is not None:
            raise ValueError("a figure is held to a ratio or to a limit, not to both")
        return self

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached, or the limit kept; None where there is neither."""
        if self.limit is not None:
            return self.value <= self.limit
        return None if self.goal is None or self.ratio is None else self.ratio >= self.goal.ratio

    @property
    def verdict(self) -> str:
        """The same in words, with by how much."""
        if self.limit is not None:
            over = self.value / self.limit
            return f"met, {1 - over:.0%} below" if over <= 1 else f"missed, {over:.1f} times as much"
        if self.goal is None or self.ratio is None:
            return ""
        distance = self.ratio / self.goal.ratio
        return f"met, {distance - 1:.0%} above" if distance >= 1 else f"missed by {1 - distance:.0%}"


class Report(_Document):
    """A whole run."""

    format: int = FORMAT
    begun_at: datetime
    seconds: float = Field(ge=0)
    quick: bool = Field(description="Few records: a look whether it runs, not a measurement.")
    machine: Machine
    figures: tuple[Figure, ...]
    remarks: tuple[str, ...] = ()
