"""Documents in files and folders: found, read, and put together with their places."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from configsvc.errors import InputError
from configsvc.model.names import NODE_KINDS, Key
from configsvc.model.resources import Resource
from configsvc.schema import (
    Document,
    DocumentError,
    InvalidDocumentError,
    LoadResult,
    Location,
    Problem,
    Syntax,
    load_text,
    read,
)

SYNTAXES: Final[dict[str, Syntax]] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}
"""What is looked for in a folder, and how it is read."""

MAX_FILES = 250_000
"""Files of one call, room for a hundred thousand policies in one file each; more is a wrong folder
rather than a configuration."""

MAX_BYTES = 256 << 20
"""Bytes of all files of one call: what bounds its memory."""

MAX_FILE_BYTES = 16 << 20
"""Bytes of one file: as many as the largest change has."""

MAX_ENTRIES = 1_000_000
"""Names that are looked at in folders, whatever they are of."""

MAX_DEPTH = 32
"""Folders inside one another."""


_COMMENT: Final = b"configsvc:"
"""What a file has that has comments for configsvc."""


class SourceError(InputError):
    """A path that was named cannot be read as documents."""


@dataclass(slots=True)
class Sources:
    """What was found: good documents with their resources, and everything wrong with the others.

    With a `manager`, documents that do not say who manages them are managed by it, and those that
    name somebody else are wrong.
    """

    files: int = 0
    size: int = 0
    resources: list[Resource] = field(default_factory=list)
    documents: dict[Key, Document] = field(default_factory=dict)
    errors: list[DocumentError] = field(default_factory=list)
    manager: str | None = None

    def locate(self, key: Key, pointer: str) -> Location | None:
        """Where a pointer of a resource leads, None for a resource that is in no file."""
        document = self.documents.get(key)
        return document.locate(pointer) if document else None

    def add(self, file: Path, today: date) -> None:
        """Read a file; `today` bounds how far ahead a waiver in it may expire.

        Raises:
            SourceError: all files together are larger than `MAX_BYTES`.
        """
        origin = str(file)
        self.files += 1
        content = _content(file)
        if isinstance(content, Problem):
            self.errors.append(DocumentError.at(Location(origin), content))
            return
        self._weigh(content, file)
        syntax = SYNTAXES[file.suffix.lower()]
        loaded = load_text(content, origin=origin, syntax=syntax)
        waivers = _waivers(content, loaded, origin) if syntax == "yaml" else LoadResult()
        self.errors.extend((*loaded.errors, *waivers.errors))
        for document in (*loaded.documents, *waivers.documents):
            self._add(document, today)

    def _weigh(self, content: bytes, file: Path) -> None:
        self.size += len(content)
        if self.size > MAX_BYTES:
            raise SourceError(
                f"the files up to {file} have more than {MAX_BYTES >> 20} MiB together: "
                "name fewer folders"
            )

    def _add(self, document: Document, today: date) -> None:
        try:
            resource = read(document, today=today)
        except InvalidDocumentError as exc:
            self.errors.extend(exc.errors)
            return
        if self.manager is not None and resource.manager != self.manager:
            if _says_manager(document):
                self.errors.append(document.error(_other_manager(resource.manager, self.manager)))
                return
            resource = read(_managed(document, self.manager), today=today)
        taken = _taken_by(resource.key, self.documents)
        if taken is None:
            self.documents[resource.key] = document
            self.resources.append(resource)
            return
        first = self.documents[taken].locate("/metadata/name")
        self.errors.append(document.error(_clash(resource.key, taken, first)))


def find(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files under the paths, in order, each once; hidden ones only if they are named.

    A folder is searched for ``*.yaml``, ``*.yml`` and ``*.json``, with the folders in it, links
    included. There may be none.

    Raises:
        SourceError: a path does not exist or is of no use, or there is too much under it.
    """
    found: dict[str, Path] = {}
    search = _Search()
    for path in paths:
        for file in _under(path, search):
            found.setdefault(os.path.realpath(file), file)
            if len(found) > MAX_FILES:
                raise SourceError(
                    f"there are more than {MAX_FILES} files under the paths: name fewer folders"
                )
    return tuple(found.values())


def _under(path: Path, search: "_Search") -> Iterator[Path]:
    if path.is_dir():
        yield from search.folder(path)
    elif not path.exists():
        raise SourceError(f"{path} does not exist: name a file or a folder")
    elif path.suffix.lower() not in SYNTAXES:
        raise SourceError(
            f"{path} is neither *.yaml, *.yml nor *.json: rename it, so that its syntax is known"
        )
    else:
        yield path


@dataclass(slots=True)
class _Search:
    """Goes through folders, each once, whatever links to it."""

    searched: set[str] = field(default_factory=set)
    entries: int = 0

    def folder(self, folder: Path, depth: int = 1) -> Iterator[Path]:
        """Files of a folder and of those in it."""
        identity = os.path.realpath(folder)
        if identity in self.searched:
            return
        self.searched.add(identity)
        if depth > MAX_DEPTH:
            raise SourceError(f"{folder} is more than {MAX_DEPTH} folders deep: nest less")
        for entry in self._entries(folder):
            if entry.is_dir():
                yield from self.folder(entry, depth + 1)
            elif entry.suffix.lower() in SYNTAXES:
                yield entry

    def _entries(self, folder: Path) -> list[Path]:
        """What is in a folder, sorted, without what is hidden."""
        names = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._count(folder)
                    if not entry.name.startswith("."):
                        names.append(entry.name)
        except OSError as exc:
            raise SourceError(f"{folder} cannot be searched: {exc.strerror}") from exc
        return [folder / name for name in sorted(names)]

    def _count(self, folder: Path) -> None:
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise SourceError(
                f"there are more than {MAX_ENTRIES} names in the folders up to {folder}: "
                "name fewer folders"
            )


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


def _waivers(content: bytes, loaded: LoadResult, origin: str) -> LoadResult:
    """What the comments of a YAML file say, which are waivers beside what they are about."""
    if _COMMENT not in content:
        return LoadResult()
    from configsvc.schema.waiver_comments import comment_waivers  # noqa: PLC0415 loads YAML

    text = content.decode(errors="replace").removeprefix("\ufeff")
    return comment_waivers(text, loaded.documents, origin=origin)


def _metadata(document: Document) -> dict[str, Any]:
    metadata = document.value["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 it was read as a resource
    return metadata


def _says_manager(document: Document) -> bool:
    return "manager" in _metadata(document)


def _managed(document: Document, manager: str) -> Document:
    """The document, which from now on says who manages it."""
    # A new object: an alias in the text may have made the old one part of something else too.
    document.value["metadata"] = {**_metadata(document), "manager": manager}
    return document


def _other_manager(seen: str, manager: str) -> Problem:
    message = (
        f"{seen!r} manages what a file of {manager!r} defines: leave 'manager' out, it is the "
        "folder that says it"
    )
    return Problem("/metadata/manager", message, seen=seen)


def _taken_by(key: Key, documents: dict[Key, Document]) -> Key | None:
    """Which resource has the key already, or the name where names are unique between kinds."""
    kinds = NODE_KINDS if key.kind in NODE_KINDS else (key.kind,)
    keys = (Key(kind, key.name) for kind in kinds)
    return next((each for each in keys if each in documents), None)


def _clash(key: Key, taken: Key, first: Location) -> Problem:
    if key == taken:
        message = f"{key} is there twice, first at {first}: keep one"
    else:
        message = (
            f"{key} has the name of {taken} at {first}: names of Service, Gateway and Bff "
            "are unique together"
        )
    return Problem("/metadata/name", message, seen=key.name)
