"""What a scanner says in lists that no adapter reads: it must not look like nothing found."""

from collections.abc import Container, Iterator, Mapping

from fixgate.reports.adapter import Remark
from fixgate.reports.fields import sequence


def unread(fields: Mapping[str, object], known: Container[str], tool: str) -> Iterator[Remark]:
    """A remark when an object that holds results has lists by other names than these."""
    if any(name not in known and sequence(value) for name, value in fields.items()):
        yield Remark(f"there are lists that are not read: {tool} may say more than what is counted")
