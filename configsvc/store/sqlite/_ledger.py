"""What writes do to the tables, inside one SQLite transaction."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator

from configsvc.store._admission import PackedBlob
from configsvc.store.api import ABSENT, BlobStamp, Compare, Retention, Transaction
from configsvc.store.errors import CompareFailedError

_PUT_ENTRY = """
INSERT INTO entry VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, mod_revision = excluded.mod_revision
"""
_PUT_BLOB = """
INSERT INTO blob VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE
SET stamp = excluded.stamp, stored_at = excluded.stored_at, data = excluded.data
"""


class Ledger:
    """The tables during one SQLite transaction, which the caller begins and ends.

    `now` is the instant that everything written here carries.
    """

    def __init__(self, connection: sqlite3.Connection, now: int, retention: Retention) -> None:
        self._connection = connection
        self._now = now
        self._retention = retention
        self._before: tuple[int, int, int] = connection.execute("SELECT * FROM state").fetchone()
        self._revision: int = self._before[0]
        self._compacted: int = self._before[1]
        self._stamp: int = self._before[2]

    def commit(self, transaction: Transaction, blobs: Iterable[PackedBlob]) -> int:
        """Write a transaction and return the revision; all compares come before all writes."""
        for compare in transaction.compares:
            self._check(compare)
        self.put_blobs(blobs)
        number = self._revision + 1
        events = [*self._puts(transaction, number), *self._deletes(transaction)]
        if events:
            rows = ((number, key, self._now, value) for key, value in events)
            self._connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
            self._revision = number
        return self._revision

    def put_blobs(self, blobs: Iterable[PackedBlob]) -> int:
        """Store blobs, each under a stamp of its own, and return the newest."""
        self._connection.executemany(_PUT_BLOB, self._stamped(blobs))
        return self._stamp

    def delete_blobs(self, stamps: Collection[BlobStamp]) -> int:
        """Delete the blobs that still carry these stamps and return how many did."""
        rows = ((stamp.digest, stamp.stamp) for stamp in stamps)
        statement = "DELETE FROM blob WHERE digest = ? AND stamp = ?"
        return max(0, self._connection.executemany(statement, rows).rowcount)

    def finish(self) -> bool:
        """Drop what the log need not keep, note how far it goes; True if a revision was made."""
        made = self._revision != self._before[0]
        if made:
            self._trim()
        state = (self._revision, self._compacted, self._stamp)
        if state != self._before:
            statement = "UPDATE state SET revision = ?, compacted = ?, stamp = ?"
            self._connection.execute(statement, state)
        return made

    def _check(self, compare: Compare) -> None:
        statement = "SELECT mod_revision FROM entry WHERE key = ?"
        row = self._connection.execute(statement, (compare.key,)).fetchone()
        seen = row[0] if row else ABSENT
        if seen != compare.mod_revision:
            raise CompareFailedError(compare.key, compare.mod_revision, seen)

    def _puts(self, transaction: Transaction, number: int) -> tuple[tuple[str, bytes], ...]:
        rows = ((key, value, number) for key, value in transaction.puts)
        self._connection.executemany(_PUT_ENTRY, rows)
        return transaction.puts

    def _deletes(self, transaction: Transaction) -> Iterator[tuple[str, None]]:
        for key in transaction.deletes:
            if self._connection.execute("DELETE FROM entry WHERE key = ?", (key,)).rowcount:
                yield key, None

    def _stamped(self, blobs: Iterable[PackedBlob]) -> Iterator[tuple[str, int, int, bytes]]:
        for blob in blobs:
            self._stamp += 1
            yield blob.digest, self._stamp, self._now, blob.data

    def _trim(self) -> None:
        floor = max(self._surplus(), self._outdated())
        if floor > self._compacted:
            self._connection.execute("DELETE FROM log WHERE revision <= ?", (floor,))
            self._compacted = floor

    def _surplus(self) -> int:
        """Return the last revision beyond the number to keep, once enough of them gathered."""
        floor = self._revision - self._retention.revisions
        gathered = floor - self._compacted
        return floor if gathered > self._retention.revisions // 16 else 0

    def _outdated(self) -> int:
        """Return the last revision before the first that is young enough."""
        statement = "SELECT revision FROM log WHERE at >= ? ORDER BY revision LIMIT 1"
        row = self._connection.execute(statement, (self._now - self._retention.age,)).fetchone()
        youngest: int = row[0] if row else self._revision + 1
        return youngest - 1
