"""Change callbacks may raise or block for ever; bundles arrive all the same."""

from __future__ import annotations

import asyncio
import queue
import threading

import pytest

from agents.python.tests.conftest import MakeAgent
from agents.python.tests.peer import PATIENCE, Peer, bundle
from configsvc_agent import Change, Origin


@pytest.mark.conformance("callback-harmless")
def test_one_that_raises_hears_of_the_next_change(peer: Peer, make_agent: MakeAgent) -> None:
    """The mistake is counted; delivery and later changes go on."""
    heard: queue.Queue[int] = queue.Queue()
    agent = make_agent()

    @agent.on_change
    def fail(change: Change) -> None:
        heard.put(change.after.version)
        raise ValueError("a mistake in the service")

    peer.publish(bundle(overall=5))
    agent.start()
    assert heard.get(timeout=PATIENCE) == 1
    peer.publish(bundle(overall=6))

    assert heard.get(timeout=PATIENCE) == 2
    peer.wait_report("applied", 2)
    assert agent.metrics().callback_failures >= 1


@pytest.mark.conformance("callback-harmless")
def test_one_that_blocks_stops_nobody(peer: Peer, make_agent: MakeAgent) -> None:
    """Other callbacks hear of every change; the blocked one hears of the rest as one."""
    release, heard = threading.Event(), queue.Queue[Change]()
    blocked: list[Change] = []
    agent = make_agent()

    def block(change: Change) -> None:
        blocked.append(change)
        release.wait(PATIENCE)

    agent.on_change(block)
    agent.on_change(heard.put)
    peer.publish(bundle(overall=5))
    agent.start()
    first = heard.get(timeout=PATIENCE)
    for version in (2, 3, 4):
        peer.publish(bundle(overall=version))
        peer.wait_report("applied", version)
        assert heard.get(timeout=PATIENCE).after.version == version
    assert len(blocked) == 1

    release.set()
    agent.stop()

    assert first.before.origin is Origin.BUILT_IN
    assert first.after.origin is Origin.SERVER


@pytest.mark.conformance("callback-harmless")
def test_changes_that_wait_merge_into_one(peer: Peer, make_agent: MakeAgent) -> None:
    """After a pause a callback hears what it was told last and what is in force now."""
    release, heard = threading.Event(), queue.Queue[Change]()
    agent = make_agent()

    @agent.on_change
    def slow(change: Change) -> None:
        heard.put(change)
        release.wait(PATIENCE)

    peer.publish(bundle(overall=5))
    agent.start()
    heard.get(timeout=PATIENCE)
    for version in (2, 3, 4):
        peer.publish(bundle(overall=version))
        peer.wait_report("applied", version)
    release.set()

    merged = heard.get(timeout=PATIENCE)
    assert (merged.before.version, merged.after.version) == (1, 4)


def test_a_coroutine_function_runs_in_its_loop(peer: Peer, make_agent: MakeAgent) -> None:
    """An asyncio service hears of changes where it lives."""

    async def serve() -> tuple[int, bool]:
        heard: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        agent = make_agent()

        @agent.on_change
        async def note(change: Change) -> None:
            await heard.put((change.after.version, asyncio.get_running_loop() is loop))

        async with agent:
            assert await agent.ready(PATIENCE)
            return await asyncio.wait_for(heard.get(), PATIENCE)

    peer.publish(bundle())

    assert asyncio.run(serve()) == (1, True)
