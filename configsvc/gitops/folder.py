"""A folder on disk: a quick look at whether something changed, and a reading of its documents."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from configsvc.gitops.marker import MARKER, Marker
from configsvc.gitops.sources import SourceError, Sources, find
from configsvc.model.names import Key
from configsvc.schema import Document, DocumentError

MAX_FOLDER_BYTES: Final = 64 << 20
"""Bytes of all files of a folder together."""

MAX_DOCUMENTS: Final = 10_000
"""Documents of a folder: as many as what is remembered of it has room for."""


class Mark(NamedTuple):
    """What changes when a file is written, replaced, or linked to another one."""

    device: int
    inode: int
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Look:
    """A folder as it lies there: two that are equal have the same files, byte by byte.

    `problem` is why it cannot be searched, if it cannot.
    """

    marker: Mark | None
    files: Mapping[Path, Mark | None]
    problem: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(mark.size for mark in self.files.values() if mark)


@dataclass(frozen=True, slots=True)
class Contents:
    """The documents of a folder, and everything wrong with them.

    `digests` are those of the documents as they will be stored, manager included.
    """

    documents: Mapping[Key, Document]
    digests: Mapping[Key, str]
    errors: tuple[DocumentError, ...] = ()

    @property
    def digest(self) -> str:
        """One digest for all of it: layout, comments and names of files make no difference."""
        lines = (f"{key} {digest}\n" for key, digest in sorted(self.digests.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def look(folder: Path) -> Look:
    """Look at a folder without reading its files."""
    marker = _mark(folder / MARKER)
    if marker is None:
        return Look(None, {})
    try:
        return Look(marker, {file: _mark(file) for file in find([folder])})
    except SourceError as exc:
        return Look(marker, {}, str(exc))


def read_folder(seen: Look, marker: Marker, today: date) -> Contents:
    """Read the files that were seen.

    Args:
        seen: which files there are.
        marker: tells who manages what is in them.
        today: bounds how far ahead a waiver may expire.

    Raises:
        SourceError: there is too much, or a folder cannot be searched.
    """
    if seen.problem is not None:
        raise SourceError(seen.problem)
    if seen.size > MAX_FOLDER_BYTES:
        raise SourceError(
            f"the files of the folder have {seen.size} bytes together, at most "
            f"{MAX_FOLDER_BYTES >> 20} MiB are read: split it"
        )
    sources = Sources(manager=marker.manager)
    for file in seen.files:
        sources.add(file, today)
        if len(sources.documents) > MAX_DOCUMENTS:
            raise SourceError(
                f"the folder has more than {MAX_DOCUMENTS} documents: publish the others otherwise"
            )
    digests = {resource.key: resource.digest for resource in sources.resources}
    return Contents(sources.documents, digests, tuple(sources.errors))


def _mark(file: Path) -> Mark | None:
    """A file's mark, None for one that cannot be looked at, such as a link to nowhere."""
    try:
        found = os.stat(file)  # noqa: PTH116 ten thousand of these: a Path's own costs twice as much
    except OSError:
        return None
    return Mark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
