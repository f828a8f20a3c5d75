"""Copies of targets in memory, for rehearsals: one maker per kind of target, a context manager each."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from fixgate import targets
from fixgate.changes.copies.account import copied_bucket, copied_user
from fixgate.changes.copies.copy import Copy
from fixgate.changes.copies.repository import copied_repository
from fixgate.events import Resource
from fixgate.resources.reading import Projection

__all__ = ["COPIES", "Copy"]

COPIES: Final[Mapping[str, Callable[[Resource, Projection, datetime], AbstractContextManager[Copy]]]] = {
    targets.ACCESS_KEY: copied_user,
    targets.BUCKET: copied_bucket,
    targets.WORKFLOW: copied_repository,
}
