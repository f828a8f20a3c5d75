"""Whether policies allow an action on a resource: deny by default, an explicit deny wins, and doubt is a no.

A statement whose condition cannot be told applies when it denies, and does not when it allows. A document that is not
what a policy must be denies everything.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from fixgate.local.account.conditions import Context, Unknown, holds, like, listed

_FIELDS = frozenset({
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal",
})  # fmt: skip


class Verdict(StrEnum):
    """What a set of policies says."""

    ALLOWED = "allowed"
    SILENT = "silent"
    DENIED = "denied"


class Malformed(Exception):
    """A text that is no policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: `principals` are all names of the caller, for policies that name principals."""

    action: str
    resource: str
    context: Context
    principals: Mapping[str, tuple[str, ...]] | None = None


def parse(text: str) -> Mapping[str, Any]:
    """A policy document; raises Malformed when a statement is not of a known form."""
    try:
        loaded: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("it is not JSON") from None
    document = _object(loaded)
    if not {*document} <= {"Version", "Id", "Statement"}:
        raise Malformed("it is no policy document")
    if document.get("Version") != "2012-10-17":
        raise Malformed("its version must be 2012-10-17")
    for statement in _statements(document):
        _check(statement)
    return document


def evaluate(texts: Iterable[str], asked: Asked) -> Verdict:
    """What the policies together say; `asked.principals` None ignores principals (identity policies)."""
    verdict = Verdict.SILENT
    for text in texts:
        try:
            statements = _statements(parse(text))
        except Malformed:
            return Verdict.DENIED
        for statement in statements:
            allows = statement["Effect"] == "Allow"
            if _applies(statement, asked, doubt=not allows):
                if not allows:
                    return Verdict.DENIED
                verdict = Verdict.ALLOWED
    return verdict


def _statements(document: Mapping[str, Any]) -> Sequence[Any]:
    return listed(document.get("Statement"))


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("a part of it is no object")
    return cast("dict[str, Any]", value)


def _check(value: Any) -> None:
    statement = _object(value)
    if not {*statement} <= _FIELDS:
        raise Malformed("a statement has an unknown field")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Malformed("a statement neither allows nor denies")
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if one in statement and other in statement:
            raise Malformed(f"a statement has both {one} and {other}")
    if "Action" not in statement and "NotAction" not in statement:
        raise Malformed("a statement names no action")
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        _texts(statement.get(name, []))


def _texts(value: Any) -> Sequence[str]:
    values = listed(value)
    if not all(isinstance(v, str) for v in values):
        raise Malformed("an action or a resource is no text")
    return values


def _applies(statement: Mapping[str, Any], asked: Asked, *, doubt: bool) -> bool:
    """Whether a statement applies; `doubt` is the answer when that cannot be told."""
    try:
        return (
            _named(statement, "Action", asked.action.lower(), lower=True)
            and _on_resource(statement, asked)
            and _for_principal(statement, asked)
            and holds(statement.get("Condition", {}), asked.context)
        )
    except Unknown:
        return doubt


def _named(statement: Mapping[str, Any], name: str, value: str, *, lower: bool = False) -> bool:
    negated = f"Not{name}" in statement
    patterns = _texts(statement[f"Not{name}" if negated else name])
    return any(like(p.lower() if lower else p, value) for p in patterns) != negated


def _on_resource(statement: Mapping[str, Any], asked: Asked) -> bool:
    if "Resource" not in statement and "NotResource" not in statement:
        # Only a role's trust policy names none: the role itself is meant.
        return asked.principals is not None
    return _named(statement, "Resource", asked.resource)


def _for_principal(statement: Mapping[str, Any], asked: Asked) -> bool:
    if asked.principals is None:
        if "Principal" in statement or "NotPrincipal" in statement:
            raise Unknown("an identity's policy names no principal")
        return True
    if "Principal" not in statement:
        raise Unknown("a resource's policy must name its principals")
    named = statement["Principal"]
    if named == "*":
        return True
    if not isinstance(named, dict):
        raise Unknown("a principal of an unknown form")
    return any(
        value == "*" or value in asked.principals.get(kind, ())
        for kind, values in _object(named).items()
        for value in _texts(values)
    )
