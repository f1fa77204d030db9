"""Stores for the suites of the agent plane."""

from collections.abc import Iterator

import pytest

from configsvc.store.memory import MemoryStore
from tests.agentgate.world import World, now


@pytest.fixture
def world() -> Iterator[World]:
    """Two services in prod, in memory."""
    store = MemoryStore(now)
    made = World(store)
    made.text("player-engine", "one")
    made.text("score-engine", "one")
    yield made
    store.close()
