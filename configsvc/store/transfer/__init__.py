"""Copies of a store: into another one, into a file, and back."""

from configsvc.store.transfer.backup import BackupError, read_backup, write_backup
from configsvc.store.transfer.copying import (
    Copied,
    Copy,
    NothingToCopyError,
    TargetNotEmptyError,
    UnsettledSourceError,
    migrate,
    pour,
    read_copy,
)

__all__ = [
    "BackupError",
    "Copied",
    "Copy",
    "NothingToCopyError",
    "TargetNotEmptyError",
    "UnsettledSourceError",
    "migrate",
    "pour",
    "read_backup",
    "read_copy",
    "write_backup",
]
