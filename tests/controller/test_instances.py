"""The controller's look at instances: what it writes, and whom it has checked."""

import json
from dataclasses import replace

import pytest

from configsvc.controller import InstanceKeeper
from configsvc.controller.instances import GAP
from configsvc.registry import Instance, records
from configsvc.store import Namespaces, Staged, StoreUnavailableError, Transaction, layout
from configsvc.store.memory import MemoryStore

SECOND = 1_000_000


class World:
    """A store with a published score engine, and a keeper whose time stands still."""

    def __init__(self) -> None:
        self.now = 100 * SECOND
        self.store = MemoryStore(lambda: self.now)
        self.namespaces = Namespaces(self.store, lambda: self.now, lambda: "e")
        self.keeper = InstanceKeeper(self.store, self.namespaces, lambda: self.now)
        self.publish({})

    def publish(self, discovery: dict[str, object]) -> None:
        """Publish what the score engine says of discovery."""
        document = {
            "apiVersion": "configsvc/v1",
            "kind": "Service",
            "metadata": {"name": "score-engine"},
            "spec": {"discovery": discovery},
        }
        puts = {"Service/score-engine": json.dumps(document).encode()}
        head = self.namespaces.head("prod")
        self.namespaces.commit("prod", head, Staged("ann", "a change", puts=puts))

    def put(self, number: int, state: str = "up", *, healthy: bool = True) -> None:
        """Register one."""
        instance = Instance(
            "prod",
            "score-engine",
            f"i{number}",
            f"10.0.0.{number + 1}:80",
            f"1-a-{number}",
            0,
            state=state,  # type: ignore[arg-type]
            healthy=healthy,
        )
        records(self.store).put(layout.instance("prod", "score-engine", f"i{number}"), instance)

    def beat(self, number: int) -> None:
        """A sign of life of the process that has the stream of one."""
        value = json.dumps({"beat": self.now}).encode()
        self.store.commit(Transaction(puts=((layout.beat(f"1-a-{number}"), value),)))

    def states(self) -> dict[str, str]:
        """Who is listed, and how."""
        kept = records(self.store).list(layout.instances("prod"))
        return {each.value.id: each.value.state for each in kept}

    def look(self, seconds: int = 0) -> None:
        """Look every second for so long."""
        self.keeper.look()
        for _ in range(seconds):
            self.now += SECOND
            self.keeper.look()


def test_lost_instance_is_deleted_after_the_grace_of_its_service() -> None:
    """As it is published, not as it is by default."""
    world = World()
    world.publish({"lease": {"grace": "3s"}})
    world.put(0, "lost")
    world.look(2)
    assert world.states() == {"i0": "lost"}
    world.look(1)
    assert world.states() == {}


def test_many_lost_at_once_are_marked_and_stay() -> None:
    """And are to be checked, though their service declares no check."""
    world = World()
    for number in range(4):
        world.put(number, "lost")
    world.look(11)
    assert world.states() == {f"i{number}": "suspect" for number in range(4)}
    assert [each.check.path for each in world.keeper.targets.values()] == [None] * 4


def test_suspect_that_fails_its_checks_is_deleted() -> None:
    """The others stay."""
    world = World()
    for number in range(4):
        world.put(number, "suspect", healthy=number != 2)
    world.look(11)
    assert sorted(world.states()) == ["i0", "i1", "i3"]


def test_restart_and_a_gap_begin_every_grace_anew() -> None:
    """A store that was away is no reason to take anybody off."""
    world = World()
    world.put(0, "lost")
    world.look(9)
    world.now += GAP + 1
    world.look(9)
    assert world.states() == {"i0": "lost"}
    world.look(1)
    assert world.states() == {}


def test_store_that_does_not_answer_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The round fails, and the next one goes on."""
    world = World()
    world.put(0, "lost")
    world.look(9)
    with monkeypatch.context() as away:

        def fail(*_args: object, **_kwargs: object) -> None:
            raise StoreUnavailableError("away", "it was unplugged")

        away.setattr(world.store, "range", fail)
        with pytest.raises(StoreUnavailableError):
            world.keeper.look()
    assert world.states() == {"i0": "lost"}


def test_record_that_changed_since_it_was_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its agent came back at the last moment."""
    world = World()
    world.put(0, "lost")
    world.look(9)
    world.now += SECOND
    beats = world.keeper._beats

    def come_back() -> dict[str, int]:
        key = layout.instance("prod", "score-engine", "i0")
        kept = records(world.store).get(key)
        assert kept is not None
        records(world.store).put(key, replace(kept.value, session="2-b-0", state="up"))
        return beats()

    monkeypatch.setattr(world.keeper, "_beats", come_back)
    world.keeper.look()
    assert world.states() == {"i0": "up"}


def test_signs_of_life_of_processes_without_instances_are_deleted() -> None:
    """Those of the others stay, and keep their instances."""
    world = World()
    world.put(0)
    for _ in range(30):
        world.beat(0)
        world.beat(7)
        world.look(1)
    kept = [each.key for each in world.store.range(layout.BEATS).entries]
    assert kept == [layout.beat("1-a-0")]
    assert world.states() == {"i0": "up"}


def test_declared_check_holds_for_every_instance() -> None:
    """Whatever its state."""
    world = World()
    world.publish({"healthCheck": {"path": "/healthz", "interval": "2s", "timeout": "1s"}})
    world.put(0)
    world.look()
    (target,) = world.keeper.targets.values()
    assert (target.instance.id, target.check.path, target.check.interval) == (
        "i0",
        "/healthz",
        2 * SECOND,
    )
