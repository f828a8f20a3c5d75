"""Clients that are made in the background.

With an `oauth_cb` confluent-kafka's constructors sleep for a whole second until they look whether the token is there.
Made one after the other, the clients of one service would cost its start that second each.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """A value that is being made; `get` waits for it, and raises what making it raised."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._future: Future[T] = Future()
        threading.Thread(target=self._run, args=(make,), name="kafka-client", daemon=True).start()

    def get(self) -> T:
        """The value."""
        return self._future.result()

    def _run(self, make: Callable[[], T]) -> None:
        try:
            self._future.set_result(make())
        except BaseException as error:  # noqa: BLE001 - raised again by get()
            self._future.set_exception(error)
