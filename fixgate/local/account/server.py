"""Puts the parts together: the front, the git host, the control socket, and the scenario planted before any answers."""

import json
import logging
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from fixgate.files import write_private
from fixgate.local.account import http, repositories
from fixgate.local.account.answers import iso
from fixgate.local.account.config import CONFIG, REPOSITORIES, SEEDED, SOCKET, read
from fixgate.local.account.control import Command, ControlServer
from fixgate.local.account.faults import Faults
from fixgate.local.account.front import Entry, Front
from fixgate.local.account.git_host import GitHost
from fixgate.local.account.seed import plant
from fixgate.local.account.tokens import Authority

_DAY_S = 86_400
_logger = logging.getLogger(__name__)


class Account:
    """The emulated account of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = read(folder / CONFIG)
        self._faults = Faults()
        authority = Authority(issuer=self._config.issuer, jwks=self._config.jwks)
        self._front = Front(self._config.account, authority, self._faults)
        self._host = GitHost(folder / REPOSITORIES, authority, self._config.token_issuer, self._faults, self._note_git)

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; raises OSError when a port is taken."""
        stop = threading.Event()

        def stopping(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stopping)
        self._reset()
        servers = [
            http.serve(self._config.api_port, self._front.answer, "aws"),
            http.serve(self._config.git_port, self._host.answer, "git"),
        ]
        control = ControlServer(self._folder / SOCKET, self._commands())
        _logger.warning("EMULATED ACCOUNT: everything in it is made up; never point production at it")
        stop.wait()
        for server in (*servers, control):
            server.shutdown()
            server.server_close()
        (self._folder / SOCKET).unlink(missing_ok=True)

    def _commands(self) -> Mapping[str, Command]:
        return {
            "ping": lambda: None,
            "down": self._faults.down,
            "slow": self._faults.slow,
            "throttle": self._faults.throttle,
            "fail": self._faults.fail,
            "public_ignored": self._faults.ignore_block,
            "clear": self._faults.clear,
            "reset": self._reset,
            "revoke": self._revoke,
            "used": self._used,
            "state": self._state,
            "trail": self._trail,
        }

    def _reset(self) -> None:
        with self._front.lock, self._host.lock:
            root = self._folder / REPOSITORIES
            keys = plant(self._config.scenario, self._front.emulation, self._faults, root)
            self._front.callers.forget()
            self._front.trail.clear()
            self._host.tokens.forget()
            write_private(self._folder / SEEDED, json.dumps(keys, indent=2).encode())

    def _revoke(self, access_key_id: str) -> None:
        with self._front.lock:
            self._front.callers.revoke(access_key_id)

    def _used(self, access_key_id: str, days_ago: float) -> None:
        with self._front.lock:
            key = self._front.emulation.key(access_key_id)
            if key is None:
                raise KeyError(access_key_id)
            self._front.emulation.note_use(key, "s3", "us-east-1", time.time() - days_ago * _DAY_S)

    def _trail(self) -> list[dict[str, Any]]:
        with self._front.lock:
            return [asdict(entry) for entry in self._front.trail]

    def _note_git(self, caller: str, action: str, resource: str, outcome: str) -> None:
        token = caller.removeprefix("token ") if caller.startswith("token ") else ""
        self._front.trail.append(
            Entry(at=time.time(), caller=caller, action=action, resource=resource, outcome=outcome, credential=token)
        )

    def _state(self) -> Mapping[str, Any]:
        with self._front.lock:
            emulation, sessions = self._front.emulation, self._front.callers.sessions
            users = {
                user.name: {
                    "keys": {key.access_key_id: key.status for key in user.access_keys},
                    "tags": {t["Key"]: t["Value"] for t in emulation.iam.list_user_tags(user.name)},
                }
                for user in emulation.iam.users.values()
            }
            buckets = {
                bucket.name: {
                    "public_access_block": emulation.access_block(bucket),
                    "policy": emulation.bucket_policy(bucket),
                    "public_acl": emulation.acl_is_public(bucket, None),
                    "tags": emulation.tags(bucket),
                }
                for bucket in emulation.s3.buckets.values()
            }
        with self._host.lock:
            root = self._host.root
            refs = {str(f.relative_to(root))[:-4]: repositories.refs(f) for f in sorted(root.glob("*/*.git"))}
            tokens = [asdict(token) for token in self._host.tokens.held]
        return {
            "users": users,
            "buckets": buckets,
            "refs": refs,
            "tokens": tokens,
            "sessions": [
                {
                    "access_key_id": s.access_key_id,
                    "role": s.role,
                    "name": s.name,
                    "expires_at": iso(s.expires_at),
                    "policy": s.policy,
                    "source_identity": s.source_identity,
                    "tags": dict(s.tags),
                }
                for s in sessions
            ],
        }
