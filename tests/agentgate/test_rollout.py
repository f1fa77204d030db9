"""Staged rollouts: who is sent the candidate, and what is sent when it ends."""

import json
from pathlib import Path

import pytest

from configsvc.rollout import Rollout, plan_from_json, rollout_to_json
from configsvc.store import CandidateStep, Move, Staged
from tests.agentgate.world import (
    PLAYER,
    SCORE,
    Agent,
    Event,
    Running,
    World,
    bundle,
    bundle_target,
    digest_of,
    now,
    run,
    serving,
    settings,
    stream_target,
    until,
)

PLAN = plan_from_json({"stages": [{"labels": {"zone": "a"}}, {"share": "100%"}]})


class Staging:
    """A rollout of another bundle of the player engine, first to zone a, then to everybody."""

    def __init__(self, world: World) -> None:
        self.world = world
        number = world.namespaces.head("prod").revision + 1  # type: ignore[union-attr]
        self.rollout = Rollout.begin(number, "ann", "a change", PLAN, now())
        self._commit(Move.BUILD, {"player-engine": bundle("player-engine", "candidate")})

    def advance(self) -> int:
        """Go on to everybody; return the revision."""
        self.rollout = self.rollout.advance(now())
        return self._commit(Move.KEEP)

    def suspend(self, text: str) -> int:
        """Publish another bundle of the score engine to the head."""
        self.rollout = self.rollout.suspend(9)
        return self._commit(Move.KEEP, {"score-engine": bundle("score-engine", text)})

    def promote(self) -> int:
        """Make it the head."""
        self.rollout = self.rollout.promote()
        return self._commit(Move.PROMOTE)

    def abort(self) -> int:
        """Give it up."""
        self.rollout = self.rollout.abort("no")
        return self._commit(Move.ABORT)

    def _commit(self, move: Move, bundles: dict[str, bytes] | None = None) -> int:
        step = CandidateStep(move, rollout_to_json(self.rollout))
        staged = Staged("ann", "a move", bundles=bundles or {}, step=step, rollout={"x": 1})
        namespaces = self.world.namespaces
        return namespaces.commit("prod", namespaces.head("prod"), staged).head.revision


async def pair(world: World, gate: Running) -> tuple[Agent, Agent]:
    """An agent of zone a and one of zone b, both with what is in force."""
    token = world.token()
    first = await gate.stream(token, instance="a-1", labels="zone=a,canary=yes")
    second = await gate.stream(token, instance="b-1", labels="zone=b")
    for agent in (first, second):
        await agent.applied(await agent.bundle())
    return first, second


def text(event: Event) -> str:
    """What a bundle says."""
    return str(json.loads(event.bundle)["text"])


def test_members_alone_are_sent_the_candidate(world: World, tmp_path: Path) -> None:
    """The others hold what the head has; the next stage reaches them too."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            member, other = await pair(world, gate)
            staging = Staging(world)
            event = await member.bundle()
            assert (text(event), event.json["version"]) == ("candidate", 3)
            assert gate.gate.counters["pushes"] == 3
            staging.advance()
            assert text(await other.bundle()) == "candidate"
            assert gate.gate.counters["pushes"] == 4

    run(scenario())


def test_who_connects_during_a_rollout_gets_its_own(world: World, tmp_path: Path) -> None:
    """A member the candidate, somebody else the head's, and a poll by its name likewise."""

    async def scenario() -> None:
        Staging(world)
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            member = await gate.stream(token, instance="a-2", labels="zone=a")
            other = await gate.stream(token, instance="b-2")
            assert [text(await each.bundle()) for each in (member, other)] == ["candidate", "one"]
            named = await gate.get(bundle_target(PLAYER, instance="a-3", labels="zone=a"), token)
            nameless = await gate.get(bundle_target(PLAYER), token)
            assert named.body == bundle("player-engine", "candidate")
            assert nameless.body == bundle("player-engine", "one")

    run(scenario())


