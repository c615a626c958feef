"""How many pixels are decoded at once, over all threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

MOST_PIXELS = 100_000_000
"""Pixels of the largest picture that is read."""
AT_ONCE = 50_000_000
"""Pixels that are decoded at once; a single larger picture is decoded alone."""
_MOST_WAITING = 256

T = TypeVar("T")
R = TypeVar("R")


class PixelBudget:
    """Lets threads decode as long as they hold no more than so many pixels together.

    Args:
        limit: Pixels at once.
    """

    def __init__(self, limit: int = AT_ONCE) -> None:
        self._limit, self._used, self._changed = limit, 0, threading.Condition()

    @contextmanager
    def reserve(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels fit, and hold them; more than the limit count as all of it."""
        pixels = min(pixels, self._limit)
        with self._changed:
            self._changed.wait_for(lambda: self._used + pixels <= self._limit)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


def map_bounded(
    work: Callable[[T], R], items: Iterable[tuple[T, int]], limit: int = AT_ONCE
) -> Iterator[R]:
    """Work on items in several threads and yield the results in order.

    Args:
        work: Makes the result of one item.
        items: Each item with its pixels.
        limit: Pixels of results that are under way or wait to be taken.
    """
    waiting: deque[tuple[Future[R], int]] = deque()
    used = 0
    with ThreadPoolExecutor() as pool:
        try:
            for item, pixels in items:
                while waiting and (used + pixels > limit or len(waiting) >= _MOST_WAITING):
                    future, freed = waiting.popleft()
                    yield future.result()
                    del future
                    used -= freed
                waiting.append((pool.submit(work, item), pixels))
                used += pixels
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            for future, _ in waiting:
                future.cancel()
