"""Decisions about bundles, without a socket: what is in force, what is said about it, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.python.tests.documents import digest, document, encode
from configsvc_agent.bundle import Bundle
from configsvc_agent.cache import Cache, Position, Record
from configsvc_agent.delivery import Change, Origin, State
from configsvc_agent.delivery._keeper import Keeper
from configsvc_agent.delivery._offer import Heartbeat, Offer, Session
from configsvc_agent.delivery._outbox import Outbox

SESSION = Session("s1", "e1", 15_000_000)


class World:
    """A keeper with a clock of its own, and what it did."""

    def __init__(self, directory: Path, agent_version: str = "0.1.0") -> None:
        self.time = 100.0
        self.applied: list[Bundle] = []
        self.told: list[Change] = []
        self.fail: Callable[[Bundle], bool] = lambda _: False
        self.outbox = Outbox()
        self.cache = Cache(directory, namespace="prod", service="player-engine")
        self.keeper = Keeper(
            namespace="prod",
            service="player-engine",
            agent_version=agent_version,
            cache=self.cache,
            outbox=self.outbox,
            apply=self._apply,
            tell=self.told.append,
            now=lambda: self.time,
        )

    def _apply(self, bundle: Bundle) -> None:
        if self.fail(bundle):
            raise RuntimeError("a mistake in the engine")
        self.applied.append(bundle)

    def offer(self, version: int, data: bytes | None = None, *, reset: bool = False) -> str:
        """Offer a bundle; its digest."""
        body = document()
        body["outbound"][0]["other"]["timeout"]["overall"] = version
        given = encode(body) if data is None else data
        position = Position("e1", version, digest(given), version, "4")
        self.keeper.offer(Offer(position, given, reset))
        return position.digest

    def reports(self) -> list[tuple[int, str, str]]:
        """What waits to be sent under a live session: version, state, reason."""
        _, reports = self.outbox.take()
        return [(report.version, report.state, report.reason) for report in reports]

    @property
    def state(self) -> tuple[State, str]:
        """What the agent would say of itself now."""
        return self.keeper.standing.judge(self.time)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A keeper that has just been connected."""
    made = World(tmp_path)
    made.keeper.connected(SESSION)
    return made


def test_one_offer_is_applied_told_and_reported_once(world: World) -> None:
    """Sent twice, a bundle is put in force once and acknowledged twice."""
    world.offer(1)
    world.offer(1)

    assert [bundle.version for bundle in world.applied] == [1]
    assert [change.after.version for change in world.told] == [1]
    assert world.reports() == [(1, "applied", "")]
    assert world.state == (State.READY, "")


def test_a_bundle_that_cannot_be_applied_changes_nothing(world: World) -> None:
    """What was in force is put back, and the digest is not tried again."""
    world.offer(1)
    world.fail = lambda bundle: bundle.version == 2
    wanted = world.offer(2)
    world.fail = lambda _: False
    world.offer(2)

    assert [bundle.version for bundle in world.applied] == [1, 1]
    assert world.keeper.in_force.version == 1
    assert world.reports()[-1] == (
        2,
        "rejected",
        "this agent failed to apply it; its log says more",
    )
    assert wanted in world.cache.rejected("0.1.0")


