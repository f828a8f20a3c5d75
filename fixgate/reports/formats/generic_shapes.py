"""The names that a generic report has for what stands in a result."""

from typing import Final

from fixgate.reports.fields import Count, Shape, some, word

Text = str | int | None
"""Tools write names as numbers, too."""
Texts = list[str] | str | None
Time = str | int | float | None
NUMBERS: Final = frozenset({"line", "end_line", "column", "end_column"})


class Result(Shape):
    """Every name that the format has."""

    id: Text = None
    rule: Text = None
    rule_name: Text = None
    title: Text = None
    description: Text = None
    severity: Text = None
    score: float | None = None
    confidence: Text = None
    status: Text = None
    aliases: Texts = None
    path: Text = None
    line: Count | None = None
    end_line: Count | None = None
    column: Count | None = None
    end_column: Count | None = None
    snippet: Text = None
    resource: Text = None
    resource_kind: Text = None
    account: Text = None
    region: Text = None
    repository: Text = None
    commit: Text = None
    package: Text = None
    package_manager: Text = None
    package_version: Text = None
    fixed_versions: Texts = None
    identity: Text = None
    identity_kind: Text = None
    secret: Text = None
    secret_kind: Text = None
    links: Texts = None
    first_seen: Time = None
    last_seen: Time = None


NAMES: Final = frozenset(Result.__struct_fields__)
"""What a mapping, words and constants may name."""


def text_of(value: Text) -> str | None:
    """The word that a tool wrote as a text or as a number."""
    return word(str(value)) if value is not None else None


def words_of(value: Texts) -> tuple[str, ...]:
    """The words of a list, or the one that stands in its place."""
    if not value:
        return ()
    return some((value,) if isinstance(value, str) else value)
