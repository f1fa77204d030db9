"""Being told by the operating system that something in a folder changes."""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

_log = logging.getLogger("configsvc.gitops")

_EVENTS: Final[list[type[FileSystemEvent]]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
"""What may change documents. That files are opened and read is none of it: we do so ourselves."""

_MOST_LINKS: Final = 40
"""Links on the way to a folder, as many as the kernel follows."""

_JOIN: Final = 5.0
"""Seconds that the observer gets to end."""


class Watch(Protocol):
    """Tells that something changes, as far as it can."""

    def follow(self, folder: Path) -> bool:
        """Watch a folder as it is reached now; False if changes in it will not be told."""

    def stop(self) -> None:
        """Tell nothing any more."""


class FolderWatch:
    """Watches a folder with everything in it, and the way that leads to it.

    The way matters where a folder is replaced as a whole: it is created late, mounted over, or a
    link to it is changed.

    Args:
        tell: called at each change, by another thread.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._observer: Any = None
        self._watched: Mapping[Path, object] = {}
        self._warned = False

    def follow(self, folder: Path) -> bool:
        """See `Watch.follow`. Does nothing while the way and the folder are the same.

        Of a folder that is not there the way is watched, so that its coming is told.
        """
        places = {place: _identity(place) for place in (*_way(folder), _real(folder))}
        if self._observer is None or places != self._watched or not self._is_alive():
            self.stop()
            self._watched = places
            self._start(folder)
        return self._observer is not None and folder.is_dir()

    def stop(self) -> None:
        """See `Watch.stop`."""
        observer, self._observer, self._watched = self._observer, None, {}
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(_JOIN)

    def _start(self, folder: Path) -> None:
        self._observer = Observer()
        self._observer.start()
        try:
            self._schedule(folder)
        except OSError as exc:
            self._warn(folder, exc)
            self.stop()
        else:
            self._warned = False

    def _warn(self, folder: Path, why: OSError) -> None:
        """Once, not each time that it is tried again."""
        if not self._warned:
            _log.warning(
                "folder cannot be watched, so it is searched every few seconds: %s",
                why.strerror or why,
                extra={"path": str(folder)},
            )
        self._warned = True

    def _schedule(self, folder: Path) -> None:
        for place, paths in _by_place(folder).items():
            told = _Told(self._tell, paths)
            self._observer.schedule(told, str(place), event_filter=_EVENTS)
        if folder.is_dir():
            every = _Told(self._tell)
            real = str(_real(folder))
            self._observer.schedule(every, real, recursive=True, event_filter=_EVENTS)

    def _is_alive(self) -> bool:
        return all(each.is_alive() for each in (self._observer, *self._observer.emitters))


class _Told(FileSystemEventHandler):
    """Passes on that there was an event, for some paths or for all."""

    def __init__(self, tell: Callable[[], None], paths: frozenset[str] | None = None) -> None:
        self._tell = tell
        self._paths = paths

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = {os.fsdecode(event.src_path), os.fsdecode(event.dest_path)}
        if self._paths is None or paths & self._paths:
            self._tell()


def _by_place(folder: Path) -> dict[Path, frozenset[str]]:
    """The directories on the way to a folder, each with the paths in it that the way takes."""
    found: dict[Path, set[str]] = {}
    for step in _way(folder):
        found.setdefault(step.parent, set()).add(str(step))
    return {place: frozenset(paths) for place, paths in found.items() if place.is_dir()}


def _way(folder: Path) -> Iterator[Path]:
    """Every link on the way to a folder, and the folder itself in its own directory."""
    pending = deque(folder.absolute().parts[1:])
    here, links = Path(folder.absolute().anchor), 0
    while pending and links <= _MOST_LINKS:
        part = pending.popleft()
        here = here.parent if part == ".." else here / part
        if not here.is_symlink():
            continue
        links += 1
        yield here
        target = here.readlink()
        pending.extendleft(reversed([part for part in target.parts if part != target.anchor]))
        here = Path(target.anchor) if target.is_absolute() else here.parent
    yield here


def _real(folder: Path) -> Path:
    """Where a folder really is; anything but an error for a way that leads in circles."""
    return Path(os.path.realpath(folder))


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
