"""What users of other systems complain about, named after their threads."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from configsvc.fleet import AgentState
from configsvc.store.sqlite import SqliteStore
from tests.agentgate.world import (
    World,
    bundle,
    bundle_target,
    digest_of,
    now,
    outcome,
    run,
    serving,
    settings,
    until,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two services in prod, on disk."""
    made = World(SqliteStore(tmp_path / "data", now))
    made.text("player-engine", "one")
    made.text("score-engine", "one")
    return made


@pytest.fixture(autouse=True)
def _close(world: World) -> object:
    yield
    world.store.close()


def test_agollo_164_cursor_moves_only_with_what_is_held(world: World, tmp_path: Path) -> None:
    """An agent that was sent a change and did not take it is sent it again when it returns."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agent = await gate.stream(token)
            held = await agent.bundle()
            world.text("player-engine", "two")
            await agent.bundle()  # arrives, and is lost in a crash before it is stored
            agent.close()
            again = await gate.stream(token, last_event_id=held.id, digest=held.json["digest"])
            assert (await again.bundle()).bundle == bundle("player-engine", "two")

    run(scenario())


def test_nacos_11518_the_publisher_dies_before_it_tells_anybody(
    world: World, tmp_path: Path
) -> None:
    """A change that is committed reaches everybody, though its process never said a word."""
    program = (
        "import os, socket, sys\n"
        "from pathlib import Path\n"
        "from configsvc.store.sqlite import SqliteStore\n"
        "from tests.agentgate.world import World, now\n"
        "world = World(SqliteStore(Path(sys.argv[1]), now))\n"
        "socket.socket.sendto = lambda *_: os.kill(os.getpid(), 9)\n"
        "world.text('player-engine', 'two')\n"
    )

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            await agent.bundle()
            died = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", program, str(tmp_path / "data")],
                cwd=Path(__file__).parents[2], check=False,
            )  # fmt: skip
            assert died.returncode == -9
            assert (await agent.bundle()).bundle == bundle("player-engine", "two")

    run(scenario())


def test_apollo_1000_a_push_fails_silently(world: World, tmp_path: Path) -> None:
    """The heartbeat names what should be held, so a lost push is found within one of them."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, heartbeat=50_000)) as gate:
            token = world.token()
            agent = await gate.stream(token)
            await agent.bundle()
            gate.gate.hub.tell = lambda *_: None  # type: ignore[method-assign]
            digest = world.text("player-engine", "two")
            while (beat := await agent.event()).json["digest"] != digest:
                assert beat.kind == "heartbeat"
            fetched = await gate.get(bundle_target(digest=digest), token)
            assert digest_of(fetched.body) == digest

    run(scenario())


def test_istio_30498_a_refusal_is_no_success(world: World, tmp_path: Path) -> None:
    """It counts as rejected, with its reason, in the record of the change and in the fleet."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            await agent.applied(await agent.bundle())
            revision = world.publish({"player-engine": bundle("player-engine", "bad")})
            await agent.report(outcome(await agent.bundle(), "rejected", "no such class"))
            await until(lambda: (c := world.acks(revision)) and c.count(AgentState.REJECTED) == 1)
            counts = world.acks(revision)
            assert counts is not None
            assert counts.count(AgentState.APPLIED) == 0
            assert dict(counts.reasons) == {"no such class": 1}
            (row,) = gate.gate.presence.roster.rows("prod")
            assert (row.state, row.reason) == (AgentState.REJECTED, "no such class")

    run(scenario())


def test_go_control_plane_962_what_was_rejected_is_not_sent_in_a_loop(
    world: World, tmp_path: Path
) -> None:
    """After a refusal only heartbeats come, until there is something else."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, heartbeat=20_000)) as gate:
            agent = await gate.stream(world.token())
            event = await agent.bundle()
            await agent.report(outcome(event, "rejected", "no"))
            kinds = [(await agent.event()).kind for _ in range(5)]
            assert kinds == ["heartbeat"] * 5
            assert gate.gate.counters["pushes"] == 1

    run(scenario())


