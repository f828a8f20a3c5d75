"""What a request says of its report besides the body: the format, the repository, the delivery, a trace.

Headers of senders are their word, checked against what their source may say.
"""

import re
from dataclasses import dataclass
from typing import Final

from fixgate.receiving.declining import Declined
from fixgate.receiving.senders import Shown
from fixgate.receiving.sources import GithubSource, Source
from fixgate.telemetry.context import TraceContext, parse_traceparent

GITHUB_PING: Final = "ping"
GITHUB_ALERTS: Final = frozenset({"code_scanning_alert", "dependabot_alert", "secret_scanning_alert"})
"""The events of GitHub's webhooks that are findings."""
FORMAT: Final = "fixgate-format"
REPOSITORY: Final = "fixgate-repository"
DELIVERY: Final = "fixgate-delivery"
_FORMAT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REPOSITORY: Final = re.compile(r"[!-~]{1,1000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What is said; empty where nothing is. `event` is GitHub's."""

    form: str
    repository: str
    delivery: str
    event: str
    parent: TraceContext | None


def stated(source: Source, shown: Shown) -> Stated:
    """What the headers say; raises Declined (400, 415) when they cannot be, or say what the source may not."""
    github = isinstance(source, GithubSource)
    if github and _one(shown, "content-type").partition(";")[0].strip().lower() != "application/json":
        raise Declined(415, "set the webhook's content type to application/json")
    if github and shown.getlist("content-encoding"):
        raise Declined(415, "a signed body has no encoding")
    parent = _one(shown, "traceparent")
    return Stated(
        form=_form(source, _one(shown, FORMAT)),
        repository=_repository(source, _one(shown, REPOSITORY)),
        delivery=_one(shown, "x-github-delivery" if github else DELIVERY),
        event=_one(shown, "x-github-event") if github else "",
        parent=parse_traceparent(parent) if parent else None,
    )


def check_event(said: Stated) -> None:
    """Raise Declined (422) unless GitHub tells of an alert."""
    if said.event not in GITHUB_ALERTS:
        raise Declined(422, f"only alerts are taken: {', '.join(sorted(GITHUB_ALERTS))}")


def _one(shown: Shown, name: str) -> str:
    values = shown.getlist(name)
    if len(values) > 1:
        raise Declined(400, f"the header {name} is there more than once")
    return values[0].strip() if values else ""


def _form(source: Source, said: str) -> str:
    if said and not _FORMAT.fullmatch(said):
        raise Declined(400, f"the header {FORMAT} is no format's name")
    if not source.formats:
        return said
    if not said and len(source.formats) == 1:
        return source.formats[0]
    if not said:
        raise Declined(400, f"the header {FORMAT} must say which of its formats this is")
    if said not in source.formats:
        raise Declined(415, "the source may not send that format")
    return said


def _repository(source: Source, said: str) -> str:
    if said and not _REPOSITORY.fullmatch(said):
        raise Declined(400, f"the header {REPOSITORY} is no clone address")
    if source.repository is not None and said not in ("", source.repository):
        raise Declined(400, "the source belongs to another repository")
    return source.repository or said
