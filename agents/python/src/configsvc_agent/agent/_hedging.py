"""Threads for the copies of hedged synchronous calls, made when the first one is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

P = ParamSpec("P")
T = TypeVar("T")

MAX_COPIES = 64
"""Attempts of hedged calls in flight at once; more wait their turn."""


class HedgeThreads:
    """A pool that costs nothing while no policy hedges; of ``Executor`` it has what guards use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run ``fn`` on a thread of the pool."""
        with self._lock:
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  when needed

                self._pool = ThreadPoolExecutor(MAX_COPIES, thread_name_prefix="configsvc-hedge")
            pool = self._pool
        return pool.submit(fn, *args, **kwargs)