def test_opa_4338_it_is_known_whether_all_have_a_change(world: World, tmp_path: Path) -> None:
    """Targeted, applied and who is missing, of every change."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agents = [await gate.stream(token, instance=f"i{number}") for number in range(3)]
            for agent in agents:
                await agent.applied(await agent.bundle())
            revision = world.publish({"player-engine": bundle("player-engine", "two")})
            for agent in agents[:2]:
                await agent.applied(await agent.bundle())
            await until(lambda: (c := world.acks(revision)) and c.count(AgentState.APPLIED) == 2)
            counts = world.acks(revision)
            assert counts is not None
            assert (counts.targeted, [each.instance for each in counts.laggards]) == (3, ["i2"])

    run(scenario())


def test_istio_41494_what_was_deleted_meanwhile_does_not_survive(
    world: World, tmp_path: Path
) -> None:
    """A bundle is whole: who was away gets it without what is gone, and no list of differences."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agent = await gate.stream(token)
            held = await agent.bundle()
            agent.close()
            for text in ("with a callee", "without it"):
                revision = world.publish({"player-engine": bundle("player-engine", text)})
                await gate.caught_up(revision)
            again = await gate.stream(token, last_event_id=held.id, digest=held.json["digest"])
            assert (await again.bundle()).bundle == bundle("player-engine", "without it")

    run(scenario())


def test_consul_7939_a_version_that_goes_backwards_is_told_once(
    world: World, tmp_path: Path
) -> None:
    """After a restored backup the older bundle is sent marked, once; nobody spins."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, heartbeat=20_000)) as gate:
            agent = await gate.stream(world.token(), last_event_id="other.99.0", digest="f" * 64)
            event = await agent.event()
            while event.kind == "heartbeat":
                event = await agent.event()
            assert (event.kind, event.json["reset"]) == ("bundle", True)
            assert [(await agent.event()).kind for _ in range(4)] == ["heartbeat"] * 4
            assert gate.gate.counters["pushes"] == 1

    run(scenario())


def test_nacos_9245_connections_do_not_stay_on_one_node(world: World, tmp_path: Path) -> None:
    """Streams end now and then by the server's word, so a fleet spreads over what was restarted."""

    async def scenario() -> None:
        chosen = replace(settings(tmp_path, heartbeat=20_000), stream_lifetime=20_000)
        async with serving(world.store, chosen) as gate:
            agent = await gate.stream(world.token())
            await agent.bundle()
            assert (await agent.event()).kind == "drain"
            assert await agent.client.ended()

    run(scenario())


def test_istio_58100_a_herd_is_told_to_spread_before_it_runs(world: World, tmp_path: Path) -> None:
    """Each heartbeat says how long to wait after a crash: another time for each agent."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, heartbeat=100_000)) as gate:
            token = world.token()
            agents = [await gate.stream(token, instance=f"i{number}") for number in range(60)]
            retries = []
            for agent in agents:
                while (event := await agent.event()).kind != "heartbeat":
                    pass
                retries.append(event.retry)
            assert all(retry is not None and 0 <= retry <= 60 for retry in retries)
            assert len(set(retries)) > 10

    run(scenario())


def test_etcd_16839_one_that_does_not_read_costs_the_others_nothing(
    world: World, tmp_path: Path
) -> None:
    """kuma#14486 as well: who blocks on sending is moved aside, and its reports are read."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            stuck = await gate.stream(token, instance="stuck")
            stuck.client.pause()
            quick = await gate.stream(token, instance="quick")
            await quick.bundle()
            for number in range(6):
                world.publish({"player-engine": bundle("player-engine", f"{number}", 1 << 20)})
                assert (await quick.bundle()).bundle[:60]
            assert gate.gate.metrics()["streams_blocked"] == 1
            assert (await stuck.report(health="stale")).status == 204

    run(scenario())
