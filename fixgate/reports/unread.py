"""What a scanner says that no adapter reads, or that is not in the report: it must not look like nothing found."""

from collections.abc import Container, Iterator, Mapping

from fixgate.reports.adapter import Remark
from fixgate.reports.fields import mapping, sequence


def unread(fields: Mapping[str, object], known: Container[str], tool: str) -> Iterator[Remark]:
    """A remark when an object that holds results has lists by other names than these."""
    if any(name not in known and sequence(value) for name, value in fields.items()):
        yield Remark(f"there are lists that are not read: {tool} may say more than what is counted")


def unlisted(stated: int, listed: int, tool: str) -> Iterator[Remark]:
    """A remark when a report states that there are more results than it lists."""
    if stated > listed:
        yield Remark(f"the report says that {tool} found more than it lists")


def total(value: object, *names: str) -> int:
    """The sum of the counts that an object has under these names; what is no count counts nothing."""
    fields = mapping(value)
    if fields is None:
        return 0
    counts = (fields.get(name) for name in names)
    return sum(n for n in counts if isinstance(n, int) and not isinstance(n, bool) and n > 0)
