"""Reports: what is taken, what is refused, and what becomes of it."""

from pathlib import Path
from typing import Any

import pytest

from configsvc.agentgate.gate import Gate
from configsvc.fleet import AgentRow, AgentState, Breaker, Laggard
from configsvc.store import StoreUnavailableError, Transaction
from configsvc.store.memory import MemoryStore
from tests.agentgate.world import (
    SCORE,
    World,
    bundle,
    now,
    outcome,
    report,
    run,
    serving,
    settings,
    until,
)

ONE = ("prod", "player-engine", "one")


def row(gate: Gate) -> AgentRow:
    """The only agent."""
    (only,) = gate.presence.roster.rows("prod")
    return only


def test_applied(world: World, tmp_path: Path) -> None:
    """An agent that applied its bundle is shown so, with all that it said."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            event = await agent.event()
            assert row(gate.gate).state is AgentState.PENDING
            breakers = [{"edge": "player-engine -> score-engine", "state": "open"}]
            answer = await agent.report(outcome(event, "applied"), breakers=breakers)
            assert (answer.status, answer.body) == (204, b"")
            shown = row(gate.gate)
            assert (shown.state, shown.version, shown.digest) == (
                AgentState.APPLIED,
                1,
                event.json["digest"],
            )
            assert (shown.health, shown.language, shown.agent_version) == (
                "ready",
                "python",
                "0.1.0",
            )
            assert shown.breakers == (Breaker("player-engine -> score-engine", "open"),)

    run(scenario())


def test_counts_of_a_change(world: World, tmp_path: Path) -> None:
    """One record says who applied, rejected, was overridden or lost, and how long it took."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agents = {n: await gate.stream(token, instance=n) for n in "abcde"}
            late = await gate.stream(world.token(SCORE), SCORE, instance="untouched")
            for agent in (*agents.values(), late):
                await agent.event()
            revision = world.publish({"player-engine": bundle("player-engine", "two")})
            events = {name: await agent.event() for name, agent in agents.items()}
            await agents["a"].applied(events["a"])
            await agents["b"].report(outcome(events["b"], "rejected", "unknown field 'x'"))
            await agents["c"].report(outcome(events["c"], "overridden"))
            agents["d"].close()
            await until(lambda: len(gate.gate.hub.streams()) == 5)
            await until(lambda: (acks := world.acks(revision)) and acks.count(AgentState.STALE))
            acks = world.acks(revision)
            assert acks is not None
            assert {state: count for state, count in acks.states.items() if count} == {
                AgentState.APPLIED: 1,
                AgentState.REJECTED: 1,
                AgentState.OVERRIDDEN: 1,
                AgentState.STALE: 1,
                AgentState.PENDING: 1,
            }
            assert acks.reasons == {"unknown field 'x'": 1}
            assert acks.latency.count == 1
            assert 0 < acks.latency.longest < 5_000_000
            assert Laggard("player-engine", "e", AgentState.PENDING) in acks.laggards
            assert gate.gate.counters["rejections"] == 1

    run(scenario())


def test_agent_that_returns_applies_late(world: World, tmp_path: Path) -> None:
    """A change reaches those who were away, and they are counted when they have it."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agent = await gate.stream(token)
            event = await agent.event()
            agent.close()
            await until(lambda: not gate.gate.hub.streams())
            revision = world.publish({"player-engine": bundle("player-engine", "two")})
            back = await gate.stream(token, last_event_id=event.id, digest=event.json["digest"])
            await back.applied(await back.bundle())
            await until(
                lambda: (acks := world.acks(revision)) and acks.count(AgentState.APPLIED) == 1
            )

    run(scenario())


def test_change_taken_back_waits_for_nobody(world: World, tmp_path: Path) -> None:
    """An agent that was never sent a change is not waited for once it is reverted."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            await agent.applied(await agent.event())
            stream = gate.gate.hub.session(agent.session)
            assert stream is not None
            stream.blocked()
            two = world.publish({"player-engine": bundle("player-engine", "two")})
            convergence = gate.gate.presence.convergence
            await until(lambda: (c := convergence.counts("prod", two)) and c.targeted == 1)
            world.text("player-engine", "one")
            await until(lambda: (c := convergence.counts("prod", two)) and c.targeted == 0)
            stream.unblocked()
            assert gate.gate.counters["pushes"] == 1

    run(scenario())


@pytest.mark.parametrize("session", ["", "x", "1-abc", "zz-12", "0-" + "f" * 24])
def test_unknown_session(world: World, tmp_path: Path, session: str) -> None:
    """A report without a live stream is refused, whatever its session looks like."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.report(world.token(), report(ONE, session))
            assert (answer.status, answer.code) == (409, "unknown-session")

    run(scenario())


def test_session_is_bound_to_its_instance(world: World, tmp_path: Path) -> None:
    """Nobody reports with another's session, and none outlives its stream."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            agent = await gate.stream(token)
            other = await gate.report(
                token, report(("prod", "player-engine", "two"), agent.session)
            )
            assert other.status == 409
            foreign = await gate.report(world.token(SCORE), report(ONE, agent.session))
            assert foreign.status == 403
            agent.close()
            await until(lambda: not gate.gate.hub.streams())
            assert (await agent.report()).status == 409

    run(scenario())


