"""Watches on the file: the log from a revision on, read again whenever a bell rings."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from configsvc.store._watching import Watching
from configsvc.store.api import Event, WatchBatch
from configsvc.store.errors import (
    CompactedError,
    FutureRevisionError,
    StoreClosedError,
    WatchClosedError,
)
from configsvc.store.sqlite._database import Database
from configsvc.store.sqlite._keys import beyond
from configsvc.store.sqlite._wake import Bell

POLL_SECONDS: Final = 1.0
"""How often a watch looks without being woken: the net under lost datagrams."""

_BATCH: Final = 1000
"""Events after which a batch ends with the revision it is in."""

_LOG = """
SELECT key, value, revision FROM log
WHERE revision > ? AND key >= ? AND key < ? ORDER BY revision, key
"""


class SqliteWatch(Watching):
    """A `Watch` on a `SqliteStore`. `forget` is called once, when it is closed."""

    def __init__(
        self,
        database: Database,
        bell: Bell,
        prefix: str,
        progress: int,
        forget: Callable[["SqliteWatch"], None],
    ) -> None:
        self._database = database
        self._bell = bell
        self._prefix = prefix
        self._progress = progress
        self._forget = forget
        self._using = threading.Lock()
        self._closed = False
        self._disposed = False

    @property
    def progress(self) -> int:
        """See `Watch.progress`."""
        return self._progress

    def next(self, timeout: float | None) -> WatchBatch | None:
        """See `Watch.next`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._check_usable()
            with self._using:
                return self._wait(deadline)
        except StoreClosedError:
            raise WatchClosedError from None
        finally:
            self._dispose()

    def close(self) -> None:
        """See `Watch.close`."""
        if self._database.inherited:  # the socket is the parent's
            return
        self._closed = True
        self._bell.silence()
        self._dispose()

    def check(self) -> None:
        """Raise `CompactedError` or `FutureRevisionError` if it cannot go on from where it is."""
        with self._reading() as connection:
            self._position(connection)

    def _look(self) -> tuple[Event, ...]:
        """Return what is new and move on."""
        with self._reading() as connection:
            newest = self._position(connection)
            if newest == self._progress:
                return ()
            events, self._progress = self._read(connection, newest)
        return events

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._database.reading(f"watching {self._prefix!r}")

    def _position(self, connection: sqlite3.Connection) -> int:
        """Return the newest revision, if all after the watch's progress is there."""
        newest, compacted = connection.execute("SELECT revision, compacted FROM state").fetchone()
        if self._progress > newest:
            raise FutureRevisionError(self._progress, newest)
        if self._progress < compacted:
            raise CompactedError(self._progress, compacted)
        return int(newest)

    def _wait(self, deadline: float | None) -> WatchBatch | None:
        while True:
            self._check_usable()
            if events := self._look():
                return WatchBatch(events, self._progress)
            left = POLL_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return None
            self._bell.wait(min(left, POLL_SECONDS))

    def _check_usable(self) -> None:
        if self._closed:
            raise WatchClosedError
        self._database.check_usable()

    def _read(self, connection: sqlite3.Connection, newest: int) -> tuple[tuple[Event, ...], int]:
        """Return the events of whole revisions, and the last revision that they cover."""
        parameters = (self._progress, self._prefix, beyond(self._prefix))
        events: list[Event] = []
        for row in connection.execute(_LOG, parameters):
            event = Event(*row)
            if len(events) >= _BATCH and event.mod_revision != events[-1].mod_revision:
                return tuple(events), events[-1].mod_revision
            events.append(event)
        return tuple(events), newest

    def _dispose(self) -> None:
        """Give the socket back once closed, unless a thread still waits: then that one does."""
        if not self._closed or not self._using.acquire(blocking=False):
            return
        with_socket, self._disposed = not self._disposed, True
        self._using.release()
        if with_socket:
            self._bell.close()
            self._forget(self)
