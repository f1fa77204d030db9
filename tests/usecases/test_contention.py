"""Several writers of one namespace: nothing is lost, and nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from configsvc.store import Store, Transaction
from configsvc.usecases import Published, turns
from configsvc.usecases.errors import BusyError, ContentionError
from configsvc.usecases.publishing import TRIES, Intent
from tests.usecases.world import EDITOR, NAMESPACE, SYSTEM, VIEWER, World, change, timeout


class Interloper:
    """A store in which somebody else is always a little faster, `times` times."""

    def __init__(self, store: Store, act: Callable[[], object], times: int) -> None:
        self._store = store
        self._act = act
        self.left = times

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit(self, transaction: Transaction) -> int:
        """Let the other one act first."""
        if self.left and any(key.endswith("/head") for key, _ in transaction.puts):
            self.left -= 1
            self._act()
        return self._store.commit(transaction)


def contended(times: int) -> World:
    """A world in which the first `times` commits come too late."""
    world = World()
    world.publish(*SYSTEM)
    other, count = World(world.store, world.clock), iter(range(100, 1000))
    store = Interloper(
        world.store, lambda: other.publish(timeout("theirs", f"{next(count)}ms", to="score")), times
    )
    return World(store, world.clock)


def test_eight_threads_lose_nothing(world: World) -> None:
    """Every change of concurrent writers is a revision, and its resource is there."""

    def write(writer: int) -> list[int]:
        puts = (timeout(f"t{writer}-{i}", "100ms", to="score") for i in range(5))
        return [world.publish(put).revision for put in puts]

    with ThreadPoolExecutor(8) as threads:
        revisions = [each for found in threads.map(write, range(8)) for each in found]

    assert sorted(revisions) == list(range(2, 42))
    assert len(world.plane.publisher._workspaces.at_head(NAMESPACE).catalog.resources) == 43


def test_two_processes_lose_nothing(world: World) -> None:
    """A process that finds the head moved puts its change on top of it."""
    planes = (world.plane, world.another_process())

    def write(writer: int) -> None:
        for i in range(5):
            put = change(timeout(f"t{writer}-{i}", "100ms", to="score"))
            while True:  # whoever is told that others were first tries again, as a client does
                with suppress(ContentionError):
                    planes[writer].publisher.publish(EDITOR, NAMESPACE, put)
                    break

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, range(2)))

    assert len(world.plane.inspector.history(VIEWER, NAMESPACE)) == 11


def test_writer_who_comes_late_tries_again() -> None:
    """A head that moved a few times is caught up with."""
    world = contended(TRIES - 1)

    assert world.publish(timeout(attempt="1s")).revision == TRIES + 1


def test_writer_gives_up_after_some_tries() -> None:
    """A head that never holds still ends in a refusal that can be repeated."""
    world = contended(TRIES)

    with pytest.raises(ContentionError, match=f"during each of {TRIES} tries"):
        world.publish(timeout(attempt="1s"))


def test_other_errors_are_not_tried_again(world: World) -> None:
    """Only a moved head is a reason to judge a change again."""
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise KeyError("a mistake")

    with pytest.raises(KeyError):
        world.plane.publisher.in_turn(NAMESPACE, None, attempt)  # type: ignore[arg-type]

    assert len(calls) == 1


def test_writer_whose_turn_does_not_come_gives_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread does not wait for ever for those of its own process."""
    monkeypatch.setattr(turns, "PATIENCE", 0.01)

    def attempt() -> Published:
        with pytest.raises(BusyError, match=r"for 0\.01 s without a break"):
            ThreadPoolExecutor(1).submit(world.publish, timeout(attempt="1s")).result()
        return world.plane.publisher.commit(intent, None)

    judgement = world.plane.rollbacks.preview(EDITOR, NAMESPACE, 1).judgement
    intent = Intent(EDITOR.name, "publish", "m", judgement)
    world.plane.publisher.in_turn(NAMESPACE, None, attempt)
