"""The emulated account as it is, thing by thing, and whether that is what the records say. Pure but for `read`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.local.account import acme
from fixgate.local.account.client import Control

DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A user, bucket or repository: in words what is wrong with it or not, what of it a change may write, the rest."""

    words: str
    written: str
    rest: str


def read(control: Control, account: str, git_host: str) -> dict[str, Thing]:
    """All things by their lock keys, past all permissions; blocks. Raises Unavailable."""
    state = control.state()
    found = {f"arn:aws:iam::{account}:user/{name}": _user(user) for name, user in state["users"].items()}
    found |= {f"arn:aws:s3:::{name}": _bucket(bucket) for name, bucket in state["buckets"].items()}
    return found | {f"git:{git_host}/{name}": _repository(refs) for name, refs in state["refs"].items()}


def contradictions(
    before: Mapping[str, Thing], after: Mapping[str, Thing], endings: Mapping[str, str]
) -> Iterator[str]:
    """Where the account is not what the records say: what was done has changed, and nothing else has at all."""
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            yield f"{key} {'came' if was is None else 'went'}, and no record says so"
        elif was.rest != now.rest:
            yield f"{key} was changed where no change may write"
        elif endings.get(key) == DONE and was.words == now.words:
            yield f"{key} was not changed ({now.words}), but its outcome says done"
        elif endings.get(key) != DONE and was.written != now.written:
            yield f"{key} was changed to {now.words}, but no outcome says done"


def _user(user: Mapping[str, Any]) -> Thing:
    keys: Mapping[str, str] = user["keys"]
    words = ", ".join(f"key {status}" for status in keys.values()) or "no key"
    return Thing(words=words, written=_text(keys), rest=_text([sorted(keys), user["tags"]]))


def _bucket(bucket: Mapping[str, Any]) -> Thing:
    block: Mapping[str, bool] | None = bucket["public_access_block"]
    closed = bool(block) and all(block.values() if block else ())
    open_to_all = "Principal" in _text(bucket["policy"]) or bool(bucket["public_acl"])
    words = "public access blocked" if closed else "open to anybody" if open_to_all else "private"
    rest = {name: value for name, value in bucket.items() if name != "public_access_block"}
    return Thing(words=words, written=_text(block), rest=_text(rest))


def _repository(refs: Mapping[str, str]) -> Thing:
    branches = {name: at for name, at in refs.items() if name.startswith("refs/heads/")}
    main = {name: at for name, at in refs.items() if name not in branches or name == "refs/heads/main"}
    made = [name.removeprefix("refs/heads/") for name in branches if name not in main]
    words = f"branch {', '.join(made)}" if made else "no branch with a fix"
    return Thing(words=words, written=_text(made), rest=_text(main))


def named(lock_key: str) -> str:
    """A thing's short name."""
    return acme.SHOP if lock_key.startswith("git:") else lock_key.rpartition(":")[2].removeprefix("user/")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
