"""What a relay keeps on disk: the copy of its upstream's keys, and blobs by their digest."""

import hashlib
import json
import logging
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from configsvc.errors import OperationError

_log = logging.getLogger("configsvc.relay")

MAX_BLOBS: Final = 512 << 20
"""Bytes of blobs that are kept; those unused longest go first."""

_FORMAT: Final = 1
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class CacheError(OperationError):
    """The relay's directory cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be used as the relay's cache: {reason}")


class StateFile:
    """The keys that were copied last. Written whole, checked when it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, str]:
        """The keys; none if there is no file, or one that is damaged."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CacheError(self._path, error.strerror or str(error)) from error
        digest, _, body = data.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            _log.error("the copy of the upstream's keys is damaged, it is read anew from there")
            return {}
        value = json.loads(body)
        return dict(value["entries"]) if value.get("format") == _FORMAT else {}

    def write(self, entries: Mapping[str, str]) -> None:
        """Keep these keys; raises `CacheError`, and then what was kept before stays."""
        body = json.dumps({"format": _FORMAT, "entries": dict(entries)}).encode()
        data = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        try:
            _replace(self._path, data, durable=True)
        except OSError as error:
            raise CacheError(self._path, error.strerror or str(error)) from error


class BlobCache:
    """Blobs on disk. Bytes that do not hash to their name are never returned.

    Args:
        directory: made if it is missing.
        largest: bytes that are kept.
    """

    def __init__(self, directory: Path, largest: int = MAX_BLOBS) -> None:
        self._directory = directory
        self._largest = largest
        self._size = 0
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._size = sum(path.stat().st_size for path in self._files())
        except OSError as error:
            raise CacheError(directory, error.strerror or str(error)) from error

    def get(self, digest: str) -> bytes | None:
        """The bytes of a blob; None if they are not here, or not whole."""
        if _DIGEST.fullmatch(digest) is None:  # a relay below sent it: it must not name a path
            return None
        path = self._directory / digest
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != digest:
            _log.error("a kept blob is damaged, it is fetched again", extra={"digest": digest})
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def put(self, digest: str, data: bytes) -> None:
        """Keep a blob, if there is room; without it the relay fetches again what it needs."""
        try:
            _replace(self._directory / digest, data, durable=False)
        except OSError as error:
            _log.warning("a blob was not kept: %s", error)
            return
        self._size += len(data)
        if self._size > self._largest:
            self._shrink()

    def _files(self) -> list[Path]:
        return [path for path in self._directory.iterdir() if path.is_file()]

    def _shrink(self) -> None:
        """Make room for a quarter, so that this is not done for every blob."""
        with suppress(OSError):
            aged = sorted(
                (path.stat().st_mtime, path.stat().st_size, path) for path in self._files()
            )
            self._size = sum(size for _, size, _ in aged)
            for _, size, path in aged:
                if self._size <= self._largest * 3 // 4:
                    return
                path.unlink(missing_ok=True)
                self._size -= size


def _replace(path: Path, data: bytes, *, durable: bool) -> None:
    """Write beside and rename: nobody ever reads half a file."""
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
