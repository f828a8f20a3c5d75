"""The issuer's work outside Kafka: it listens, makes credentials, and sees them die."""

from collections.abc import Callable, Sequence
from typing import Protocol

from fixgate.minting.server import Minting
from fixgate.signing import digest
from fixgate.verbs import Inbox, Order
from services.issuer.calls import Calls
from services.issuer.deaths import Deaths
from services.issuer.ledger import CREDENTIALS, Stage, read_entry
from services.issuer.vault import Vault


class Listening(Protocol):
    """What takes calls until it is stopped."""

    def stop(self) -> None:
        """Take no more."""
        ...


class Outside:
    """See `verbs.Effects`. `listen` begins to take calls; a standby's are answered by `calls` with "try again"."""

    prefix: bytes = CREDENTIALS

    def __init__(self, calls: Calls, deaths: Deaths, vault: Vault, listen: Callable[[Minting], Listening]) -> None:
        self._calls = calls
        self._deaths = deaths
        self._vault = vault
        self._listen = listen
        self._listening: Listening | None = None

    def start(self, inbox: Inbox) -> None:
        """See `Effects`; raises Misconfigured when nothing can listen there."""
        self._calls.start(inbox)
        self._deaths.start(inbox)
        self._listening = self._listen(self._calls)

    def committed(self, orders: Sequence[Order]) -> None:
        """See `Effects`. What an earlier process admitted or issued needs nothing: time makes it dying."""
        for order in orders:
            if order.value is None:
                self._deaths.forget(order.key)
                continue
            entry = read_entry(order.value)
            if entry.stage is Stage.ISSUED:
                for record in order.records:
                    self._vault.name(digest(record.value), order.key)
            elif entry.stage in {Stage.DYING, Stage.UNPROVED}:
                self._deaths.take(entry)

    def lost(self, shards: Sequence[int]) -> None:
        """See `Effects`."""
        del shards
        self._calls.lost()
        self._deaths.forget_all()

    def close(self) -> None:
        """See `Effects`."""
        self._calls.lost()
        if self._listening is not None:
            self._listening.stop()
        self._deaths.close()
