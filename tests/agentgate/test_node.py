"""The agent plane as it runs in production: real processes, SQLite, real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from configsvc.fleet import AgentState, ask_metrics, ask_nodes
from configsvc.store.sqlite import SqliteStore
from tests.agentgate.node import node
from tests.agentgate.world import Agents, World, bundle, bundle_target, now, run, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two services in prod, in SQLite, written by this process as the operator plane would."""
    store = SqliteStore(tmp_path, now)
    made = World(store)
    made.text("player-engine", "one")
    made.text("score-engine", "one")
    yield made
    store.close()


def test_from_commit_to_acknowledgement_and_drain(world: World, tmp_path: Path) -> None:
    """A commit in one process reaches an agent of another, and its answer comes back."""

    async def scenario(agents: Agents) -> None:
        agent = await agents.stream(world.token())
        await agent.applied(await agent.event())
        revision = world.publish({"player-engine": bundle("player-engine", "two")})
        event = await agent.event()
        assert event.bundle == bundle("player-engine", "two")
        assert (await agent.applied(event)).status == 204
        await until(lambda: (acks := world.acks(revision)) and acks.count(AgentState.APPLIED) == 1)
        (row,) = ask_nodes(running.run_directory, "prod").rows
        assert (row.state, row.version) == (AgentState.APPLIED, revision)
        assert (await agents.get(bundle_target(), world.token())).body == event.bundle
        running.process.terminate()
        assert (await agent.event()).kind == "drain"
        assert await agent.client.ended()
        agents.close()

    with node(tmp_path) as running:
        run(scenario(Agents(running.port)))
        assert running.process.wait(20) == 0
        assert ask_metrics(running.run_directory).incomplete == ()
        assert list(running.run_directory.iterdir()) == []
