"""Backups: a file that is whole is a copy, any other file is refused."""

import gzip
import stat
from pathlib import Path

import pytest

from configsvc.store import Namespaces, Staged, Store
from configsvc.store.memory import MemoryStore
from configsvc.store.transfer import BackupError, pour, read_backup, read_copy, write_backup
from configsvc.store.transfer.backup import BackupWriteError
from tests.store.fakes import FakeClock, FakeTokens


@pytest.fixture
def backup(store: Store, namespaces: Namespaces, clock: FakeClock, tmp_path: Path) -> Path:
    """A backup of a store with two revisions."""
    head = None
    for text in (b"1", b"2"):
        change = Staged("ann", "m", puts={"Retry/a": text}, bundles={"score": b"S" + text})
        head = namespaces.commit("prod", head, change).head
    path = tmp_path / "backup"
    write_backup(read_copy(store), path, clock)
    return path


def test_what_was_written_is_read(
    backup: Path, namespaces: Namespaces, clock: FakeClock, tokens: FakeTokens
) -> None:
    """By its owner alone, with history and bundles."""
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    target = MemoryStore(clock)
    copied = pour(read_backup(backup), target, tokens)
    assert copied.namespaces == ("prod",)
    restored = Namespaces(target, clock, tokens)
    assert restored.history("prod") == namespaces.history("prod")
    assert restored.bundle("prod", "score") == namespaces.bundle("prod", "score")
    assert restored.snapshot("prod", 1).documents() == {"Retry/a": b"1"}


def test_a_backup_cut_short_anywhere_is_refused(backup: Path, tmp_path: Path) -> None:
    """Compressed or not: the last line proves all the others."""
    content = gzip.decompress(backup.read_bytes())
    damaged = tmp_path / "damaged"
    for length in range(0, len(content), 97):
        damaged.write_bytes(gzip.compress(content[:length], 1))
        with pytest.raises(BackupError, match=r"is damaged or cut short .*nothing was written"):
            read_backup(damaged)
    damaged.write_bytes(backup.read_bytes()[:-9])
    with pytest.raises(BackupError):
        read_backup(damaged)


def test_a_changed_byte_is_found(backup: Path, tmp_path: Path) -> None:
    """Wherever it is."""
    content = gzip.decompress(backup.read_bytes())
    damaged = tmp_path / "damaged"
    for place in range(0, len(content), 89):
        changed = bytes((content[place] ^ 1,))
        damaged.write_bytes(gzip.compress(content[:place] + changed + content[place + 1 :], 1))
        with pytest.raises(BackupError):
            read_backup(damaged)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such file"),
        (b"no backup", "Not a gzipped file"),
        (gzip.compress(b'{"format":"configsvc-backup","version":2}\n'), "of version 1"),
        (gzip.compress(b"[]\n"), "is damaged"),
    ],
    ids=["missing", "text", "later", "list"],
)
def test_another_file_is_refused(content: bytes | None, reason: str, tmp_path: Path) -> None:
    """Also a backup of a later version."""
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BackupError, match=reason):
        read_backup(path)


def test_a_backup_that_cannot_be_written_leaves_the_former_one(
    store: Store, backup: Path, clock: FakeClock
) -> None:
    """And nothing half beside it."""
    before = backup.read_bytes()
    with pytest.raises(BackupWriteError, match="there is no backup"):
        write_backup(read_copy(store), backup / "below-a-file", clock)
    assert backup.read_bytes() == before
    assert list(backup.parent.glob(".*")) == []