def test_after_an_abort_members_go_back_by_a_newer_version(world: World, tmp_path: Path) -> None:
    """It is no reset: versions rise; who never was a member is sent nothing."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            member, _ = await pair(world, gate)
            staging = Staging(world)
            await member.applied(await member.bundle())
            revision = staging.abort()
            event = await member.bundle()
            assert (text(event), event.json["version"]) == ("one", revision)
            assert "reset" not in event.json
            assert gate.gate.counters["pushes"] == 4

    run(scenario())


def test_a_promotion_reaches_the_rest(world: World, tmp_path: Path) -> None:
    """Members hold it already, and stay applied under its new number."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            member, other = await pair(world, gate)
            staging = Staging(world)
            await member.applied(await member.bundle())
            revision = staging.promote()
            event = await other.bundle()
            assert (text(event), event.json["version"]) == ("candidate", revision)
            await other.applied(event)
            assert gate.gate.counters["pushes"] == 4
            rows = {row.instance: row for row in gate.gate.presence.roster.rows("prod")}
            assert {row.state.value for row in rows.values()} == {"applied"}
            assert {row.wanted_version for row in rows.values()} == {revision}

    run(scenario())


def test_convergence_counts_members_alone(world: World, tmp_path: Path) -> None:
    """Of the revision that began it the members, of the promotion the rest."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            member, other = await pair(world, gate)
            staging = Staging(world)
            await member.applied(await member.bundle())
            revision = staging.promote()
            await other.applied(await other.bundle())
        begun, promoted = world.acks(3), world.acks(revision)
        assert begun is not None
        assert promoted is not None
        assert (begun.targeted, promoted.targeted) == (1, 1)
        assert (begun.latency.count, promoted.latency.count) == (1, 1)

    run(scenario())


def test_a_pending_member_stays_counted_while_stages_advance(world: World, tmp_path: Path) -> None:
    """Another move of the rollout takes back nothing that it was sent."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            member, other = await pair(world, gate)
            staging = Staging(world)
            event = await member.bundle()
            staging.advance()
            await other.applied(await other.bundle())
            await member.applied(event)
        counts = world.acks(3)
        assert counts is not None
        assert (counts.targeted, counts.latency.count) == (2, 2)

    run(scenario())


def test_a_suspended_rollout_keeps_its_members(world: World, tmp_path: Path) -> None:
    """What is published meanwhile reaches services that it does not concern."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            member, _ = await pair(world, gate)
            score = await gate.stream(world.token(SCORE), SCORE)
            await score.bundle()
            staging = Staging(world)
            await member.bundle()
            staging.suspend("two")
            assert text(await score.bundle()) == "two"
            late = await gate.stream(world.token(), instance="a-9", labels="zone=a")
            assert text(await late.bundle()) == "candidate"

    run(scenario())


def test_heartbeats_name_what_a_member_should_hold(world: World, tmp_path: Path) -> None:
    """A lost push of the candidate is found within one heartbeat."""

    async def scenario() -> None:
        Staging(world)
        async with serving(world.store, settings(tmp_path, heartbeat=50_000)) as gate:
            member = await gate.stream(world.token(), instance="a-1", labels="zone=a")
            event = await member.bundle()
            heartbeat = await member.event()
            assert heartbeat.json["digest"] == event.json["digest"]
            assert event.json["digest"] == digest_of(bundle("player-engine", "candidate"))

    run(scenario())


def test_labels_are_in_the_fleet_view(world: World, tmp_path: Path) -> None:
    """An operator sees by what an agent is a member."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            await pair(world, gate)
            await until(lambda: len(gate.gate.presence.roster) == 2)
            labels = {row.instance: row.labels for row in gate.gate.presence.roster.rows("prod")}
            assert labels == {"a-1": {"zone": "a", "canary": "yes"}, "b-1": {"zone": "b"}}

    run(scenario())


@pytest.mark.parametrize(
    "labels",
    [
        "zone",
        "zone=",
        "=a",
        "zone=a,zone=b",
        "zone=a b",
        ",",
        ",".join(f"l{n}=x" for n in range(17)),
    ],
)
def test_labels_that_are_none_are_refused(world: World, tmp_path: Path, labels: str) -> None:
    """Whole, with what was expected."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.get(stream_target(PLAYER, "one", labels), world.token())
            assert (answer.status, b"are not up to 16 different" in answer.body) == (400, True)

    run(scenario())
