"""What a relay keeps on disk."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.relay import BlobCache, StateFile
from configsvc.relay.disk import CacheError
from tests.store.fakes import digest

ENTRIES = {"/a": "1", "/b": "2"}


def test_keys_are_read_as_they_were_written(tmp_path: Path) -> None:
    """The last ones win; without a file there are none."""
    file = StateFile(tmp_path / "state")
    assert file.read() == {}
    file.write({"/a": "0"})
    file.write(ENTRIES)
    assert StateFile(tmp_path / "state").read() == ENTRIES
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_file_counts_as_none(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    """Cut off, or with a byte changed: bad keys are never read."""
    path = tmp_path_factory.mktemp("relay") / "state"
    StateFile(path).write(ENTRIES)
    data = path.read_bytes()
    at %= len(data)
    path.write_bytes(data[:at])
    assert StateFile(path).read() == {}
    changed = data[:at] + bytes([byte]) + data[at + 1 :]
    path.write_bytes(changed)
    assert StateFile(path).read() == (ENTRIES if changed == data else {})


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    """The error names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="file/blobs cannot be used as the relay's cache"):
        BlobCache(tmp_path / "file" / "blobs")


def test_blobs_survive_a_restart(tmp_path: Path) -> None:
    """By their digest."""
    BlobCache(tmp_path).put(digest(b"one"), b"one")
    assert BlobCache(tmp_path).get(digest(b"one")) == b"one"
    assert BlobCache(tmp_path).get(digest(b"two")) is None


def test_what_is_no_digest_names_no_file(tmp_path: Path) -> None:
    """A path, relative or absolute, is neither read nor deleted as a damaged blob."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    cache = BlobCache(tmp_path / "blobs")
    for name in ("../victim", str(victim), "", "..", f"{digest(b'one')}\n"):
        assert cache.get(name) is None
    assert victim.read_bytes() == b"precious"


def test_a_damaged_blob_is_not_read(tmp_path: Path) -> None:
    """It is deleted, and fetched again."""
    cache = BlobCache(tmp_path)
    cache.put(digest(b"one"), b"one")
    (tmp_path / digest(b"one")).write_bytes(b"onE")
    assert cache.get(digest(b"one")) is None
    assert not (tmp_path / digest(b"one")).exists()


def test_the_longest_unused_make_room(tmp_path: Path) -> None:
    """What was read lately stays."""
    cache = BlobCache(tmp_path, largest=1_000)
    for number in range(10):
        data = bytes([number]) * 100
        cache.put(digest(data), data)
        os.utime(tmp_path / digest(data), (number, number))
    cache.get(digest(bytes([0]) * 100))
    cache.put(digest(b"x" * 200), b"x" * 200)
    assert cache.get(digest(bytes([0]) * 100)) is not None
    assert cache.get(digest(bytes([1]) * 100)) is None
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1_000
