"""The last good bundle on disk: whole or not at all, never older over newer.

One directory per service holds ``bundle`` (the record), ``rejected`` (digests not to be tried
again), ``instances`` (of callees, with a checksum), ``lock``, and ``bundle.damaged`` where a record
was set aside. A record is one line with the checksum of all that follows, one line of JSON that
says what the bundle is, and its bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from configsvc_agent.bundle import MAX_BUNDLE
from configsvc_agent.errors import AgentError

MAX_REJECTED = 64
"""Rejected digests kept; the oldest make room."""

LOCK_PATIENCE = 2.0
"""Seconds to wait for another process that is writing, before storing is given up for now."""

_MAGIC = b"configsvc-agent-cache 1 "
_MAX_RECORD = MAX_BUNDLE + (64 << 10)
_LOCK_POLL = 0.002
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW


class CacheError(AgentError):
    """The cache cannot be read or written: no space, no permission, or held by another process."""


class DamagedCacheError(CacheError):
    """The record is not what was written; it has been set aside and is not loaded."""


@dataclass(frozen=True, slots=True)
class Position:
    """Which bundle of its service this is.

    ``version`` orders the bundles of one ``epoch`` only. ``endpoints`` is the server's mark for
    the addresses that came with it; together they are the ``Last-Event-ID`` of the stream.
    """

    epoch: str
    version: int
    digest: str
    revision: int = 0
    endpoints: str = "0"

    @property
    def event_id(self) -> str:
        """What a reconnecting stream sends as ``Last-Event-ID``."""
        return f"{self.epoch}.{self.version}.{self.endpoints}"

    def is_older_than(self, other: Position) -> bool:
        """True where both are of one epoch and this is the lower version."""
        return self.epoch == other.epoch and self.version < other.version


@dataclass(frozen=True, slots=True)
class Record:
    """A bundle's bytes and their position."""

    position: Position
    data: bytes


