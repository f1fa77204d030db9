"""A data directory, and the store in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from configsvc.store.sqlite import SqliteStore
from tests.store.fakes import FakeClock

Open = Callable[..., SqliteStore]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture
def open_again(data: Path, clock: FakeClock) -> Iterator[Open]:
    """Open the data directory as one more process would; all are closed after the test."""
    opened: list[SqliteStore] = []

    def open_one(directory: Path = data, **options: object) -> SqliteStore:
        opened.append(SqliteStore(directory, clock, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again: Open) -> SqliteStore:
    """An empty store."""
    return open_again()
