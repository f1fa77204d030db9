"""A watch that outlives streams: whatever ends one, the next begins after what was delivered.

A thread of its own reads from etcd and leaves batches for whoever takes them. It goes on after a
restart, a lost leader, a member that froze and a token that expired; it ends with an error after
a compaction that took events away, and where the store was set back.

Lock order: one, the condition of the watch, held while waiting for batches and for no call.
"""

import logging
import random
import threading
from collections import deque
from typing import Final

from configsvc.store._watching import Watching
from configsvc.store.api import Event, WatchBatch
from configsvc.store.errors import (
    CompactedError,
    StoreClosedError,
    StoreError,
    StoreUnavailableError,
    WatchClosedError,
)
from configsvc.store.etcd._connection import Connection
from configsvc.store.etcd._keys import Keys
from configsvc.store.etcd._messages import Message
from configsvc.store.etcd._position import Position
from configsvc.store.etcd._stream import Stream

_log = logging.getLogger("configsvc.store.etcd")

_KEPT: Final = 1_000
"""Batches that may wait to be taken; beyond that nothing more is read."""

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0


class EtcdWatch(Watching):
    """A `Watch` on an `EtcdStore`. Raises as `Store.watch` does."""

    def __init__(
        self, connection: Connection, keys: Keys, prefix: str, after_revision: int
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._span = keys.whole(prefix)
        self._doing = f"watching {prefix!r}"
        self._progress = after_revision
        self._position = Position(connection, keys, after_revision)
        self._position.check()
        self._changed = threading.Condition()
        self._waiting: deque[WatchBatch] = deque()
        self._error: StoreError | None = None
        self._closed = False
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {prefix}", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> int:
        """See `Watch.progress`."""
        return self._progress

    def next(self, timeout: float | None) -> WatchBatch | None:
        """See `Watch.next`."""
        with self._changed:
            self._changed.wait_for(self._has_news, timeout)
            if self._closed or self._connection.inherited:
                raise WatchClosedError
            if self._waiting:
                return self._take()
            if self._error:
                raise self._error
            return None

    def close(self) -> None:
        """See `Watch.close`."""
        if self._connection.inherited:  # the stream is the parent's
            return
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            stream = self._stream
        if stream is not None:
            stream.cancel()

    def join(self) -> None:
        """Wait until the thread has ended; after `close`, and after the connection's."""
        self._thread.join()

    def _has_news(self) -> bool:
        return self._closed or self._error is not None or bool(self._waiting)

    def _take(self) -> WatchBatch:
        """Take everything that waits as one batch."""
        batches = tuple(self._waiting)
        self._waiting.clear()
        self._changed.notify_all()
        self._progress = batches[-1].progress
        return WatchBatch(tuple(e for batch in batches for e in batch.events), self._progress)

    def _run(self) -> None:
        try:
            self._follow()
        except StoreClosedError:
            self._end_with(WatchClosedError())
        except StoreError as error:
            self._end_with(error)
        except Exception as error:  # noqa: BLE001 whoever waits must hear of a defect too
            _log.exception("a watch ended unexpectedly")
            self._end_with(StoreUnavailableError(self._doing, repr(error)))

    def _follow(self) -> None:
        """Read one stream after the other until the watch is closed or cannot go on."""
        failures = 0
        while not self._closed:
            before = self._position.revision
            try:
                if failures:
                    self._position.check()
                self._read()
            except StoreUnavailableError as error:
                failures = 1 if self._position.revision != before else failures + 1
                self._pause(failures, error)

    def _read(self) -> None:
        """Read one stream to its end, which is an error unless the watch was closed."""
        stream = Stream(self._connection, self._span, self._position.revision + 1, self._doing)
        with self._changed:
            self._stream = stream
            if self._closed:
                stream.cancel()
        for answer in stream:
            self._handle(answer, stream)

    def _handle(self, answer: Message, stream: Stream) -> None:
        if answer.compact_revision:
            stream.cancel()
            raise CompactedError(self._position.revision, int(answer.compact_revision))
        if answer.canceled:
            stream.cancel()
            raise stream.refused(answer.cancel_reason)
        if answer.created:
            return
        last = answer.events[-1].kv.mod_revision if answer.events else answer.header.revision
        self._position.revision = int(last)
        self._leave(WatchBatch(self._events(answer), int(last)))

    def _events(self, answer: Message) -> tuple[Event, ...]:
        events = (
            Event(
                self._keys.name(each.kv.key),
                None if each.type == each.DELETE else each.kv.value,
                int(each.kv.mod_revision),
            )
            for each in answer.events
            if not self._keys.hides(each.kv.key)
        )
        return tuple(sorted(events, key=lambda event: (event.mod_revision, event.key.encode())))

    def _leave(self, batch: WatchBatch) -> None:
        """Leave a batch to be taken; one without events only says how far everything is."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < _KEPT)
            if batch.events:
                self._waiting.append(batch)
            elif self._waiting:
                self._waiting.append(WatchBatch(self._waiting.pop().events, batch.progress))
            else:
                self._progress = batch.progress
            self._changed.notify_all()

    def _pause(self, failures: int, error: StoreError) -> None:
        level = logging.WARNING if failures == 1 else logging.DEBUG
        _log.log(level, "a watch was interrupted and will go on: %s", error)
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 10))
        seconds = longest * (0.5 + random.random() / 2)  # noqa: S311 (no secret)
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _end_with(self, error: StoreError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()
