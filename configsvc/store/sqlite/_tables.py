"""The tables of the file, and which files are refused."""

import sqlite3
from pathlib import Path
from typing import Final

from configsvc.store.errors import StoreFormatError

SCHEMA_VERSION: Final = 1
"""Written into each file; a file with a higher one was made by a newer version."""

_APPLICATION_ID: Final = 0x63667376  # "cfsv": tells our files from other SQLite files

_TABLES: Final = """
CREATE TABLE schema_version (
    version INTEGER NOT NULL
);
CREATE TABLE state (               -- one row: how far the store is
    revision INTEGER NOT NULL,     -- of the newest transaction
    compacted INTEGER NOT NULL,    -- the log begins after this revision
    stamp INTEGER NOT NULL         -- of the newest blob put
);
CREATE TABLE entry (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    mod_revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE log (                 -- what watches are told; value is NULL for a delete
    revision INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    value BLOB,
    PRIMARY KEY (revision, key)
) WITHOUT ROWID;
CREATE TABLE blob (
    digest TEXT PRIMARY KEY,
    stamp INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    data BLOB NOT NULL             -- last, so that the index above is read without it
);
INSERT INTO state VALUES (0, 0, 0);
"""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables in an empty file; refuse a file that is not ours or is newer."""
    if _is_empty(connection):
        _create(connection)
        return
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise StoreFormatError(
            path, "is an SQLite file of another program", "name another data directory"
        )
    version = connection.execute("SELECT version FROM schema_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreFormatError(
            path,
            f"was written by a newer version (schema {version}, known up to {SCHEMA_VERSION})",
            "run that version, or restore a backup made before the upgrade",
        )


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _create(connection: sqlite3.Connection) -> None:
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES}")
    connection.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute("COMMIT")