def test_a_mistake_while_compiling_is_a_rejection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong inside, the agent goes on with what it has."""
    from configsvc_agent.delivery import _keeper  # noqa: PLC0415  its compiler is broken here

    def broken(*_: object, **__: object) -> Bundle:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(_keeper, "compile_bundle", broken)
    world.offer(1)

    ((version, state, reason),) = world.reports()
    assert (version, state) == (1, "rejected")
    assert "this agent failed to compile it: ZeroDivisionError('a mistake')" in reason


def test_ready_is_a_matter_of_time(world: World) -> None:
    """Three missed heartbeats make the bundle stale, one that comes makes it ready again."""
    held = world.offer(1)
    world.time += 53.9
    before = world.state
    world.time += 0.2
    after = world.state
    world.keeper.heartbeat(Heartbeat("e1", held))

    assert before == (State.READY, "")
    assert after == (State.STALE, "the server was last heard 54 s ago")
    assert world.state == (State.READY, "")


def test_a_short_loss_of_the_stream_is_no_staleness(world: World) -> None:
    """The last heartbeat counts for as long as it may."""
    world.offer(1)
    world.keeper.lost("connection refused")
    ready = world.state
    world.time += 60

    assert ready == (State.READY, "")
    assert world.state == (
        State.STALE,
        "the server was last heard 60 s ago: connection refused",
    )


def test_another_wanted_digest_is_fetched_once_for_each_heartbeat(world: World) -> None:
    """The wish is planned within a second, and gone when the bundle comes by the stream."""
    world.offer(1)
    body = document()
    body["outbound"][0]["other"]["timeout"]["overall"] = 2
    wanted = digest(encode(body))
    world.keeper.heartbeat(Heartbeat("e1", wanted))
    planned = world.outbox.wanted()
    world.keeper.heartbeat(Heartbeat("e1", wanted))
    assert planned is not None

    assert planned[0] == wanted
    assert 100.0 <= planned[1] <= 101.0
    assert world.outbox.wanted() == planned
    assert world.state[0] is State.STALE
    assert "the server wants" in world.state[1]
    world.offer(2)
    assert world.outbox.wanted() is None


def test_a_heartbeat_without_a_digest_decides_nothing(world: World) -> None:
    """A server that knows of no bundle does not take ours away."""
    world.offer(1)
    world.keeper.heartbeat(Heartbeat("e1", ""))

    assert world.state == (State.READY, "")


def test_what_is_fetched_keeps_the_mark_of_the_heartbeat(world: World) -> None:
    """The id of the next reconnect has the endpoints that the server named."""
    data = encode(document())
    world.keeper.heartbeat(Heartbeat("e1", digest(data), "17"))
    world.keeper.missed(Position("e1", 3, digest(data), 3), data)

    held = world.keeper.standing.held
    assert held is not None
    assert held.event_id == "e1.3.17"


class TestRestore:
    """What the disk brings back."""

    def test_the_last_good_bundle(self, world: World, tmp_path: Path) -> None:
        """In force at once, stale until the server confirms it."""
        held = world.offer(5)
        again = World(tmp_path)
        again.keeper.restore()
        first = again.state
        again.keeper.connected(SESSION)
        second = again.state
        again.keeper.heartbeat(Heartbeat("e1", held))

        assert again.keeper.in_force.version == 5
        assert first == (State.STALE, "the server has not been reached yet")
        assert second == (State.STALE, "the server has not said yet which bundle it wants")
        assert again.state == (State.READY, "")
        assert again.keeper.standing.origin is Origin.CACHE
        assert again.reports() == [(5, "applied", "")]

    def test_not_over_what_the_server_sent_meanwhile(self, world: World, tmp_path: Path) -> None:
        """A slow disk does not undo a quick server."""
        world.offer(5)
        again = World(tmp_path)
        again.offer(6)
        again.keeper.restore()

        assert again.keeper.in_force.version == 6

    def test_not_what_this_version_has_rejected(self, world: World, tmp_path: Path) -> None:
        """Another process on the same directory may have found out since."""
        held = world.offer(5)
        world.cache.reject(held, "0.1.0", "no good")
        again, newer = World(tmp_path), World(tmp_path, agent_version="0.2.0")
        again.keeper.restore()
        newer.keeper.restore()

        assert again.keeper.in_force.version == 0
        assert newer.keeper.in_force.version == 5

    def test_not_what_cannot_be_compiled(self, world: World) -> None:
        """A record of a newer agent does not stop an older one from starting."""
        data = b'{"format":2}'
        world.cache.store(Record(Position("e1", 5, digest(data)), data))
        world.keeper.restore()

        assert world.keeper.in_force.version == 0
        assert world.keeper.standing.held is None

    def test_a_cache_that_cannot_be_read(self, world: World, tmp_path: Path) -> None:
        """The reason is in the status."""
        (tmp_path / "prod" / "player-engine" / "bundle").mkdir(parents=True)
        world.keeper.restore()

        assert "cannot be read" in world.keeper.standing.unstored


class TestOverride:
    """The operator's file."""

    def test_it_masks_and_unmasks(self, world: World) -> None:
        """What the server sent meanwhile is in force when the file goes."""
        world.offer(1)
        body = document()
        world.keeper.override(encode(body))
        masked = world.keeper.in_force.digest
        world.offer(2)
        during = world.keeper.in_force.digest, world.reports()[-1]
        world.keeper.override(None)

        assert masked == during[0] == digest(encode(body))
        assert during[1] == (2, "overridden", "")
        assert world.keeper.in_force.version == 2
        assert [change.after.origin for change in world.told] == [
            Origin.SERVER,
            Origin.OVERRIDE,
            Origin.SERVER,
        ]

    def test_a_rejected_bundle_behind_it_is_still_reported(self, world: World) -> None:
        """The mask hides nothing from the server."""
        world.keeper.override(encode(document()))
        world.offer(2, b"{}")

        assert world.reports()[-1][:2] == (2, "rejected")
        assert world.state == (State.READY, "the override file is in force")

    def test_a_file_that_cannot_be_read(self, world: World) -> None:
        """The reason is in the status, and what is in force stays."""
        world.offer(1)
        world.keeper.override(None, "permission denied")

        assert world.keeper.in_force.version == 1
        assert world.state == (
            State.READY,
            "the override file is not obeyed: permission denied",
        )


def test_rejected_digests_in_memory_are_bounded(world: World) -> None:
    """A server gone mad cannot fill the memory."""
    for version in range(1, 80):
        world.offer(version, b"[%d]" % version)

    assert len(world.keeper._rejected) == 64


def test_standings_are_values(world: World) -> None:
    """Whoever looks at one is not disturbed by the next decision."""
    seen = world.keeper.standing
    world.offer(1)

    assert seen.held is None
    assert dataclasses.is_dataclass(seen)


def test_applied_is_reported_within_the_servers_window(world: World) -> None:
    """Each agent of a large fleet draws a time of its own; a rejection is told at once."""
    world.keeper.connected(dataclasses.replace(SESSION, report_within=4_000_000))
    world.offer(1)
    applied_due = world.outbox.due
    world.offer(2, b"no bundle")

    assert world.time < applied_due <= world.time + 4
    assert world.outbox.due == world.time
