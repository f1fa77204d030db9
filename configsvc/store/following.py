"""A thread that keeps up with one prefix of the store and hands on what it reads."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from configsvc.errors import ConfigsvcError
from configsvc.store.api import Event, Store, Watch
from configsvc.store.errors import StoreClosedError, WatchClosedError

_log = logging.getLogger("configsvc.store")

_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0

RECONCILE: Final = 60.0
"""Seconds after which everything is read again though the watch is fine, before a jitter."""


class Reading(Protocol):
    """What is to be done with a prefix. Called by one thread."""

    prefix: str

    def load(self) -> None:
        """Read everything under the prefix and hand it on."""

    def take(self, events: tuple[Event, ...]) -> None:
        """Hand on what changed."""


class Following:
    """Loads once, then takes changes; loads again after whatever broke the watch.

    The store being away is no news for agents: nothing is handed on, and what was read before
    stays in force until the store answers again.

    Args:
        store: opened in this process.
        reading: what to do with the prefix.
        random: uniform in [0, 1), spreads new tries.
        reconcile: seconds after which everything is read again: a watch is never all there is.
    """

    def __init__(
        self,
        store: Store,
        reading: Reading,
        random: Callable[[], float],
        reconcile: float = RECONCILE,
    ) -> None:
        self._store = store
        self._reading = reading
        self._random = random
        self._reconcile = reconcile
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"follow {reading.prefix}")

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following, and wait until the thread has ended."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (StoreClosedError, WatchClosedError):
                if not self._stopping.is_set():
                    self._wait("the store was closed")
            except ConfigsvcError as exc:
                self._wait(str(exc))
            except Exception:  # noqa: BLE001 a bug here must not leave agents without news for ever
                _log.exception("following the store failed")
                self._wait("an unexpected error")

    def _follow(self) -> None:
        """Read everything, then take changes until the watch breaks.

        The revision is read first: what happens while loading is then delivered again, not lost.
        """
        revision = self._store.revision()
        self._reading.load()
        self._failures = 0
        with self._store.watch(self._reading.prefix, revision) as watch:
            self._watch = watch
            while not self._stopping.is_set():
                self._take_for(self._reconcile * (1 + self._random() / 4), watch)
                self._reading.load()

    def _take_for(self, seconds: float, watch: Watch) -> None:
        """Hand on what the watch tells, for about so many seconds."""
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            batch = watch.next(left)
            if batch is not None:
                self._reading.take(batch.events)

    def _wait(self, why: str) -> None:
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        seconds = longest * (0.5 + self._random() / 2)
        _log.warning(
            "lost touch with the store, agents keep what they have",
            extra={"prefix": self._reading.prefix, "reason": why, "retry_seconds": seconds},
        )
        self._stopping.wait(seconds)
