"""Every backend of the store, opened for one test and closed after it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from configsvc.store import Namespaces, Retention, Store
from configsvc.store.memory import MemoryStore
from configsvc.store.sqlite import SqliteStore
from tests.etcds import EtcdCluster, etcd_cluster
from tests.store.fakes import FakeClock, FakeTokens, open_etcd

external = pytest.mark.external("etcd")


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
    """How to open a store of each backend that keeps its own log, in turn."""
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


@pytest.fixture(scope="session")
def etcd() -> Iterator[EtcdCluster]:
    """One etcd for everything that does it no harm: each test has a root of its own."""
    with etcd_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def etcds() -> Iterator[EtcdCluster]:
    """Three members for everything that does them no harm."""
    with etcd_cluster(3) as cluster:
        yield cluster


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("etcd", marks=external),
        pytest.param("etcds", marks=external),
    ]
)
def store(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each backend in turn."""
    if request.param == "memory":
        opened: Store = MemoryStore(clock)
    elif request.param == "sqlite":
        opened = SqliteStore(tmp_path / "data", clock)
    else:
        opened = open_etcd(request.getfixturevalue(request.param), clock)
    with closing(opened):
        yield opened


@pytest.fixture
def tokens() -> FakeTokens:
    """The source of epochs and nonces."""
    return FakeTokens()


@pytest.fixture
def namespaces(store: Store, clock: FakeClock, tokens: FakeTokens) -> Namespaces:
    """Namespaces on an empty store of each backend in turn."""
    return Namespaces(store, clock, tokens)
