"""Keeps a relay's copy up to date, and on disk."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from configsvc.errors import ConfigsvcError
from configsvc.relay.copy import Copy
from configsvc.relay.disk import StateFile
from configsvc.relay.upstream import Upstream

_log = logging.getLogger("configsvc.relay")

FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 20.0
"""Seconds between two tries to reach the upstream; each is spread at random over its second half,
so that the relays of a lost upstream do not come back in step."""

SAVE_EVERY: Final = 1.0
"""Seconds between two writes of the copy to disk."""


class Follower:
    """Two threads: one takes what the upstream tells, the other writes it down.

    Args:
        copy: what is kept up to date.
        upstream: where news come from.
        file: where the copy is kept.
        random: uniform in [0, 1).
        followed: called with each new stream, once the upstream has told everything on it.
    """

    def __init__(
        self,
        copy: Copy,
        upstream: Upstream,
        file: StateFile,
        random: Callable[[], float],
        followed: Callable[[], None] = lambda: None,
    ) -> None:
        self._copy = copy
        self._upstream = upstream
        self._file = file
        self._random = random
        self._followed = followed
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._failures = 0
        self._threads = [
            threading.Thread(target=self._follow, name="relay-follow", daemon=True),
            threading.Thread(target=self._save, name="relay-save", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both threads; what was taken is on disk then."""
        self._stopping.set()
        self._upstream.close()
        self._changed.set()
        for thread in self._threads:
            thread.join(5.0)
        self._write()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                for news in self._upstream.news():
                    self._failures = 0
                    if self._copy.take(news.kind, news.entries):
                        self._changed.set()
                    if news.kind == "state":
                        self._followed()
            except ConfigsvcError as error:
                self._wait(str(error))
            except Exception:  # noqa: BLE001 a bug here must not leave a site without news for ever
                _log.exception("following the upstream failed")
                self._wait("an unexpected error")

    def _wait(self, reason: str) -> None:
        if self._stopping.is_set():
            return
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        seconds = longest * (0.5 + self._random() / 2)
        _log.warning(
            "lost touch with the upstream, agents keep what they have",
            extra={"reason": reason, "retry_seconds": round(seconds, 2)},
        )
        self._stopping.wait(seconds)

    def _save(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait()
            self._changed.clear()
            self._write()
            self._stopping.wait(SAVE_EVERY)

    def _write(self) -> None:
        try:
            self._file.write(self._copy.entries)
        except ConfigsvcError as error:
            _log.error("the copy was not written, a start without the upstream is older: %s", error)