class Cache:
    """The cache of one service below ``directory``; shared by all processes that name it."""

    def __init__(self, directory: Path, *, namespace: str, service: str) -> None:
        self._directory = directory / namespace / service
        self._bundle = self._directory / "bundle"
        self._rejected = self._directory / "rejected"
        self._instances = self._directory / "instances"

    def load(self) -> Record | None:
        """The last good bundle, None where there is none.

        Raises:
            DamagedCacheError: it was damaged and has been renamed to ``bundle.damaged``.
            CacheError: it cannot be read.
        """
        try:
            return self._load()
        except ValueError as error:
            return self._set_aside(error)

    def store(self, record: Record, *, reset: bool = False) -> bool:
        """Keep ``record``; False where a newer version of its epoch is there already.

        ``reset``: the server started anew, so a lower version may replace a higher one.

        Raises:
            CacheError: not stored; what was there is still there.
        """
        with self._locked():
            held = self._held()
            if held == record:
                return True  # another process of the service was here first: no second write
            if held is not None and not reset and record.position.is_older_than(held.position):
                return False
            self._write(self._bundle, _encode(record))
            return True

    def load_instances(self) -> bytes | None:
        """What :meth:`store_instances` kept last, None where there is nothing.

        Raises:
            CacheError: it cannot be read, or is not what was written.
        """
        data = _read(self._instances)
        if data is None:
            return None
        checksum, _, body = data.partition(b"\n")
        if checksum != hashlib.sha256(body).hexdigest().encode():
            raise CacheError(f"{self._instances} is damaged: its checksum does not fit")
        return body

    def store_instances(self, data: bytes) -> None:
        """Keep the lists of callees' instances; the last writer's are as good as any.

        Raises:
            CacheError: not stored.
        """
        with self._locked():
            checksum = hashlib.sha256(data).hexdigest().encode()
            self._write(self._instances, b"%b\n%b" % (checksum, data))

    def rejected(self, agent_version: str) -> dict[str, str]:
        """By digest, why ``agent_version`` rejected it; empty where that cannot be read."""
        entries = self._rejections()
        return {
            digest: reason for digest, (agent, reason) in entries.items() if agent == agent_version
        }

    def reject(self, digest: str, agent_version: str, reason: str) -> None:
        """Remember across restarts that ``agent_version`` cannot obey ``digest``, and why.

        Raises:
            CacheError: not stored.
        """
        with self._locked():
            entries = self._rejections()
            entries.pop(digest, None)
            entries[digest] = (agent_version, reason)
            newest = dict(list(entries.items())[-MAX_REJECTED:])
            self._write(self._rejected, json.dumps(newest).encode())

    def _rejections(self) -> dict[str, tuple[str, str]]:
        try:
            entries = json.loads(_read(self._rejected) or b"{}")
            return {digest: (str(agent), str(why)) for digest, (agent, why) in entries.items()}
        except (CacheError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def _load(self) -> Record | None:
        data = _read(self._bundle)
        return None if data is None else _decode(data)

    def _set_aside(self, damage: ValueError) -> Record | None:
        """Rename the damaged record, unless another process has replaced it meanwhile."""
        with contextlib.suppress(CacheError), self._locked():
            try:
                return self._load()
            except ValueError as error:
                damage = error
                with contextlib.suppress(OSError):
                    self._bundle.replace(self._bundle.with_suffix(".damaged"))
        raise DamagedCacheError(
            f"{self._bundle} is damaged ({damage}); it is kept as bundle.damaged and not loaded"
        ) from damage

    def _held(self) -> Record | None:
        """What is there; None where there is nothing that could be loaded."""
        try:
            return self._load()
        except (CacheError, ValueError):
            return None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the directory's lock, so that comparing and writing are one step."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._directory / "lock", _LOCK_FLAGS, 0o600)
        except OSError as error:
            raise CacheError(f"{self._directory} cannot be written: {error}") from error
        try:
            _lock(descriptor, self._directory)
            yield
        finally:
            # A child forked meanwhile has the descriptor too: closing ours would not free the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _write(self, path: Path, data: bytes) -> None:
        """Replace ``path`` by ``data``: a crash leaves the old file or the new one."""
        temporary = path.with_name(f".{path.name}.new")
        try:
            descriptor = os.open(temporary, _WRITE_FLAGS, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            temporary.replace(path)
            _sync(self._directory)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise CacheError(f"{path} cannot be written: {error}") from error


def _encode(record: Record) -> bytes:
    header = json.dumps(asdict(record.position)).encode()
    body = b"%b\n%b" % (header, record.data)
    return b"%b%b\n%b" % (_MAGIC, hashlib.sha256(body).hexdigest().encode(), body)


def _decode(data: bytes) -> Record:
    """The record in ``data``; ValueError says what is wrong with it."""
    first, _, body = data.partition(b"\n")
    if not first.startswith(_MAGIC):
        raise ValueError("it does not start as a record does")
    if first[len(_MAGIC) :] != hashlib.sha256(body).hexdigest().encode():
        raise ValueError("its checksum does not fit")
    header, _, bundle = body.partition(b"\n")
    values = json.loads(header)
    if not isinstance(values, dict) or set(values) != {field.name for field in fields(Position)}:
        raise ValueError("its header is of another agent version")
    return Record(Position(**values), bundle)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_RECORD + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheError(f"{path} cannot be read: {error}") from error


def _lock(descriptor: int, directory: Path) -> None:
    """Take the lock within :data:`LOCK_PATIENCE`: a stopped process must not stop the others."""
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise CacheError(f"{directory} is held by another process") from error
            time.sleep(_LOCK_POLL)
        except OSError as error:
            raise CacheError(f"{directory} cannot be locked: {error}") from error
        else:
            return


def _sync(directory: Path) -> None:
    """Make the rename itself survive a power loss."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
