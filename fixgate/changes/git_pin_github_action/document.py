"""The workflow as a parsed document: a second look, apart from the lines that are changed; pure."""

from collections.abc import Iterator
from typing import Any, Final, cast

import yaml

from fixgate.resources.reading import Unreadable
from fixgate.resources.workflow_text import Use

_MAX_EVENTS: Final = 50_000


def differs_in_uses_alone(old: str, new: str, use: Use, sha: str) -> bool:
    """Whether the documents differ in this action's uses alone: comments and quotes are no part of them.

    Raises Unreadable when one of them cannot be looked at.
    """
    return bool(_replaced(_parsed(old), use, sha) == _parsed(new))


def is_pinned(text: str, use: Use, sha: str) -> bool:
    """Whether the workflow uses the action at that commit at least once, and never at the tag."""
    try:
        used = tuple(_uses(_parsed(text)))
    except Unreadable:
        return False
    refs = {value.partition("@")[2] for value in used if _is_of(value, use)}
    return sha in refs and use.ref not in refs


def _is_of(value: str, use: Use) -> bool:
    named = value.partition("@")[0]
    return named == use.action or named.startswith(use.action + "/")


def _replaced(value: Any, use: Use, sha: str) -> Any:
    match value:
        case dict():
            named = cast(dict[object, object], value)
            return {k: _commit_for(v, use, sha) if k == "uses" else _replaced(v, use, sha) for k, v in named.items()}
        case list():
            return [_replaced(item, use, sha) for item in cast(list[object], value)]
        case _:
            return value


def _commit_for(value: Any, use: Use, sha: str) -> Any:
    if not isinstance(value, str):
        return _replaced(value, use, sha)
    named, _, ref = value.partition("@")
    return f"{named}@{sha}" if _is_of(value, use) and ref == use.ref else value


def _parsed(text: str) -> Any:
    """The document; refuses references within it, for a few lines of them can stand for a million nodes."""
    try:
        for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
            if count > _MAX_EVENTS or isinstance(event, yaml.AliasEvent):
                raise Unreadable("the workflow is too large, or refers to parts of itself")
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Unreadable("the workflow is no YAML") from None


def _uses(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, item in cast(dict[object, object], value).items():
                if name == "uses" and isinstance(item, str):
                    yield item
                else:
                    yield from _uses(item)
        case list():
            for item in cast(list[object], value):
                yield from _uses(item)
        case _:
            return
