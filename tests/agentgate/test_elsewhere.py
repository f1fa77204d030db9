"""Where agents are told to go when a node stops."""

from pathlib import Path

import pytest

from configsvc.agentgate.elsewhere import Elsewhere
from configsvc.fleet import NodeRecord, node_records
from configsvc.store import StoreUnavailableError, layout
from configsvc.store.memory import MemoryStore
from tests.agentgate.world import World, now, run, serving, settings, until

OTHER = "https://b.example:8701"


def join(store: MemoryStore, name: str, agents: str) -> None:
    """Another node says where it is."""
    record = NodeRecord(name, "https://operators.example", "", "1", agents)
    node_records(store).put(layout.node(name), record)


def test_one_of_the_others_is_named() -> None:
    """Neither the node itself nor one that does not say where agents reach it."""
    store = MemoryStore(now)
    for name, agents in (("a", "https://a.example:8701"), ("b", OTHER), ("c", "")):
        join(store, name, agents)
    elsewhere = Elsewhere(store, "https://a.example:8701")
    assert elsewhere.url(lambda: 0.0) == ""
    elsewhere.look()
    assert [elsewhere.url(lambda at=at: at) for at in (0.0, 0.999)] == [OTHER, OTHER]


def test_a_store_that_is_away_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was there last is the best that is known."""
    store = MemoryStore(now)
    join(store, "b", OTHER)
    elsewhere = Elsewhere(store, "")
    elsewhere.look()

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("reading", "it is away")

    monkeypatch.setattr(store, "range", away)
    elsewhere.look()
    assert elsewhere.url(lambda: 0.5) == OTHER


def test_an_agent_is_told_where_to_go(tmp_path: Path) -> None:
    """The event that ends its stream names another node."""
    store = MemoryStore(now)
    world = World(store)
    world.text("player-engine", "one")
    join(store, "b", OTHER)

    async def scenario() -> None:
        async with serving(store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            await agent.event()
            await until(lambda: gate.gate._elsewhere.url(lambda: 0.0))
            gate.gate.drain()
            event = await agent.event()
            assert (event.kind, event.json["url"]) == ("drain", OTHER)

    run(scenario())
    store.close()
