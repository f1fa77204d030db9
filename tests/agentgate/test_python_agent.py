"""The Python agent against the real agent plane: what each promises the other, over sockets."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.python.tests.documents import document, encode
from configsvc.fleet import AckCounts, AgentState
from configsvc_agent import Agent, State
from tests.agentgate.world import Running, World, run, serving, settings, until


def bundle(overall: int) -> bytes:
    """A bundle of the player engine that an agent can obey; ``overall`` tells them apart."""
    body = document()
    body["outbound"][0]["other"]["timeout"]["overall"] = overall
    return encode(body)


class Agents:
    """Starts agents of the player engine; they share a cache."""

    def __init__(self, world: World, directory: Path) -> None:
        self._token = world.token()
        self._cache = directory / "cache"
        self._made: list[Agent] = []

    async def start(self, gate: Running, **options: Any) -> Agent:  # noqa: ANN401 settings
        """Start one, off the loop on which the gate runs."""
        agent = Agent(
            "player-engine",
            url=f"http://127.0.0.1:{gate.port}",
            token=self._token,
            namespace="prod",
            cache_dir=self._cache,
            **options,
        )
        self._made.append(agent)
        return await asyncio.to_thread(agent.start)

    async def stop(self) -> None:
        """Stop all of them."""
        for agent in self._made:
            await asyncio.to_thread(agent.stop)


@pytest.fixture
def agents(world: World, tmp_path: Path) -> Iterator[Agents]:
    """Agents that are stopped while their gate still runs, or here at the latest."""
    made = Agents(world, tmp_path)
    yield made
    asyncio.run(made.stop())


def holds(agent: Agent, overall: int) -> bool:
    """Whether the bundle with ``overall`` is in force and confirmed by the server."""
    limit = agent.explain("score-engine", "*").policy.timeout.overall
    return limit == overall and agent.state is State.READY


async def acknowledged(world: World, revision: int, state: AgentState, count: int) -> AckCounts:
    """What the fleet reported about a revision, once so many agents are in the state."""

    def found() -> AckCounts | None:
        counts = world.acks(revision)
        return counts if counts is not None and counts.count(state) == count else None

    await until(found)
    counts = found()
    assert counts is not None
    return counts


def test_publish_is_applied_and_acknowledged(world: World, tmp_path: Path, agents: Agents) -> None:
    """The bundle is in force in the service, and the change counts as applied."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            world.publish({"player-engine": bundle(1)})
            agent = await agents.start(gate)
            await until(lambda: holds(agent, 1))
            revision = world.publish({"player-engine": bundle(2)})
            await until(lambda: holds(agent, 2))
            counts = await acknowledged(world, revision, AgentState.APPLIED, 1)
            assert counts.targeted == 1
            assert agent.status().revision == revision
            await agents.stop()

    run(scenario())


def test_rejection_reaches_the_server_with_its_reason(
    world: World, tmp_path: Path, agents: Agents
) -> None:
    """What the agent cannot obey is told in its own words, and the next bundle is taken."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            world.publish({"player-engine": bundle(1)})
            agent = await agents.start(gate)
            await until(lambda: holds(agent, 1))
            revision = world.publish({"player-engine": b'{"format":9}'})
            counts = await acknowledged(world, revision, AgentState.REJECTED, 1)
            (reason,) = counts.reasons
            assert "/format: must be an integer from 1 to 1, got 9" in reason
            assert agent.state is State.STALE
            world.publish({"player-engine": bundle(2)})
            await until(lambda: holds(agent, 2))
            await agents.stop()

    run(scenario())


def test_restarted_agent_is_ready_at_once(world: World, tmp_path: Path, agents: Agents) -> None:
    """It says what it holds and is told that this is right, without waiting for a heartbeat."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            world.publish({"player-engine": bundle(1)})
            await until(lambda: gate.gate.in_force("prod"))
            first = await agents.start(gate)
            await until(lambda: holds(first, 1))
            await agents.stop()
            pushes = gate.gate.counters["pushes"]
            again = await agents.start(gate)
            await until(lambda: holds(again, 1))
            assert gate.gate.counters["pushes"] == pushes
            await agents.stop()

    run(scenario())


def test_service_that_goes_and_comes_back(world: World, tmp_path: Path, agents: Agents) -> None:
    """Its agents keep the last good bundle, say so, and follow when it returns."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            world.publish({"player-engine": bundle(1)})
            agent = await agents.start(gate)
            await until(lambda: holds(agent, 1))
            world.publish({}, drop=frozenset({"player-engine"}))
            await until(lambda: agent.state is State.STALE)
            assert agent.status().reason == "the service no longer exists in the namespace"
            assert agent.explain("score-engine").policy.timeout.overall == 1
            world.publish({"player-engine": bundle(2)})
            await until(lambda: holds(agent, 2))
            await agents.stop()

    run(scenario())


def test_server_that_stops_and_starts(world: World, tmp_path: Path, agents: Agents) -> None:
    """A drained agent keeps what it has; with another server it goes on from there."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            world.publish({"player-engine": bundle(1)})
            first = await agents.start(gate)
            await until(lambda: holds(first, 1))
        await until(lambda: not first.status().connected)
        assert first.explain("score-engine").policy.timeout.overall == 1
        assert first.status().reason == ""
        await agents.stop()
        world.publish({"player-engine": bundle(2)})
        async with serving(world.store, settings(tmp_path)) as gate:
            second = await agents.start(gate)
            await until(lambda: holds(second, 2))
            await agents.stop()

    run(scenario())


def test_two_processes_of_a_service_are_two_agents(
    world: World, tmp_path: Path, agents: Agents
) -> None:
    """Both are counted, under names of their own."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            world.publish({"player-engine": bundle(1)})
            pair = [await agents.start(gate), await agents.start(gate)]
            await until(lambda: all(holds(agent, 1) for agent in pair))
            revision = world.publish({"player-engine": bundle(2)})
            await until(lambda: all(holds(agent, 2) for agent in pair))
            await acknowledged(world, revision, AgentState.APPLIED, 2)
            assert len({agent.status().instance for agent in pair}) == 2
            await agents.stop()

    run(scenario())
