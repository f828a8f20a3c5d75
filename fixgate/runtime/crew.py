"""Threads for signatures. ECDSA lets go of the interpreter while it computes, so that cores work side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORTH: Final = 16
"""Fewer items than this are done sooner than handed over."""


class Crew:
    """So many threads, the calling one included."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "signatures") if threads > 1 else None

    def map(self, call: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """The answers of `call`, which must be safe to run in several threads, in the order of `items`.

        Blocks until all are there; raises what a call raised.
        """
        if self._pool is None or len(items) < WORTH:
            return [call(item) for item in items]
        size = -(-len(items) // self._threads)
        parts = [items[start : start + size] for start in range(0, len(items), size)]
        others = [self._pool.submit(_each, call, part) for part in parts[1:]]
        answers = _each(call, parts[0])
        for other in others:
            answers += other.result()
        return answers

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _each(call: Callable[[A], B], items: Sequence[A]) -> list[B]:
    return [call(item) for item in items]