def test_report_without_a_stream(world: World, tmp_path: Path) -> None:
    """A long-polling agent reports and is shown as such."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            said = {"version": 1, "digest": "a" * 64, "state": "applied"}
            answer = await gate.report(world.token(), report(ONE, "poll", said))
            assert answer.status == 204
            shown = row(gate.gate)
            assert (shown.session, shown.state) == ("poll", AgentState.APPLIED)

    run(scenario())


GOOD = {"version": 1, "digest": "a" * 64, "state": "applied"}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"namespace": 1}, "/namespace is 1, not text"),
        ({"service": None}, "/service is missing"),
        ({"instance": "a b"}, "instance 'a b'"),
        ({"session": ["x"]}, "/session"),
        ({"health": "fine"}, "/health is 'fine': use one of ready, stale, failed"),
        ({"agent": []}, "/agent is [], not an object"),
        ({"agent": {"version": 1}}, "/agent/version is 1, not text"),
        ({"agent": {"language": "x" * 129}}, "/agent/language has 129 characters"),
        ({"reports": {}}, "/reports is {}, not a list of objects"),
        ({"reports": [1]}, "/reports is [1]"),
        ({"reports": [GOOD] * 65}, "/reports has 65 entries"),
        ({"reports": [GOOD, {**GOOD, "version": True}]}, "/reports/1/version is True"),
        ({"reports": [{**GOOD, "version": -1}]}, "/reports/0/version is -1"),
        ({"reports": [{**GOOD, "version": 1 << 63}]}, "/reports/0/version"),
        ({"reports": [{**GOOD, "digest": "A" * 64}]}, "/reports/0/digest"),
        ({"reports": [{**GOOD, "state": "pending"}]}, "/reports/0/state is 'pending'"),
        ({"reports": [{**GOOD, "state": ["x"]}]}, "/reports/0/state is ['x']"),
        ({"reports": [{**GOOD, "reason": "x" * 501}]}, "/reports/0/reason has 501"),
        ({"breakers": [{"edge": "e"}]}, "/breakers/0/state is missing"),
        ({"breakers": [{"edge": "e" * 401, "state": "open"}]}, "/breakers/0/edge has 401"),
    ],
)
def test_malformed_report(
    world: World, tmp_path: Path, fields: dict[str, Any], pointer: str
) -> None:
    """Each mistake is named with its pointer, and nothing of the report is taken."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            answer = await agent.report(**fields)
            assert (answer.status, answer.code) == (400, "bad-request")
            assert pointer.encode() in answer.body
            assert row(gate.gate).health == ""

    run(scenario())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 5000])
def test_report_that_is_no_object(world: World, tmp_path: Path, body: bytes) -> None:
    """Anything but a JSON object is refused."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            answer = await gate.ask("POST", "/v1/agent/report", world.token(), body=body)
            assert (answer.status, answer.code) == (400, "bad-request")

    run(scenario())


def test_unknown_fields_are_ignored(world: World, tmp_path: Path) -> None:
    """A newer agent may say more."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            said = {**outcome(await agent.event(), "applied"), "revision": 1, "mood": "good"}
            assert (await agent.report(said, telemetry={"calls": 3})).status == 204

    run(scenario())


class Full(MemoryStore):
    """A store that takes no writes for a while."""

    full = False

    def commit(self, transaction: Transaction) -> int:
        """Fail while full."""
        if self.full:
            raise StoreUnavailableError("committing", "no room")
        return super().commit(transaction)


def test_counts_are_written_once_the_store_takes_them(tmp_path: Path) -> None:
    """A store that takes no writes costs agents nothing, and what was counted is not lost."""

    async def scenario() -> None:
        store = Full(now)
        world = World(store)
        world.text("player-engine", "one")
        async with serving(store, settings(tmp_path)) as gate:
            agent = await gate.stream(world.token())
            await agent.event()
            revision = world.publish({"player-engine": bundle("player-engine", "two")})
            store.full = True
            assert (await agent.applied(await agent.event())).status == 204
            await until(lambda: gate.gate.counters["ack_writes_failed"])
            assert world.acks(revision) is None
            store.full = False
            await until(lambda: (acks := world.acks(revision)) and acks.count(AgentState.APPLIED))
        store.close()

    run(scenario())


def test_counts_are_written_when_the_process_stops(world: World, tmp_path: Path) -> None:
    """The last second's acknowledgements are not lost, and nobody is left behind as stale."""
    revisions = []

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            one, two = [await gate.stream(token, instance=n) for n in ("a", "b")]
            for agent in (one, two):
                await agent.event()
            for text in ("two", "three"):
                revisions.append(world.publish({"player-engine": bundle("player-engine", text)}))
                await two.event()
            await one.event()
            await one.applied(await one.event())

    run(scenario())
    for revision in revisions:
        acks = world.acks(revision)
        assert acks is not None
        assert (acks.count(AgentState.APPLIED), acks.targeted) == (1, 1)
