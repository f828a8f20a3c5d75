"""The `Condition` block of a policy statement: holds, does not hold, or cannot be told.

A key that the front never fills in, an operator that is not here and a value that does not parse cannot be told. A key
that is known but absent from this request is what AWS says: only negated operators, `IfExists` and `Null` hold then.
"""

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

Context = Mapping[str, tuple[str, ...]]
"""Values by lower-case key."""

_KNOWN = frozenset({
    "aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "aws:sourceidentity", "aws:principalarn",
    "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username", "aws:securetransport", "aws:sourceip",
    "aws:tagkeys", "aws:requestedregion", "sts:rolesessionname", "sts:sourceidentity", "sts:externalid",
    "iam:policyarn", "s3:prefix", "s3:delimiter", "s3:max-keys", "aws:resourceaccount",
})  # fmt: skip
_KNOWN_PREFIXES = ("aws:principaltag/", "aws:requesttag/")
_WEB_IDENTITY = re.compile(r"[a-z0-9.-]+:(sub|aud)")


class Unknown(Exception):
    """It cannot be told whether a condition holds."""


def holds(block: Any, context: Context) -> bool:
    """Whether all of it holds; raises Unknown."""
    if not isinstance(block, Mapping):
        raise Unknown("the condition is no object")
    verdicts = [
        _operator_holds(str(operator), str(key).lower(), values, context)
        for operator, keys in _items(block)
        for key, values in _items(keys)
    ]
    return all(verdicts)


def like(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern with `*` and `?`; raises Unknown for a policy variable."""
    if "${" in pattern:
        raise Unknown(f"policy variables are not resolved here: {pattern}")
    # fnmatch would read [ as a set.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def arn_like(pattern: str, value: str) -> bool:
    """Like `like`, each of the six parts of an ARN by itself."""
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(given) and all(like(w, g) for w, g in zip(wanted, given, strict=True))


def listed(value: Any) -> Sequence[Any]:
    """A list as it is, anything else as the only one of a list."""
    return [*value] if isinstance(value, list) else [value]


def _items(value: Any) -> Sequence[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise Unknown("the condition is no object")
    pairs = cast("dict[str, Any]", value)
    return [*pairs.items()]


def _operator_holds(operator: str, key: str, values: Any, context: Context) -> bool:
    qualifier, _, plain = operator.rpartition(":")
    name = plain.removesuffix("IfExists")
    if qualifier not in ("", "ForAnyValue", "ForAllValues") or not _is_known(key):
        raise Unknown(f"{operator} of {key} is not known here")
    wanted = [_text(v) for v in listed(values)]
    present = context.get(key)
    if name == "Null":
        return any((w == "true") == (present is None) for w in wanted)
    negated, test = _test(name)
    matches = [any(test(w, p) for w in wanted) != negated for p in present or ()]
    if not matches:
        # Nothing to compare: AWS lets a negated operator, IfExists and ForAllValues hold.
        return negated or plain.endswith("IfExists") or qualifier == "ForAllValues"
    return any(matches) if qualifier == "ForAnyValue" else all(matches)


def _is_known(key: str) -> bool:
    return key in _KNOWN or key.startswith(_KNOWN_PREFIXES) or _WEB_IDENTITY.fullmatch(key) is not None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise Unknown("a condition's value is neither text nor a number")


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unknown(f"{text!r} is no time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Unknown(f"{text!r} is no number") from None


def _in_network(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise Unknown(f"{network!r} is no network") from None


def _literal(wanted: str, given: str) -> bool:
    if "${" in wanted:
        raise Unknown(f"policy variables are not resolved here: {wanted}")
    return wanted == given


Test = Callable[[str, str], bool]
_STRINGS: Mapping[str, Test] = {
    "StringEquals": _literal,
    "StringEqualsIgnoreCase": lambda w, g: _literal(w.lower(), g.lower()),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda w, g: w.lower() == g.lower(),
    "IpAddress": _in_network,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
}
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": lambda w, g: g == w,
    "NotEquals": lambda w, g: g != w,
    "LessThan": lambda w, g: g < w,
    "LessThanEquals": lambda w, g: g <= w,
    "GreaterThan": lambda w, g: g > w,
    "GreaterThanEquals": lambda w, g: g >= w,
}


def _test(name: str) -> tuple[bool, Test]:
    """Whether the operator is negated, and how it compares what is wanted with what is given."""
    if name in _NEGATED:
        return True, _STRINGS[_NEGATED[name]]
    if name in _STRINGS:
        return False, _STRINGS[name]
    for kind, value in (("Date", _moment), ("Numeric", _number)):
        order = _ORDERS.get(name.removeprefix(kind)) if name.startswith(kind) else None
        if order is not None:
            return name.endswith("NotEquals"), _ordered(order, value, negated=name.endswith("NotEquals"))
    raise Unknown(f"the operator {name} is not known here")


def _ordered(order: Callable[[float, float], bool], value: Callable[[str], float], *, negated: bool) -> Test:
    return lambda w, g: order(value(w), value(g)) != negated
