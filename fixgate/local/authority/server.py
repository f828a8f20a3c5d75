"""Opens one socket per identity, publishes the bundles for the broker, and obeys SIGHUP and SIGTERM."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

import grpc.aio

from fixgate.errors import FixgateError
from fixgate.local.authority import keys
from fixgate.local.authority.config import CONFIG, AuthorityConfig, read
from fixgate.local.authority.issue import BROKER_USE, Issuer
from fixgate.local.authority.workload_api import Present, WorkloadApi, handlers
from fixgate.local.home import write_atomically

KEYS, JWKS, BUNDLE = "keys", "jwks.json", "bundle.pem"
_aio: Any = grpc.aio  # its stubs leave out type arguments, which strict checkers refuse at every use
_logger = logging.getLogger(__name__)


class Server:
    """The authority of one folder (`home/identity`); lives in one event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._present = Present(self._publish(read(folder / CONFIG)))
        self._open: dict[str, grpc.aio.Server] = {}

    async def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP reads the configuration again."""
        loop = asyncio.get_running_loop()
        stop, hangup = asyncio.Event(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, hangup.set)
        await self._open_sockets()
        _logger.warning(
            "DEVELOPMENT AUTHORITY: any process of this user can take any identity; never use in production"
        )
        _logger.info("serving %d identities of %s", len(self._open), self._present.issuer.config.trust_domain)
        while not stop.is_set():
            await _first(stop, hangup)
            if hangup.is_set():
                hangup.clear()
                await self._reload()
        await asyncio.gather(*(server.stop(None) for server in self._open.values()))

    def _publish(self, config: AuthorityConfig) -> Issuer:
        """Keys made or retired as the configuration says, and the bundles written for those who read files."""
        loaded = keys.load(self._folder / KEYS, config.trust_domain, config.generation, config.retire)
        issuer = Issuer(config, loaded)
        # Before anything is signed with a new key: who verifies must have it first.
        write_atomically(self._folder / JWKS, issuer.jwks(BROKER_USE))
        write_atomically(self._folder / BUNDLE, issuer.x509_bundle_pem())
        return issuer

    async def _reload(self) -> None:
        before = self._present.issuer.config
        try:
            config = read(self._folder / CONFIG)
            issuer = self._publish(config)
        except (FixgateError, OSError) as error:
            _logger.error("the configuration was not taken: %s", error)  # noqa: TRY400 - the message says it all
            return
        self._present.replace(issuer)
        await self._open_sockets()
        revoked = {e.name for e in before.entries} - {e.name for e in config.entries}
        _logger.info("configuration taken: generation %d, revoked: %s", config.generation, ", ".join(revoked) or "none")

    async def _open_sockets(self) -> None:
        # The socket of a removed entry stays open: "no identity issued" tells more than a refused connection.
        for entry in self._present.issuer.config.entries:
            if entry.name in self._open:
                continue
            path = self._folder / entry.name / "agent.sock"
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.parent.chmod(0o700)
            # Left by an authority that was killed; the stack's lock says that no other lives.
            path.unlink(missing_ok=True)
            server = _aio.server()
            server.add_generic_rpc_handlers((handlers(WorkloadApi(self._present, entry.name)),))
            server.add_insecure_port(f"unix:{path}")
            await server.start()
            self._open[entry.name] = server


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
