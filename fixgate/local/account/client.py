"""Speaks to an emulated account's control socket, for tests and the demo."""

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fixgate.errors import Refused, Unavailable
from fixgate.local.account.config import SEEDED, SOCKET

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Control:
    """The account of a folder. Every method blocks; raises Unavailable when it does not run, Refused when it errs."""

    folder: Path

    def down(self) -> None:
        """From now on nobody is answered: connections just end."""
        self._do("down")

    def slow(self, milliseconds: float) -> None:
        """Wait before each answer; 0 ends it."""
        self._do("slow", milliseconds=milliseconds)

    def throttle(self, requests: int) -> None:
        """Refuse the next so many AWS requests with Throttling (S3: SlowDown)."""
        self._do("throttle", requests=requests)

    def fail(self, write: int, *, applied: bool = False) -> None:
        """Fail the n-th write from now, 1 being the next; with `applied` it is done and its answer never comes."""
        self._do("fail", write=write, applied=applied)

    def public_ignored(self, bucket: str) -> None:
        """Let anybody go on reading the bucket although its public access is blocked."""
        self._do("public_ignored", bucket=bucket)

    def clear(self) -> None:
        """Everything works again, what the scenario itself broke included."""
        self._do("clear")

    def reset(self) -> None:
        """Put the account back to how it was at its start; keys get new ids, sessions and tokens are gone."""
        self._do("reset")

    def revoke(self, access_key_id: str) -> None:
        """Refuse a session from now on."""
        self._do("revoke", access_key_id=access_key_id)

    def used(self, access_key_id: str, *, days_ago: float = 0.0) -> None:
        """Let an access key have been used last so many days ago."""
        self._do("used", access_key_id=access_key_id, days_ago=days_ago)

    def state(self) -> Mapping[str, Any]:
        """What the account holds, read past all permissions and faults; no secrets.

        `users` {name: {keys: {id: status}, tags}}, `buckets` {name: {public_access_block, policy, public_acl, tags}},
        `refs` {repository: {ref: id}}, `sessions` and `tokens` (lists, newest last).
        """
        return cast("Mapping[str, Any]", self._do("state"))

    def trail(self) -> Sequence[Mapping[str, Any]]:
        """The latest requests, oldest first.

        Each `at`, `caller`, `action`, `resource`, `outcome`, `source_identity` and the public id of its `credential`.
        """
        return cast("Sequence[Mapping[str, Any]]", self._do("trail"))

    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """The seeded keys by name: `user`, `access_key_id`, `secret_access_key`; from the account's folder."""
        try:
            return cast("Mapping[str, Mapping[str, str]]", json.loads((self.folder / SEEDED).read_bytes()))
        except FileNotFoundError:
            raise _not_running(self.folder) from None

    def answers(self) -> bool:
        """Whether the account runs."""
        try:
            self._do("ping")
        except (Unavailable, Refused):
            return False
        return True

    def _do(self, name: str, **arguments: Any) -> Any:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_TIMEOUT_S)
                connection.connect(str(self.folder / SOCKET))
                connection.sendall(json.dumps({"do": name, **arguments}).encode() + b"\n")
                with connection.makefile("rb") as lines:
                    line = lines.readline()
        except OSError:
            raise _not_running(self.folder) from None
        answer = json.loads(line or b'{"error": "it went away"}')
        if "error" in answer:
            raise Refused(f"the emulated account did not take {name}: {answer['error']}")
        return answer["result"]


def _not_running(folder: Path) -> Unavailable:
    return Unavailable(f"no emulated account runs in {folder}", remedy="Run `fixgate up`.")
