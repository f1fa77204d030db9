"""Every backend of the store, opened for one test and closed after it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from configsvc.store import Namespaces, Retention, Store
from configsvc.store.memory import MemoryStore
from configsvc.store.sqlite import SqliteStore
from tests.store.fakes import FakeClock, FakeTokens


class OpenStore(Protocol):
    """Opens an empty store of the backend under test."""

    def __call__(self, retention: Retention = ...) -> Store:
        """Return the store; it is closed when the test ends."""


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
def open_store(
    request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path
) -> Iterator[OpenStore]:
    """How to open a store of each backend in turn."""
    opened: list[Store] = []

    def open_one(retention: Retention = Retention()) -> Store:  # noqa: B008 (frozen)
        if request.param == "memory":
            opened.append(MemoryStore(clock, retention))
        else:
            opened.append(SqliteStore(tmp_path / f"data{len(opened)}", clock, retention=retention))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """An empty store of each backend in turn."""
    return open_store()


@pytest.fixture
def tokens() -> FakeTokens:
    """The source of epochs and nonces."""
    return FakeTokens()


@pytest.fixture
def namespaces(store: Store, clock: FakeClock, tokens: FakeTokens) -> Namespaces:
    """Namespaces on an empty store of each backend in turn."""
    return Namespaces(store, clock, tokens)
