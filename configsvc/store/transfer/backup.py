"""A copy as a file: compressed lines of JSON, the last one of which proves that all are there."""

import base64
import gzip
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from configsvc.errors import InputError, OperationError
from configsvc.store._admission import digest_of
from configsvc.store.api import Clock, Digest, Entry
from configsvc.store.transfer.copying import Copied, Copy

FORMAT: Final = "configsvc-backup"
VERSION: Final = 1

_LONGEST_LINE: Final = 32 << 20
_BLOBS: Final = 32
_PRIVATE: Final = 0o600
_DAMAGED: Final = (
    OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError,
)  # fmt: skip


class BackupError(InputError):
    """A file is no backup that this version can restore."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be restored: {reason}; nothing was written")


class BackupWriteError(OperationError):
    """A backup cannot be written where it should be."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be written: {reason}; there is no backup")


def write_backup(copy: Copy, path: Path, clock: Clock) -> Copied:
    """Write a copy into a file that only its owner can read, whole or not at all.

    Raises `BackupWriteError`, and what reading the store raises.
    """
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=3, mtime=0) as file:
                copied = _write(copy, _Lines(file), clock)
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(path)
    except OSError as error:
        raise BackupWriteError(path, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return copied


def read_backup(path: Path) -> Copy:
    """Read a backup, every byte of it, and return it as a copy; raise `BackupError` if in doubt."""
    try:
        entries, namespace = _verify(path)
    except FileNotFoundError as error:
        raise BackupError(path, "there is no such file") from error
    except _DAMAGED as error:
        raise BackupError(path, f"it is damaged or cut short ({error})") from error
    return Copy(entries, namespace, lambda: _blobs(path))


class _Lines:
    """Lines of JSON, and a digest over all of them."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, value: Mapping[str, object]) -> None:
        line = orjson.dumps(value) + b"\n"
        self._digest.update(line)
        self._file.write(line)

    def end(self) -> None:
        self.write({"sha256": self._digest.hexdigest()})


def _write(copy: Copy, lines: _Lines, clock: Clock) -> Copied:
    head = {"format": FORMAT, "version": VERSION, "taken": clock(), "namespace": copy.namespace}
    lines.write(head)
    count = 0
    for blobs in copy.blobs():
        for digest, data in blobs.items():
            lines.write({"blob": digest, "data": base64.b64encode(data).decode()})
        count += len(blobs)
    for entry in copy.entries:
        lines.write({"key": entry.key, "value": base64.b64encode(entry.value).decode()})
    lines.end()
    return Copied(tuple(head.namespace for head in copy.heads), len(copy.entries), count)


def _verify(path: Path) -> tuple[tuple[Entry, ...], str | None]:
    """Return the keys once every line is proven to be the one that was written."""
    digest = hashlib.sha256()
    entries: list[Entry] = []
    namespace: str | None = None
    proven = False
    for number, line in enumerate(_lines(path)):
        value = orjson.loads(line)
        if proven:
            raise ValueError("something follows its end")
        if number == 0:
            namespace = _begin(value)
        elif "key" in value:
            entries.append(Entry(value["key"], base64.b64decode(value["value"]), 0))
        elif "blob" in value:
            _blob(value)
        else:
            proven = value["sha256"] == digest.hexdigest()
        digest.update(line)
    if not proven:
        raise ValueError("its end is missing, or not that of what precedes it")
    return tuple(entries), namespace


def _begin(value: Mapping[str, Any]) -> str | None:
    if value.get("format") != FORMAT or value.get("version") != VERSION:
        raise ValueError(f"it does not begin as a {FORMAT} of version {VERSION}")
    namespace: str | None = value["namespace"]
    return namespace


def _blobs(path: Path) -> Iterator[Mapping[Digest, bytes]]:
    page: dict[Digest, bytes] = {}
    for line in _lines(path):
        value = orjson.loads(line)
        if "blob" in value:
            page.update((_blob(value),))
        if len(page) == _BLOBS:
            yield page
            page = {}
    if page:
        yield page


def _blob(value: Mapping[str, Any]) -> tuple[Digest, bytes]:
    data = base64.b64decode(value["data"])
    if digest_of(data) != value["blob"]:
        raise ValueError(f"blob {value['blob']} does not hash to its digest")
    return value["blob"], data


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line
