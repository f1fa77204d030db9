"""Streams: what an agent is sent when it connects, and afterwards."""

import asyncio
from pathlib import Path

import pytest

from tests.agentgate.world import (
    PLAYER,
    SCORE,
    World,
    bundle,
    bundle_target,
    digest_of,
    run,
    serving,
    settings,
    stream_target,
    until,
)


def test_new_agent_gets_session_and_bundle(world: World, tmp_path: Path) -> None:
    """The first events are the session and the bundle in force, bytes unchanged."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            event = await agent.event()
            head = world.namespaces.head("prod")
            assert head is not None
            assert event.kind == "bundle"
            assert event.bundle == bundle("player-engine", "one")
            assert event.id == f"{head.epoch}.1.0"
            assert event.json["digest"] == digest_of(event.bundle)
            assert (event.json["version"], event.json["revision"]) == (1, 1)
            assert event.json["committed"].endswith("Z")
            assert "reset" not in event.json

    run(scenario())


def test_change_reaches_only_agents_whose_bundle_changed(world: World, tmp_path: Path) -> None:
    """A commit pushes to one service and leaves the other alone."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            player = await gate.stream(world.token())
            score = await gate.stream(world.token(SCORE), SCORE)
            await player.event()
            await score.event()
            world.text("player-engine", "two")
            event = await player.event()
            assert event.bundle == bundle("player-engine", "two")
            assert event.json["version"] == 3
            assert gate.gate.counters["pushes"] == 3
            world.text("score-engine", "two")
            assert (await score.event()).json["version"] == 4

    run(scenario())


def test_agent_that_holds_the_bundle_is_sent_nothing_but_heartbeats(
    world: World, tmp_path: Path
) -> None:
    """Same epoch and digest: the next event is a heartbeat that names the digest."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, heartbeat=50_000)) as gate:
            token = world.token()
            event = await (await gate.stream(token)).event()
            again = await gate.stream(token, last_event_id=event.id, digest=event.json["digest"])
            heartbeat = await again.event()
            assert heartbeat.kind == "heartbeat"
            assert heartbeat.json == {
                "epoch": event.json["epoch"],
                "head": 2,
                "digest": event.json["digest"],
                "endpoints": 0,
                "reportWithin": 1_000,
            }

    run(scenario())


def test_agent_that_missed_a_change_gets_it(world: World, tmp_path: Path) -> None:
    """A reconnect brings the newest bundle, once, however many changes were missed."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agent = await gate.stream(token)
            event = await agent.event()
            agent.close()
            world.text("player-engine", "two")
            digest = world.text("player-engine", "three")
            await gate.caught_up(4)
            back = await gate.stream(token, last_event_id=event.id, digest=event.json["digest"])
            caught_up = await back.event()
            assert caught_up.json["digest"] == digest
            assert "reset" not in caught_up.json

    run(scenario())


@pytest.mark.parametrize("last_event_id", ["other.1.0", "EPOCH.99.0", "nonsense"])
def test_foreign_or_future_id_is_reset(world: World, tmp_path: Path, last_event_id: str) -> None:
    """An id of another epoch or from the future gets the full bundle, marked."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            head = world.namespaces.head("prod")
            assert head is not None
            agent = await gate.stream(
                world.token(),
                last_event_id=last_event_id.replace("EPOCH", head.epoch),
                digest=digest_of(bundle("player-engine", "one")),
            )
            event = await agent.event()
            assert event.json["reset"] is True
            assert event.bundle == bundle("player-engine", "one")

    run(scenario())


def test_restored_store_resets_open_streams(world: World, tmp_path: Path) -> None:
    """A new epoch is sent to everybody at once, though no digest changed."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            await agent.event()
            epochs = world.namespaces.restamp_epoch()
            event = await agent.event()
            assert event.json["reset"] is True
            assert event.json["epoch"] == epochs["prod"]
            assert gate.gate.counters["namespaces_set_back"] == 1

    run(scenario())


