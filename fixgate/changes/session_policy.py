"""What a change's credential may do: exactly its calls, until a moment; pure."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from fixgate.events import Call

LIMIT: Final = 1_600
"""Characters of a session policy at most. AWS's own limit is 2,048, of which tags take a part."""
GIT_PUSH: Final = "git:Push"
GIT_READ: Final = "git:Read"
_WIDE: Final = frozenset("*?$")
"""What a policy would read as more than one name, or as a variable."""


def session_policy(calls: Sequence[Call], until: datetime) -> str:
    """The AWS session policy for these calls, as JSON text.

    Exact actions on exact resources, `DateLessThan aws:CurrentTime`. Raises ValueError when a call is none of AWS's or
    names more than one thing, when there is none, or when the text is longer than `LIMIT`.
    """
    by_actions: dict[tuple[str, ...], list[str]] = {}
    for resource in sorted({call.resource for call in calls}):
        actions = tuple(sorted({call.action for call in calls if call.resource == resource}))
        by_actions.setdefault(actions, []).append(resource)
    _check(calls)
    ends = until.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": list(actions),
                "Resource": resources,
                "Condition": {"DateLessThan": {"aws:CurrentTime": ends}},
            }
            for actions, resources in by_actions.items()
        ],
    }
    text = json.dumps(policy, separators=(",", ":"))
    if len(text) > LIMIT:
        raise ValueError(f"the session policy has {len(text)} characters, more than {LIMIT}")
    return text


def push_target(calls: Sequence[Call]) -> tuple[str, str]:
    """The repository's clone address and the full ref (`refs/heads/…`) that a change of git pushes to.

    Raises ValueError unless there is exactly one.
    """
    pushed = {call.resource for call in calls if call.action == GIT_PUSH}
    if len(pushed) != 1:
        raise ValueError("a change of git pushes to exactly one branch")
    repository, _, ref = pushed.pop().rpartition("#")
    if not repository or not ref.startswith("refs/heads/"):
        raise ValueError("what is pushed to is no branch")
    return repository, ref


def _check(calls: Sequence[Call]) -> None:
    if not calls:
        raise ValueError("a session policy without a call would allow nothing")
    for call in calls:
        if not call.resource.startswith("arn:") or _WIDE & set(call.action + call.resource):
            raise ValueError(f"{call.action} does not name exactly one thing of AWS")
