"""Streams: what an agent is sent when it connects, and afterwards."""

from pathlib import Path

from tests.agentgate.world import (
    SCORE,
    World,
    bundle,
    digest_of,
    run,
    serving,
    settings,
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
