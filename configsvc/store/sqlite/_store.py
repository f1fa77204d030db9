"""The store on one SQLite file in WAL mode, shared by the processes of one machine.

Reads take a connection from a pool and see one revision; writes go through one writer that
commits those of several threads together. Processes exclude each other by SQLite's own locks and
wake each other's watches by datagrams.

Lock order: none is held while another is taken. The writer's turn is held while committing, a
watch's own lock while it waits, and the lock of the set of watches for a moment.
"""

import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final
from weakref import WeakSet

from configsvc.store._admission import admit, admit_lookup, pack, unpack
from configsvc.store._json import encode
from configsvc.store.api import (
    BlobStamp,
    Clock,
    Digest,
    Entry,
    Reading,
    Retention,
    Transaction,
)
from configsvc.store.errors import BlobNotFoundError
from configsvc.store.sqlite._database import Database
from configsvc.store.sqlite._keys import beyond
from configsvc.store.sqlite._wake import WakeDirectory
from configsvc.store.sqlite._watch import SqliteWatch
from configsvc.store.sqlite._writer import GroupWriter

_DEFAULT_RETENTION: Final = Retention()
_BUSY_TIMEOUT: Final = 10_000_000

_GET = "SELECT key, value, mod_revision FROM entry WHERE key = ?"
_GET_MANY = """
SELECT key, value, mod_revision FROM entry
WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key
"""
_FORWARD = """
SELECT key, value, mod_revision FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ?
"""
_FORWARD_AFTER = """
SELECT key, value, mod_revision FROM entry WHERE key > ? AND key < ? ORDER BY key LIMIT ?
"""
_REVERSE = """
SELECT key, value, mod_revision FROM entry WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?
"""
_GET_BLOBS = "SELECT digest, data FROM blob WHERE digest IN (SELECT value FROM json_each(?))"
_BLOB_INDEX = """
SELECT digest, stored_at, stamp, length(data) FROM blob
WHERE digest > ? AND stored_at < ? ORDER BY digest LIMIT ?
"""


class SqliteStore:
    """A `Store` in the directory `data`, which is created if need be.

    `max_bytes` bounds the size of the file (None: the disk does), `busy_timeout` is how long an
    operation waits for another process, in microseconds. Raises `StoreFormatError` for a file
    that is damaged, foreign or newer, and `StoreUnavailableError` where it cannot be opened.
    """

    def __init__(
        self,
        data: Path,
        clock: Clock,
        *,
        retention: Retention = _DEFAULT_RETENTION,
        max_bytes: int | None = None,
        busy_timeout: int = _BUSY_TIMEOUT,
    ) -> None:
        self._database = Database(data, busy_timeout, max_bytes)
        with self._database.translating(f"opening {data}"):
            self._wakes = WakeDirectory(data / "wake")
        self._writer = GroupWriter(self._database, clock, retention, self._wakes.ring_all)
        self._watches: WeakSet[SqliteWatch] = WeakSet()
        self._watching = threading.Lock()

    def revision(self) -> int:
        """See `Store.revision`."""
        with self._database.reading("reading the revision") as connection:
            revision: int = connection.execute("SELECT revision FROM state").fetchone()[0]
            return revision

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        with self._database.reading(f"reading {key!r}") as connection:
            row = connection.execute(_GET, (key,)).fetchone()
        return Entry(*row) if row else None

    def get_many(self, keys: Collection[str]) -> Reading:
        """See `Store.get_many`."""
        admit_lookup(keys)
        return self._read("reading keys", _GET_MANY, (encode([*keys]).decode(),))

    def range(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Reading:
        """See `Store.range`."""
        doing, count = f"reading under {prefix!r}", -1 if limit is None else limit
        low, high = prefix, beyond(prefix)
        if after is None or after < prefix:
            statement = _REVERSE if reverse else _FORWARD
            high = "" if reverse and after is not None else high
        elif reverse:
            statement = _REVERSE
            high = min(high, after) if isinstance(high, str) else after
        else:
            statement, low = _FORWARD_AFTER, after
        return self._read(doing, statement, (low, high, count))

    def commit(self, transaction: Transaction) -> int:
        """See `Store.commit`."""
        blobs = admit(transaction)
        return self._writer.run(lambda ledger: ledger.commit(transaction, blobs))

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """See `Store.put_blobs`."""
        packed = pack(blobs)
        self._writer.run(lambda ledger: ledger.put_blobs(packed))

    def get_blob(self, digest: Digest) -> bytes:
        """See `Store.get_blob`."""
        return self.get_blobs((digest,))[digest]

    def get_blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """See `Store.get_blobs`."""
        with self._database.reading("reading blobs") as connection:
            packed = dict(connection.execute(_GET_BLOBS, (encode([*digests]).decode(),)))
        for digest in digests:
            if digest not in packed:
                raise BlobNotFoundError(digest)
        return {digest: unpack(digest, packed[digest]) for digest in digests}

    def blob_index(
        self, *, older_than: int, after: Digest | None = None, limit: int = 1000
    ) -> tuple[BlobStamp, ...]:
        """See `Store.blob_index`."""
        with self._database.reading("listing blobs") as connection:
            rows = connection.execute(_BLOB_INDEX, (after or "", older_than, limit)).fetchall()
        return tuple(BlobStamp(*row) for row in rows)

    def delete_blobs(self, stamps: Collection[BlobStamp]) -> int:
        """See `Store.delete_blobs`."""
        return self._writer.run(lambda ledger: ledger.delete_blobs(stamps))

    def watch(self, prefix: str, after_revision: int) -> SqliteWatch:
        """See `Store.watch`."""
        self._database.check_usable()
        with self._database.translating(f"watching {prefix!r}"):
            bell = self._wakes.bell()
        watch = SqliteWatch(self._database, bell, prefix, after_revision, self._forget)
        try:
            watch.check()
        except BaseException:
            watch.close()
            raise
        with self._watching:
            self._watches.add(watch)
        return watch

    def close(self) -> None:
        """See `Store.close`."""
        if self._database.closed:
            return
        with self._watching:
            watches = tuple(self._watches)
        for watch in watches:
            watch.close()
        self._writer.close()
        self._wakes.close()

    def _forget(self, watch: SqliteWatch) -> None:
        with self._watching:
            self._watches.discard(watch)

    def _read(self, doing: str, statement: str, parameters: tuple[object, ...]) -> Reading:
        with self._database.reading(doing) as connection:
            revision = connection.execute("SELECT revision FROM state").fetchone()[0]
            rows = connection.execute(statement, parameters).fetchall()
        return Reading(revision, tuple(Entry(*row) for row in rows))
