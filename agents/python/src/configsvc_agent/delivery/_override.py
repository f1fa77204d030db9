"""Watches the operator's override file by its modification time."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event

from configsvc_agent.bundle import MAX_BUNDLE
from configsvc_agent.delivery._keeper import Keeper

_log = logging.getLogger("configsvc_agent")

POLL = 0.5
"""Seconds between two looks at the file."""


class OverrideFile:
    """One file that may come, change and go at any time.

    The watch goes by time of modification, size and identity, so that a replaced file is seen even
    if its clock stood still.
    """

    def __init__(self, path: Path, keeper: Keeper) -> None:
        self._path = path
        self._keeper = keeper
        self._seen: tuple[int, int, int] | str | None = None
        self._stopping = Event()

    def look(self) -> None:
        """Hand the file over if it is not as it was at the last look."""
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        if mark is None:
            self._keeper.override(None)
        elif isinstance(mark, str):
            self._keeper.override(None, mark)
        else:
            self._read()

    def run(self) -> None:
        """Look again and again until :meth:`stop`."""
        while not self._stopping.wait(POLL):
            try:
                self.look()
            except Exception:  # noqa: BLE001  a mistake here must not end the watch for good
                _log.exception("reading the override file failed")

    def stop(self) -> None:
        """End the watch."""
        self._stopping.set()

    def _mark(self) -> tuple[int, int, int] | str | None:
        """What tells this state of the file from another; None if there is none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{self._path} cannot be read: {error.strerror}"
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BUNDLE + 1)
        except OSError as error:
            self._keeper.override(None, f"{self._path} cannot be read: {error.strerror}")
        else:
            self._keeper.override(data)
