"""The record on disk is whole or not loaded, and never replaced by an older one."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.python.tests.documents import digest
from configsvc_agent import cache as cache_module
from configsvc_agent.cache import (
    MAX_REJECTED,
    Cache,
    CacheError,
    DamagedCacheError,
    Position,
    Record,
)

DATA = b'{"format":1}'


def record(version: int, *, epoch: str = "e1", data: bytes = DATA) -> Record:
    """A record at ``version``."""
    return Record(Position(epoch, version, digest(data), version, "3"), data)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """A cache without anything in it."""
    return Cache(tmp_path, namespace="prod", service="player-engine")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the record is."""
    return tmp_path / "prod" / "player-engine" / "bundle"


def test_what_is_stored_is_loaded(cache: Cache) -> None:
    """A record comes back with its position and its bytes, newlines included."""
    stored = record(7, data=b"line\nline\n")

    assert cache.store(stored)
    assert cache.load() == stored
    assert stored.position.event_id == "e1.7.3"


def test_nothing_stored_is_nothing_loaded(cache: Cache) -> None:
    """An empty directory is no error."""
    assert cache.load() is None


def test_only_the_owner_may_read(cache: Cache, file: Path) -> None:
    """Bundles name hosts and policies: directory and file are the owner's alone."""
    cache.store(record(1))

    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.conformance("cache-damaged")
def test_cut_off_at_any_byte_it_is_not_loaded(cache: Cache, file: Path) -> None:
    """Every proper prefix of a record is seen to be damaged and set aside."""
    cache.store(record(1))
    whole = file.read_bytes()

    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(DamagedCacheError, match=r"kept as bundle\.damaged and not loaded"):
            cache.load()
        assert not file.exists()
        assert file.with_suffix(".damaged").read_bytes() == whole[:length]


@pytest.mark.conformance("cache-damaged")
def test_with_any_bit_flipped_it_is_not_loaded(cache: Cache, file: Path) -> None:
    """A single bit is enough."""
    cache.store(record(1))
    whole = file.read_bytes()

    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        with pytest.raises(DamagedCacheError):
            cache.load()


@pytest.mark.conformance("cache-damaged")
def test_a_damaged_record_may_be_replaced(cache: Cache, file: Path) -> None:
    """Damage does not count as a newer version."""
    cache.store(record(9))
    file.write_bytes(b"damage")

    assert cache.store(record(1))
    assert cache.load() == record(1)


@pytest.mark.conformance("cache-older")
@pytest.mark.parametrize(
    ("held", "offered", "reset", "expected"),
    [
        (record(5), record(4), False, False),
        (record(5), record(5), False, True),
        (record(5), record(6), False, True),
        (record(5), record(4), True, True),
        (record(5), record(4, epoch="e2"), False, True),
    ],
)
def test_an_older_version_of_the_same_epoch_is_not_stored(
    cache: Cache, held: Record, offered: Record, *, reset: bool, expected: bool
) -> None:
    """Only a reset, or another epoch, may lower the version."""
    cache.store(held)

    assert cache.store(offered, reset=reset) is expected
    assert cache.load() == (offered if expected else held)


@pytest.mark.conformance("cache-shared")
def test_processes_that_write_at_once_leave_the_newest(cache: Cache, tmp_path: Path) -> None:
    """Four processes store versions in a random order: the highest one stays, whole."""
    script = """
import random, sys
from pathlib import Path
from configsvc_agent.cache import Cache, Position, Record
cache = Cache(Path(sys.argv[1]), namespace="prod", service="player-engine")
versions = list(range(1, 31))
random.Random(int(sys.argv[2])).shuffle(versions)
for version in versions:
    cache.store(Record(Position("e1", version, "d", version), b"x" * 4000))
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(seed)])
        for seed in range(4)
    ]

    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    loaded = cache.load()
    assert loaded is not None
    assert (loaded.position.version, loaded.data) == (30, b"x" * 4000)


def test_a_process_that_holds_the_lock_does_not_stop_the_others_for_ever(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience the store is given up with a reason."""
    monkeypatch.setattr(cache_module, "LOCK_PATIENCE", 0.05)
    cache.store(record(1))
    script = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    lock = tmp_path / "prod" / "player-engine" / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"

    with pytest.raises(CacheError, match="is held by another process"):
        cache.store(record(2))
    holder.communicate()
    assert cache.store(record(2))


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 100 bytes, as on a disk without space."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal  # noqa: PLC0415  only here

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.conformance("cache-full")
def test_without_space_what_was_there_stays(
    cache: Cache, file: Path, request: pytest.FixtureRequest
) -> None:
    """A write that fails half-way leaves the old record and no debris."""
    cache.store(record(1))
    request.getfixturevalue("full_disk")

    with pytest.raises(CacheError, match="cannot be written"):
        cache.store(record(2, data=b"x" * 4000))
    assert cache.load() == record(1)
    assert sorted(path.name for path in file.parent.iterdir()) == ["bundle", "lock"]


def test_a_crash_between_write_and_rename_leaves_the_old_record(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new record counts only once it has the record's name."""
    cache.store(record(1))

    def crash(*_: object) -> None:
        raise OSError(errno.EIO, "the disk went away")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(CacheError, match="the disk went away"):
        cache.store(record(2))
    monkeypatch.undo()

    assert cache.load() == record(1)


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A reason, not a crash."""
    (tmp_path / "prod").write_text("in the way")

    with pytest.raises(CacheError, match="cannot be written"):
        Cache(tmp_path, namespace="prod", service="s").store(record(1))


class TestRejected:
    """Digests that are not to be tried again."""

    def test_they_survive_a_restart_with_their_reason(self, cache: Cache, tmp_path: Path) -> None:
        """Another object on the same directory knows them."""
        cache.reject("d1", "0.1", "too new")

        again = Cache(tmp_path, namespace="prod", service="player-engine")
        assert again.rejected("0.1") == {"d1": "too new"}

    def test_another_agent_version_tries_again(self, cache: Cache) -> None:
        """An update may have learned what was missing."""
        cache.reject("d1", "0.1", "too new")

        assert cache.rejected("0.2") == {}

    def test_the_oldest_make_room(self, cache: Cache) -> None:
        """The set is bounded."""
        for number in range(MAX_REJECTED + 3):
            cache.reject(f"d{number}", "0.1", "why")

        known = cache.rejected("0.1")
        assert len(known) == MAX_REJECTED
        assert "d2" not in known
        assert "d3" in known

    @pytest.mark.parametrize("junk", [b"", b"[]", b"{", b'{"d":1}', b"[" * 9999])
    def test_a_damaged_set_is_an_empty_one(self, cache: Cache, file: Path, junk: bytes) -> None:
        """Losing the set costs one more try, no more."""
        cache.reject("d1", "0.1", "why")
        file.with_name("rejected").write_bytes(junk)

        assert cache.rejected("0.1") == {}


def test_what_another_process_stored_is_not_written_again(tmp_path: Path) -> None:
    """Of many processes that store the same bundle, only the first writes and syncs it."""
    first, second = (Cache(tmp_path, namespace="prod", service="shop") for _ in range(2))
    assert first.store(record(3))
    file = tmp_path / "prod" / "shop" / "bundle"
    written = file.stat().st_ino

    assert second.store(record(3))

    assert file.stat().st_ino == written
