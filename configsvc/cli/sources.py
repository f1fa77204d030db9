"""Documents in files and folders: found, read, and put together with their places."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from configsvc.cli.terminal import progress
from configsvc.errors import InputError
from configsvc.model.names import NODE_KINDS, Key
from configsvc.model.resources import Resource
from configsvc.schema import (
    Document,
    DocumentError,
    InvalidDocumentError,
    Location,
    Problem,
    Syntax,
    load_text,
    read,
)

SYNTAXES: dict[str, Syntax] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}
"""What is looked for in a folder, and how it is read."""

MAX_FILES = 10_000
"""Files of one call; more is a wrong folder rather than a configuration."""

MAX_FILE_BYTES = 16 << 20
"""Bytes of one file: as many as the largest change has."""


class SourceError(InputError):
    """A path that was named cannot be read as documents."""


@dataclass(slots=True)
class Sources:
    """What was found: good documents with their resources, and everything wrong with the others."""

    files: int = 0
    resources: list[Resource] = field(default_factory=list)
    documents: dict[Key, Document] = field(default_factory=dict)
    errors: list[DocumentError] = field(default_factory=list)

    def locate(self, key: Key, pointer: str) -> Location | None:
        """Where a pointer of a resource leads, None for a resource that is in no file."""
        document = self.documents.get(key)
        return document.locate(pointer) if document else None


def load(paths: Sequence[Path], today: date) -> Sources:
    """Read everything under the paths; what is wrong with documents is in the result.

    Args:
        paths: files, and folders that are searched for ``*.yaml``, ``*.yml`` and ``*.json``.
        today: bounds how far ahead a waiver may expire.

    Raises:
        SourceError: a path does not exist or is of no use, or there is no file at all.
    """
    files = find(paths)
    sources = Sources(files=len(files))
    for file in progress(files, "reading"):
        _load_file(file, sources, today)
    return sources


def find(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files under the paths, in order, each once; hidden ones only if they are named.

    Raises:
        SourceError: as `load`.
    """
    found: dict[str, Path] = {}
    searched: set[str] = set()
    for path in paths:
        for file in _under(path, searched):
            found.setdefault(os.path.realpath(file), file)
            if len(found) > MAX_FILES:
                raise SourceError(
                    f"there are more than {MAX_FILES} files under the paths: name fewer folders"
                )
    if not found:
        named = ", ".join(map(str, paths))
        raise SourceError(f"no *.yaml, *.yml or *.json file is in {named}: name another folder")
    return tuple(found.values())


def _under(path: Path, searched: set[str]) -> Iterator[Path]:
    if path.is_dir():
        yield from _search(path, searched)
    elif not path.exists():
        raise SourceError(f"{path} does not exist: name a file or a folder")
    elif path.suffix.lower() not in SYNTAXES:
        raise SourceError(
            f"{path} is neither *.yaml, *.yml nor *.json: rename it, so that its syntax is known"
        )
    else:
        yield path


def _search(folder: Path, searched: set[str]) -> Iterator[Path]:
    """Files of a folder and of those in it. Each folder is searched once, whatever links to it."""
    identity = os.path.realpath(folder)
    if identity in searched:
        return
    searched.add(identity)
    for entry in _entries(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _search(entry, searched)
        elif entry.suffix.lower() in SYNTAXES:
            yield entry


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as exc:
        raise SourceError(f"{folder} cannot be searched: {exc.strerror}") from exc


def _load_file(file: Path, sources: Sources, today: date) -> None:
    origin = str(file)
    content = _content(file)
    if isinstance(content, Problem):
        sources.errors.append(DocumentError.at(Location(origin), content))
        return
    loaded = load_text(content, origin=origin, syntax=SYNTAXES[file.suffix.lower()])
    sources.errors.extend(loaded.errors)
    for document in loaded.documents:
        _add(document, sources, today)


def _content(file: Path) -> bytes | Problem:
    """The bytes of a regular file; it is looked at before it is opened: a pipe would block."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return Problem("", "is not a regular file: name a file with documents")
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        return Problem("", f"cannot be read: {exc.strerror}")
    if len(content) > MAX_FILE_BYTES:
        return Problem("", f"is larger than {MAX_FILE_BYTES >> 20} MiB: split it")
    return content


def _add(document: Document, sources: Sources, today: date) -> None:
    try:
        resource = read(document, today=today)
    except InvalidDocumentError as exc:
        sources.errors.extend(exc.errors)
        return
    taken = _taken_by(resource.key, sources)
    if taken is None:
        sources.documents[resource.key] = document
        sources.resources.append(resource)
        return
    first = sources.documents[taken].locate("/metadata/name")
    sources.errors.append(document.error(_clash(resource.key, taken, first)))


def _taken_by(key: Key, sources: Sources) -> Key | None:
    """Which resource has the key already, or the name where names are unique between kinds."""
    kinds = NODE_KINDS if key.kind in NODE_KINDS else (key.kind,)
    keys = (Key(kind, key.name) for kind in kinds)
    return next((each for each in keys if each in sources.documents), None)


def _clash(key: Key, taken: Key, first: Location) -> Problem:
    if key == taken:
        message = f"{key} is there twice, first at {first}: keep one"
    else:
        message = (
            f"{key} has the name of {taken} at {first}: names of Service, Gateway and Bff "
            "are unique together"
        )
    return Problem("/metadata/name", message, seen=key.name)
