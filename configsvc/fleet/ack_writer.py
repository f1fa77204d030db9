"""Writing down how far changes have come: at most once a second, away from the event loop."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from configsvc.errors import ConfigsvcError
from configsvc.fleet.acks import AckCounts
from configsvc.fleet.convergence import Convergence
from configsvc.store import Records, Store, layout

_log = logging.getLogger("configsvc.fleet")

INTERVAL: Final = 1.0
"""Seconds between two writes."""

_SOON: Final = 0.05
"""Seconds before a write after a pause, so that quick agents are counted in it."""


class AckWriter:
    """Writes one record for each change that moved, under this process's name.

    Args:
        store: opened in this process.
        process: the process's name among those of all nodes.
        convergence: what is counted.
        failed: called for each write that failed.
        loop: the running loop.
        executor: where the store is waited for.
    """

    def __init__(
        self,
        store: Store,
        process: str,
        convergence: Convergence,
        failed: Callable[[], None],
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
    ) -> None:
        self._records: Records[AckCounts] = Records(store, AckCounts.to_json, AckCounts.from_json)
        self._process = process
        self.convergence = convergence
        self._failed = failed
        self._loop = loop
        self._executor = executor
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def poke(self) -> None:
        """Something moved: write it when it is time."""
        if self._timer is None and self._writing is None:
            delay = max(_SOON, self._next_at - self._loop.time())
            self._timer = self._loop.call_later(delay, self._start)

    async def finish(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        await self._write()

    def _start(self) -> None:
        self._timer = None
        self._writing = self._loop.create_task(self._write())
        self._writing.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing = None
        self._next_at = self._loop.time() + INTERVAL
        if self.convergence.moved:
            self.poke()

    async def _write(self) -> None:
        counts = self.convergence.changed()
        if not counts:
            return
        try:
            await self._loop.run_in_executor(self._executor, self._put, counts)
        except ConfigsvcError as exc:
            self.convergence.put_back(counts)
            self._failed()
            _log.warning("acknowledgements were not written, trying again: %s", exc)

    def _put(self, counts: list[AckCounts]) -> None:
        for each in counts:
            key = layout.ack(each.namespace, each.revision, self._process)
            self._records.put(key, each)
