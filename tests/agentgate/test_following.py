"""The store comes and goes; agents notice nothing but the news."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from configsvc.store import (
    CompactedError,
    Event,
    Reading,
    StoreUnavailableError,
    Transaction,
    Watch,
    layout,
)
from configsvc.store.following import Following
from configsvc.store.memory import MemoryStore
from tests.agentgate.world import PLAYER, World, bundle_target, now, run, serving, settings, until


class Flaky(MemoryStore):
    """A store whose reads fail while it is away."""

    away = False
    compacted = False

    def revision(self) -> int:
        """Fail while away."""
        self._answer_unless_away()
        return super().revision()

    def range(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Reading:
        """Fail while away."""
        self._answer_unless_away()
        return super().range(prefix, after=after, limit=limit, reverse=reverse)

    def watch(self, prefix: str, after_revision: int) -> Watch:  # type: ignore[override]
        """Fail once if the events are gone."""
        if self.compacted:
            self.compacted = False
            raise CompactedError(after_revision, after_revision + 1)
        return super().watch(prefix, after_revision)

    def _answer_unless_away(self) -> None:
        if self.away:
            raise StoreUnavailableError("reading", "it is away")


class Counting:
    """Counts what it is told."""

    prefix = layout.NAMESPACES

    def __init__(self, on_take: Callable[[], None] = lambda: None) -> None:
        self.loads = 0
        self.taken = threading.Semaphore(0)
        self._on_take = on_take

    def load(self) -> None:
        """See `Reading.load`."""
        self.loads += 1

    def take(self, events: tuple[Event, ...]) -> None:
        """See `Reading.take`."""
        self.taken.release()
        self._on_take()


def test_watch_that_breaks_is_taken_up_again() -> None:
    """After a compaction everything is loaded anew, and changes are told again."""
    store, reading = Flaky(now), Counting()
    store.compacted = True
    following = Following(store, reading, lambda: 0.0)
    following.start()
    try:
        while reading.loads < 2:
            threading.Event().wait(0.005)
        store.commit(Transaction(puts=((layout.head("prod"), b"{}"),)))
        assert reading.taken.acquire(timeout=5)
    finally:
        following.stop()
        store.close()


def test_everything_is_read_again_though_the_watch_is_fine() -> None:
    """A watch that tells nothing may be a broken one: what it missed is found all the same."""
    store, reading = MemoryStore(now), Counting()
    following = Following(store, reading, lambda: 0.0, reconcile=0.01)
    following.start()
    try:
        while reading.loads < 3:
            threading.Event().wait(0.005)
    finally:
        following.stop()
        store.close()


def test_mistake_in_reading_does_not_end_following() -> None:
    """What one change breaks, the next load repairs."""
    mistakes = [ValueError("a mistake")]

    def fail_once() -> None:
        if mistakes:
            raise mistakes.pop()

    store = MemoryStore(now)
    reading = Counting(fail_once)
    following = Following(store, reading, lambda: 0.0)
    following.start()
    try:
        for _ in range(2):
            store.commit(Transaction(puts=((layout.head("prod"), b"{}"),)))
            assert reading.taken.acquire(timeout=5)
            while reading.loads < 2:
                threading.Event().wait(0.005)
    finally:
        following.stop()
        store.close()


def test_stop_ends_a_wait() -> None:
    """A store that stays away does not hold up the end of the process."""
    store = Flaky(now)
    store.away = True
    following = Following(store, Counting(), lambda: 1.0)
    following.start()
    following.stop()
    store.close()


def test_nothing_is_served_before_the_store_was_read(tmp_path: Path) -> None:
    """An empty answer would be taken for a deletion."""

    async def scenario() -> None:
        store = Flaky(now)
        world = World(store)
        world.text("player-engine", "one")
        token = world.token()
        async with serving(store, settings(tmp_path)) as gate:
            gate.gate._loaded.clear()
            answer = await gate.get(bundle_target(), token)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            gate.gate._loaded.set()
        store.close()

    run(scenario())


def test_store_away_is_no_deletion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams go on and answers stay the same until the store is back with news."""
    monkeypatch.setattr("configsvc.store.following._FIRST_WAIT", 0.01)

    async def scenario() -> None:
        store = Flaky(now)
        world = World(store)
        digest = world.text("player-engine", "one")
        async with serving(store, settings(tmp_path, heartbeat=50_000)) as gate:
            token = world.token()
            agent = await gate.stream(token, PLAYER)
            await agent.event()
            store.away = True
            for following in gate.gate._followings:
                assert following._watch is not None
                following._watch.close()
            assert (await agent.event()).json["digest"] == digest
            assert (await gate.get(bundle_target(), token)).status == 200
            store.away = False
            two = world.text("player-engine", "two")
            await until(lambda: gate.gate.counters["pushes"] == 2)
            while (event := await agent.event()).kind == "heartbeat":
                pass
            assert event.json["digest"] == two
        store.close()

    run(scenario())
