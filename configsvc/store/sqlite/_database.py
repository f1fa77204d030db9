"""The file: opening it, one connection for writing and a pool for reading, errors translated."""

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from weakref import WeakSet

from configsvc.store.errors import (
    ForkedStoreError,
    StoreClosedError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreUnavailableError,
)
from configsvc.store.sqlite._tables import prepare

FILE_NAME: Final = "configsvc.db"
"""The database, inside the data directory."""

_LOOK_AGAIN: Final = (0.0001, 0.002)  # seconds
_WAL_BYTES_KEPT: Final = 16 << 20
_PRIVATE_DIRECTORY: Final = 0o700
_PRIVATE_FILE: Final = 0o600

# A quota or a limit on file size shows as a failed write, a full disk under the shared index as
# a failed extension: all three are ended by making room.
_FULL: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_alive: Final[WeakSet["Database"]] = WeakSet()
_inherited: Final[list[sqlite3.Connection]] = []
"""Connections of the parent, in a forked child: closing them there could harm the parent."""


class Database:
    """Connections to one file. Any number of processes may open it, each after its own fork.

    `busy_timeout` is how long, in microseconds, an operation waits for another process's write;
    `max_bytes` bounds the file.
    """

    def __init__(self, directory: Path, busy_timeout: int, max_bytes: int | None) -> None:
        self.path = directory / FILE_NAME
        self._max_bytes = max_bytes
        self._timeout = busy_timeout / 1_000_000
        self._pid = os.getpid()
        self._idle: list[sqlite3.Connection] = []
        self._writers: list[sqlite3.Connection] = []
        self._closed = False
        with self.translating(f"opening {self.path}"):
            _make_private_directory(directory)
            self._prepare(directory)
        _alive.add(self)

    def writer(self) -> sqlite3.Connection:
        """Open a connection for `begin`; each commit on it reaches the disk."""
        connection = self._connect()
        self._writers.append(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
        if self._max_bytes is not None:
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {max(1, self._max_bytes // page)}")
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that may write, waiting for those of other processes.

        SQLite itself would wait up to 0.1 s between two looks, so that processes which write all
        the time starve one that writes now and then; short, uneven waits give each its turn.
        """
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() >= deadline:
                    raise
            else:
                return
            time.sleep(random.uniform(*_LOOK_AGAIN))  # noqa: S311 (no secret)

    @contextmanager
    def reading(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a read transaction: all its reads see one revision."""
        with self.translating(doing):
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def translating(self, doing: str) -> Iterator[None]:
        """Raise what SQLite and the file system raise inside as errors of the store."""
        try:
            yield
        except sqlite3.Error as error:
            raise self.translate(error, doing) from error
        except OSError as error:
            raise StoreUnavailableError(doing, str(error)) from error

    def translate(self, error: sqlite3.Error, doing: str) -> StoreError:
        """Return the store's error for one of SQLite's."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in _FULL:
            return StoreFullError(doing, str(error))
        if code & 0xFF in _DAMAGED:
            return StoreFormatError(
                self.path, f"cannot be read ({error})", "restore a backup, and check the disk"
            )
        return StoreUnavailableError(doing, str(error))

    @property
    def closed(self) -> bool:
        """Whether this process has nothing to close: it did, or it inherited the object."""
        return self._closed or self.inherited

    @property
    def inherited(self) -> bool:
        """Whether this is the copy that a forked child got."""
        return self._pid != os.getpid()

    def check_usable(self) -> None:
        """Raise `ForkedStoreError` in a forked child and `StoreClosedError` after `close`."""
        if self.inherited:
            raise ForkedStoreError(self._pid, os.getpid())
        if self._closed:
            raise StoreClosedError

    def close(self) -> None:
        """Close every connection that is not lent now, and lent ones when they come back."""
        if self.inherited:
            return
        self._closed = True
        for connections in (self._idle, self._writers):
            while connections:
                connections.pop().close()

    def leave_to_parent(self) -> None:
        """Let go of all connections without closing them: a forked child does."""
        _inherited.extend((*self._idle, *self._writers))
        self._idle, self._writers = [], []

    def _connect(self) -> sqlite3.Connection:
        # Threads take turns on each connection: the pool and the writer's lock see to it.
        return sqlite3.connect(
            self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )

    def _borrow(self) -> sqlite3.Connection:
        self.check_usable()
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._idle.append(connection)
        if self._closed:
            self.close()

    def _prepare(self, directory: Path) -> None:
        """Create what is missing, one process at a time, and make it survive a power loss."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _create_private_file(self.path)
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                prepare(connection, self.path)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _make_private_directory(directory: Path) -> None:
    if directory.is_dir():
        return
    directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    _sync_directory(directory.parent)


def _create_private_file(path: Path) -> None:
    """Make an empty file if there is none.

    One that is there is not even opened: closing it again would drop every lock that another
    connection of this process has on it, and SQLite would lose its log to the next process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE))


def _sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a power loss."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _leave_all_to_parent() -> None:
    for database in tuple(_alive):
        database.leave_to_parent()


os.register_at_fork(after_in_child=_leave_all_to_parent)
