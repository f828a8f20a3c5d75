"""GitHub's alerts of code scanning, secret scanning and Dependabot, of its REST API, its webhooks and GraphQL."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from fixgate.reports.adapter import Failed, Hints, Item, Remark
from fixgate.reports.document import Document
from fixgate.reports.fields import LOOKED_AT, first_values, inside, mapping, said, sequence
from fixgate.reports.formats.github_alert_drafts import Code, Dependency, Kind, Secret
from fixgate.reports.formats.github_alert_parts import Envelope

_CONNECTION: Final = "vulnerabilityAlerts"
_CONNECTS: Final = frozenset({"nodes", "edges", "pageInfo", "totalCount"})
"""What a connection has, of which one is enough."""
_GRAPH_DEPTH: Final = 8
"""Levels of a GraphQL answer above its alerts: organisation, repositories, edges, nodes."""
_REFUSED: Final = frozenset({"message", "documentation_url", "status", "errors"})
"""What the REST API answers instead of alerts."""
_LISTS_DEEP: Final = 2
"""A list of alerts, or of pages that are such lists."""


class GitHubAlerts:
    """See the module."""

    name = "github-alerts"

    def recognises(self, document: Document) -> bool:
        """By an alert of one of the three kinds, a GraphQL connection of them, or the API's refusal to list them."""
        return any(
            _kind(envelope) is not None or _is_refusal(envelope.alert)
            for value in first_values(document)
            for _, envelope in islice(_rest("", value), LOOKED_AT)
        ) or any(True for value in first_values(document) for _ in _connections("", value, most=LOOKED_AT))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            found = False
            for place, connection, owner in _connections(pointer, value):
                found = True
                yield from _graph(place, connection, owner, hints)
            if found:
                if sequence(inside(value, "errors")):
                    yield Remark("GitHub's GraphQL answer says that a part of it failed")
            else:
                yield from _alerts(pointer, value, hints)


def _alerts(pointer: str, value: object, hints: Hints) -> Iterator[Item]:
    for place, envelope in _rest(pointer, value):
        if _is_refusal(envelope.alert):
            yield Failed("GitHub refused the request: there is no list of alerts")
        else:
            yield (_kind(envelope) or Code).read(envelope, place, hints)


def _rest(pointer: str, value: object, depth: int = _LISTS_DEEP) -> Iterator[tuple[str, Envelope]]:
    """Each alert with what a webhook says around it."""
    items, fields = sequence(value), mapping(value) or {}
    if items is not None and depth:
        for number, item in enumerate(items):
            yield from _rest(f"{pointer}/{number}", item, depth - 1)
    elif "action" in fields and mapping(fields.get("alert")) is not None:
        yield (
            pointer,
            Envelope(
                alert=fields["alert"],
                action=said(fields["action"]),
                repository=fields.get("repository"),
                location=fields.get("location"),
            ),
        )
    else:
        yield pointer, Envelope(alert=value, repository=fields.get("repository"))


def _kind(envelope: Envelope) -> Kind | None:
    fields = (mapping(envelope.alert) or {}).keys()
    if {"rule", "tool", "number"} <= fields and {"most_recent_instance", "instances", "instances_url"} & fields:
        return Code
    if {"secret_type", "number"} <= fields and {"locations_url", "html_url", "resolution", "state"} & fields:
        return Secret
    if "number" in fields and {"security_advisory", "security_vulnerability"} & fields:
        return Dependency
    if {"affected_range", "affected_package_name"} <= fields:
        return Dependency
    return None


def _is_refusal(alert: object) -> bool:
    fields = mapping(alert) or {}
    about = said(fields.get("documentation_url")) or ""
    kinds = ("code-scanning", "secret-scanning", "dependabot")
    return {"message", "documentation_url"} <= fields.keys() <= _REFUSED and any(kind in about for kind in kinds)


def _graph(pointer: str, connection: Mapping[str, object], owner: Mapping[str, object], hints: Hints) -> Iterator[Item]:
    nodes, edges = sequence(connection.get("nodes")), sequence(connection.get("edges"))
    if nodes is None and edges is None:
        yield Failed("GitHub's GraphQL answer has no alerts where it should have them")
    for number, node in enumerate(nodes or ()):
        yield Dependency.read(Envelope(alert=node, repository=owner), f"{pointer}/nodes/{number}", hints)
    for number, edge in enumerate(edges or () if nodes is None else ()):
        node = inside(edge, "node")
        yield Dependency.read(Envelope(alert=node, repository=owner), f"{pointer}/edges/{number}/node", hints)
    if inside(connection, "pageInfo", "hasNextPage") is True:
        yield Remark("the list of alerts goes on: further pages are not in the report")


def _connections(
    pointer: str, value: object, depth: int = _GRAPH_DEPTH, most: int | None = None
) -> Iterator[tuple[str, Mapping[str, object], Mapping[str, object]]]:
    """The connections of a GraphQL answer, each with the object that has it, which is the repository.

    Of an array no more than `most` are looked at.
    """
    fields, items = mapping(value), sequence(value)
    if depth == _GRAPH_DEPTH and not (fields and {_CONNECTION, "data"} & fields.keys()):
        return
    if fields is not None and _CONNECTION in fields:
        connection = mapping(fields[_CONNECTION])
        # Without the answer around them, settings of Renovate have this name too.
        if depth < _GRAPH_DEPTH or (connection is not None and _CONNECTS & connection.keys()):
            yield f"{pointer}/{_CONNECTION}", connection or {}, fields
    elif fields is not None and depth:
        for name, below in fields.items():
            yield from _connections(f"{pointer}/{name}", below, depth - 1, most)
    elif items is not None and depth:
        for number, below in enumerate(islice(items, most)):
            yield from _connections(f"{pointer}/{number}", below, depth - 1, most)
