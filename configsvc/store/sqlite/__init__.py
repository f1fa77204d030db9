"""The embedded store: one SQLite file that several processes of one machine share."""

from configsvc.store.sqlite._store import SqliteStore

__all__ = ["SqliteStore"]
