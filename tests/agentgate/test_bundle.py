"""The bundle endpoint: fetches, conditional requests and long polls."""

import asyncio
import time
from pathlib import Path

import pytest

from configsvc.store import BlobNotFoundError
from configsvc.store.memory import MemoryStore
from tests.agentgate.world import (
    World,
    bundle,
    bundle_target,
    digest_of,
    now,
    run,
    serving,
    settings,
    until,
)

ONE = bundle("player-engine", "one")
TAG = f'"{digest_of(ONE)}"'


def test_bundle_with_its_headers(world: World, tmp_path: Path) -> None:
    """The answer is the stored bytes, with digest, version, epoch and revision."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.get(bundle_target(), world.token())
            head = world.namespaces.head("prod")
            assert head is not None
            assert (answer.status, answer.body) == (200, ONE)
            assert answer.headers["etag"] == TAG
            assert answer.headers["configsvc-version"] == "1"
            assert answer.headers["configsvc-revision"] == "1"
            assert answer.headers["configsvc-epoch"] == head.epoch

    run(scenario())


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f'"other", {TAG}', "*"])
def test_not_modified(world: World, tmp_path: Path, header: str) -> None:
    """An agent that names what it has is not sent it again."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.get(bundle_target(), world.token(), If_None_Match=header)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["etag"] == TAG

    run(scenario())


def test_fetch_by_digest(world: World, tmp_path: Path) -> None:
    """Only the bundle in force is given, and only under its digest."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            target = bundle_target(digest=digest_of(ONE))
            assert (await gate.get(target, token)).body == ONE
            world.text("player-engine", "two")
            await gate.caught_up(3)
            answer = await gate.get(target, token)
            assert (answer.status, answer.code) == (404, "not-in-force")

    run(scenario())


def test_long_poll_answers_on_change(world: World, tmp_path: Path) -> None:
    """A poll that waits is answered with the next bundle as soon as there is one."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            polling = asyncio.ensure_future(
                gate.get(bundle_target(wait="30s"), world.token(), If_None_Match=TAG)
            )
            await until(lambda: gate.gate.hub.waiting == 1)
            world.text("score-engine", "two")
            world.text("player-engine", "two")
            answer = await asyncio.wait_for(polling, 5)
            assert (answer.status, answer.body) == (200, bundle("player-engine", "two"))
            assert gate.gate.hub.waiting == 0

    run(scenario())


def test_long_poll_ends_unchanged(world: World, tmp_path: Path) -> None:
    """304 comes when the time is up, not before."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            began = time.monotonic()
            answer = await gate.get(bundle_target(wait="100ms"), world.token(), If_None_Match=TAG)
            assert answer.status == 304
            assert time.monotonic() - began >= 0.095

    run(scenario())


def test_long_poll_with_another_digest_answers_at_once(world: World, tmp_path: Path) -> None:
    """There is nothing to wait for when the agent has something else."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            target, token = bundle_target(wait="60s"), world.token()
            assert (await gate.get(target, token, If_None_Match='"other"')).body == ONE
            assert (await gate.get(target, token)).body == ONE

    run(scenario())


def test_long_poll_is_forgotten_when_its_agent_leaves(world: World, tmp_path: Path) -> None:
    """Nothing is kept for a peer that has gone."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            client = await gate.connect()
            headers = {"Authorization": f"Bearer {world.token()}", "If-None-Match": TAG}
            client.request("GET", bundle_target(wait="30s"), headers)
            await until(lambda: gate.gate.hub.waiting == 1)
            client.close()
            await until(lambda: gate.gate.hub.waiting == 0)

    run(scenario())


def test_long_poll_of_a_token_that_was_withdrawn(world: World, tmp_path: Path) -> None:
    """Who is not let in any more is not told of the change that it waited for."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            polling = asyncio.ensure_future(
                gate.get(bundle_target(wait="30s"), token, If_None_Match=TAG)
            )
            await until(lambda: gate.gate.hub.waiting == 1)
            world.revoke(token)
            other = world.token()
            while (await gate.get(bundle_target(), token)).status != 401:
                pass
            world.text("player-engine", "two")
            assert (await asyncio.wait_for(polling, 5)).status == 401
            assert (await gate.get(bundle_target(), other)).status == 200

    run(scenario())


def test_drain_sends_polls_away(world: World, tmp_path: Path) -> None:
    """A poll that waits is answered when the server stops."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            polling = asyncio.ensure_future(
                gate.get(bundle_target(wait="30s"), world.token(), If_None_Match=TAG)
            )
            await until(lambda: gate.gate.hub.waiting == 1)
            gate.gate.drain()
            assert (await asyncio.wait_for(polling, 5)).status == 503

    run(scenario())


@pytest.mark.parametrize("wait", ["30", "61s", "-1s", "soon", "9" * 400 + "d"])
def test_bad_wait(world: World, tmp_path: Path, wait: str) -> None:
    """A wait has a unit and is at most a minute."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.get(bundle_target(wait=wait), world.token(), If_None_Match=TAG)
            assert (answer.status, answer.code) == (400, "bad-request")

    run(scenario())


def test_large_bundle_arrives_whole(world: World, tmp_path: Path) -> None:
    """A bundle far above the write buffer is sent in full to a peer that reads."""

    async def scenario() -> None:
        large = bundle("player-engine", "large", size=6 << 20)
        world.publish({"player-engine": large})
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            assert (await gate.get(bundle_target(), token)).body == large
            assert (await (await gate.stream(token)).event()).bundle == large

    run(scenario())


class Amnesiac(MemoryStore):
    """A store that has lost its blobs of bundles for a while."""

    lost = False
    defect: type[Exception] | None = None

    def get_blob(self, digest: str) -> bytes:
        """Fail while the blobs are lost."""
        if self.lost:
            raise self.defect or BlobNotFoundError(digest)
        return super().get_blob(digest)


def test_store_that_does_not_give_a_bundle(tmp_path: Path) -> None:
    """The agent is asked to come back; nothing else is served in its place."""

    async def scenario() -> None:
        store = Amnesiac(now)
        world = World(store)
        world.text("player-engine", "one")
        async with serving(store, settings(tmp_path)) as gate:
            store.lost = True
            token = world.token()
            answer = await gate.get(bundle_target(), token)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            stream = await gate.stream(token)
            assert await stream.client.ended()
            store.lost = False
            assert (await gate.get(bundle_target(), token)).body == ONE
        store.close()

    run(scenario())


def test_defect_is_answered_too(tmp_path: Path) -> None:
    """Nobody waits for an answer that will not come."""

    async def scenario() -> None:
        store = Amnesiac(now)
        world = World(store)
        world.text("player-engine", "one")
        async with serving(store, settings(tmp_path)) as gate:
            store.lost, store.defect = True, ZeroDivisionError
            answer = await gate.get(bundle_target(), world.token())
            assert (answer.status, answer.code) == (500, "internal")
        store.close()

    run(scenario())