def test_service_that_goes_and_comes_back(world: World, tmp_path: Path) -> None:
    """Its agents are told that it is gone, and get the bundle again when it is back."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, heartbeat=100_000)) as gate:
            agent = await gate.stream(world.token())
            await agent.event()
            world.publish({}, drop=frozenset({"player-engine"}))
            while (event := await agent.event()).kind == "heartbeat":
                pass
            assert event.kind == "gone"
            assert (await agent.event()).json["digest"] == ""
            world.text("player-engine", "one")
            while (event := await agent.event()).kind == "heartbeat":
                pass
            assert event.bundle == bundle("player-engine", "one")

    run(scenario())


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        (stream_target(SCORE), 403, "wrong-identity"),
        (stream_target(("staging", "player-engine")), 403, "wrong-identity"),
        (stream_target(PLAYER, "not an instance"), 400, "bad-request"),
        (stream_target(PLAYER, ""), 400, "bad-request"),
        (stream_target(("prod", "Not A Name")), 400, "bad-request"),
        (stream_target() + "&service=score-engine", 400, "bad-request"),
        ("/v1/agent/stream", 400, "bad-request"),
        ("/v1/agent/other", 404, "not-found"),
    ],
)
def test_refused_streams(world: World, tmp_path: Path, target: str, status: int, code: str) -> None:
    """A stream is opened for the token's own service alone."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.get(target, world.token())
            assert (answer.status, answer.code) == (status, code)
            assert answer.headers["content-type"] == "application/problem+json"

    run(scenario())


def test_unknown_service_and_namespace(world: World, tmp_path: Path) -> None:
    """What does not exist is said to be missing, by name."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            for identity, what in (
                (("prod", "absent"), b"service 'absent'"),
                (("nowhere", "player-engine"), b"namespace 'nowhere'"),
            ):
                answer = await gate.get(stream_target(identity), world.token(identity))
                assert (answer.status, answer.code) == (404, "unknown-service")
                assert what in answer.body

    run(scenario())


def test_wrong_method_names_the_right_one(world: World, tmp_path: Path) -> None:
    """405 says what the path takes."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.ask("DELETE", stream_target(), world.token())
            assert (answer.status, answer.headers["allow"]) == (405, "GET")

    run(scenario())


def test_drain_spreads_and_ends_streams(world: World, tmp_path: Path) -> None:
    """Each agent is told a time of its own, and no new request is served."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agents = [await gate.stream(token, instance=f"i{n}") for n in range(4)]
            idle, late = await gate.connect(), await gate.connect()
            late.send(b"GET ")
            await until(lambda: len(gate.gate.connections) == 6)
            for agent in agents:
                await agent.event()
            gate.gate.drain()
            drains = [await agent.event() for agent in agents]
            retries = [event.json["retry"] for event in drains]
            assert {event.kind for event in drains} == {"drain"}
            assert len(set(retries)) == 4
            assert all(0 <= retry <= 500_000 for retry in retries)
            assert [event.retry for event in drains] == [retry // 1000 for retry in retries]
            assert all([await agent.client.ended() for agent in agents])
            assert await idle.ended()
            head = f"{bundle_target()} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"
            late.send(head.encode())
            answer = await late.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.headers["connection"] == "close"

    run(scenario())


def test_five_hundred_streams(world: World, tmp_path: Path) -> None:
    """Every one of many streams gets the change, encoded once."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            opening = (gate.stream(token, instance=f"i{n}") for n in range(500))
            agents = await asyncio.gather(*opening)
            await asyncio.gather(*(agent.event() for agent in agents))
            digest = world.text("player-engine", "two")
            events = await asyncio.gather(*(agent.event() for agent in agents))
            assert {event.json["digest"] for event in events} == {digest}
            assert gate.gate.counters["pushes"] == 1000
            assert len({agent.session for agent in agents}) == 500

    run(scenario())
