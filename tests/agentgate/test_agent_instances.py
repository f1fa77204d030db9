"""Python agents that register, and those that call them: over sockets, through the real gate."""

import asyncio
from pathlib import Path

import pytest

from agents.python.tests.documents import document, encode
from configsvc.store.memory import MemoryStore
from configsvc_agent import Agent
from tests.agentgate.world import SCORE, Running, World, bundle, now, run, serving, settings, until


@pytest.fixture
def called() -> World:
    """The player engine calls the score engine, which declares no instance."""
    made = World(MemoryStore(now))
    body = document()
    body["outbound"][0]["discovery"]["instances"] = []
    made.publish({"player-engine": encode(body), "score-engine": bundle("score-engine", "x")})
    return made


class Fleet:
    """Agents of both services, started off the gate's loop; all stop in the end."""

    def __init__(self, world: World, directory: Path) -> None:
        self._world = world
        self._directory = directory
        self._agents: list[Agent] = []
        self._tokens = {"player-engine": world.token(), "score-engine": world.token(SCORE)}

    async def start(self, gate: Running, service: str, port: int | None = None) -> Agent:
        """Start one, registered at a port where one is given."""
        agent = Agent(
            service,
            url=f"http://127.0.0.1:{gate.port}",
            token=self._tokens[service],
            namespace="prod",
            cache_dir=self._directory / service,
        )
        if port is not None:
            agent.register(port=port, labels={"zone": "a"})
        self._agents.append(agent)
        return await asyncio.to_thread(agent.start)

    async def stop(self) -> None:
        """Stop all of them."""
        for agent in self._agents:
            await asyncio.to_thread(agent.stop)


def addresses(caller: Agent) -> tuple[str, ...]:
    """Whom a caller chooses from."""
    balancer = caller.balancer("score-engine")
    return () if balancer is None else balancer.addresses


@pytest.mark.conformance("register-listed")
def test_registered_agent_is_called_until_it_stops(called: World, tmp_path: Path) -> None:
    """It need not know its own address, and its clean stop is heard at once."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            fleet = Fleet(called, tmp_path)
            caller = await fleet.start(gate, "player-engine")
            one = await fleet.start(gate, "score-engine", 8001)
            two = await fleet.start(gate, "score-engine", 8002)
            assert await asyncio.to_thread(one.wait_registered, 5)
            await until(lambda: addresses(caller) == ("127.0.0.1:8001", "127.0.0.1:8002"))
            await asyncio.to_thread(one.stop)
            await until(lambda: addresses(caller) == ("127.0.0.1:8002",))
            two.deregister()
            await until(lambda: addresses(caller) == ())
            two.register(port=8003)
            await until(lambda: addresses(caller) == ("127.0.0.1:8003",))
            await fleet.stop()

    run(scenario())


@pytest.mark.conformance("instances-kept")
def test_restart_of_the_server_changes_nothing_for_callers(called: World, tmp_path: Path) -> None:
    """Nor does a start of the caller without it: the instances are on disk with the bundle."""

    async def scenario() -> None:
        fleet = Fleet(called, tmp_path)
        async with serving(called.store, settings(tmp_path)) as gate:
            caller = await fleet.start(gate, "player-engine")
            one = await fleet.start(gate, "score-engine", 8001)
            await until(lambda: addresses(caller) == ("127.0.0.1:8001",))
            await until((tmp_path / "player-engine/prod/player-engine/instances").exists)
        seen = {addresses(caller)}
        async with serving(called.store, settings(tmp_path)) as gate:
            again = await fleet.start(gate, "player-engine")
            assert addresses(again) == ("127.0.0.1:8001",), "from the disk, before any stream"
            seen.add(addresses(caller))
        await fleet.stop()
        assert seen == {("127.0.0.1:8001",)}
        assert not one.status().connected

    run(scenario())


@pytest.mark.conformance("register-refused")
def test_refused_registration_is_said_and_not_repeated(
    called: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An address that is not the agent's own, and in no network that is allowed."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            fleet = Fleet(called, tmp_path)
            one = await fleet.start(gate, "score-engine")
            one.register(port=8001, host="10.0.0.1")
            await until(lambda: "address-not-allowed" in caplog.text)
            assert not one.wait_registered(0)
            await fleet.stop()
            assert caplog.text.count("address-not-allowed") == 1

    run(scenario())
