"""Instances: registered over the agent plane, and told to those who call the service."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from configsvc.registry import Instance, combined, records, version_of
from configsvc.store import Staged, Store, layout
from configsvc.store.memory import MemoryStore
from tests.agentgate.world import (
    PLAYER,
    SCORE,
    Agent,
    Answer,
    Running,
    World,
    bundle,
    now,
    run,
    serving,
    settings,
    until,
)

SCORES = "/v1/agent/instances/"


def calling(service: str, *callees: str, mode: str = "client") -> bytes:
    """The bundle of a caller."""
    outbound = [{"callee": callee, "discovery": {"mode": mode}} for callee in callees]
    body = {"format": 1, "service": service, "outbound": outbound}
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


@pytest.fixture
def called(memory: MemoryStore) -> World:
    """A world in which the player engine calls the score engine."""
    made = World(memory)
    made.publish(
        {
            "player-engine": calling("player-engine", "score-engine"),
            "score-engine": bundle("s", "x"),
        }
    )
    return made


@pytest.fixture
def memory() -> MemoryStore:
    """A store."""
    return MemoryStore(now)


async def register(
    gate: Running, token: str, agent: Agent, instance: str = "one", **fields: object
) -> Answer:
    """Register an instance of the score engine."""
    body = {
        "namespace": "prod",
        "service": "score-engine",
        "session": agent.session,
        "port": 8080,
        **fields,
    }
    return await gate.ask("PUT", SCORES + instance, token, body=json.dumps(body).encode())


async def registered(gate: Running, world: World) -> Agent:
    """An agent whose instance callers have been told of."""
    caller = await gate.stream(world.token(PLAYER), instance="witness")
    token = world.token(SCORE)
    agent = await gate.stream(token, SCORE)
    assert (await register(gate, token, agent)).status == 204
    assert (await told(caller))["put"]
    return agent


async def deregister(gate: Running, token: str, session: str, instance: str = "one") -> Answer:
    """Take an instance of the score engine off."""
    query = f"?namespace=prod&service=score-engine&session={session}"
    return await gate.ask("DELETE", SCORES + instance + query, token)


def listed(store: Store) -> dict[str, Instance]:
    """The instances of the score engine."""
    kept = records(store).list(layout.instances("prod", "score-engine"))
    return {each.value.id: each.value for each in kept}


async def told(agent: Agent) -> Mapping[str, Any]:
    """What a caller is told next of instances."""
    event = await agent.event()
    while event.kind != "instances":
        event = await agent.event()
    return event.json


def test_registered_instance_is_told_to_callers(called: World, tmp_path: Path) -> None:
    """With the address from which its agent connects; only what has changed is sent."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            caller = await gate.stream(called.token(PLAYER))
            assert (await caller.event()).kind == "bundle"
            token = called.token(SCORE)
            agent = await gate.stream(token, SCORE)
            assert (await register(gate, token, agent, labels={"zone": "a"})).status == 204
            change = await told(caller)
            one = {
                "id": "one",
                "address": "127.0.0.1:8080",
                "labels": {"zone": "a"},
                "healthy": True,
            }
            assert change == {
                "callee": "score-engine",
                "base": 0,
                "version": version_of(listed(called.store).values()),
                "put": [one],
                "remove": [],
            }
            assert (await deregister(gate, token, agent.session)).status == 204
            assert await told(caller) == {
                "callee": "score-engine",
                "base": change["version"],
                "version": 0,
                "put": [],
                "remove": ["one"],
            }

    run(scenario())


def test_caller_that_connects_is_told_all(called: World, tmp_path: Path) -> None:
    """Unless it holds the very same; the heartbeat has the number of it."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            await registered(gate, called)
            caller = await gate.stream(called.token(PLAYER))
            whole = await told(caller)
            assert [each["id"] for each in whole["instances"]] == ["one"]
            streams = gate.gate.hub.streams()
            (stream,) = [each for each in streams if each.identity[1:] == ("player-engine", "one")]
            assert gate.gate.instances_told(stream) == combined([whole["version"]])
            asked = await gate.get(
                "/v1/agent/instances?namespace=prod&service=player-engine", called.token(PLAYER)
            )
            assert json.loads(asked.body) == {"callees": [whole]}

    run(scenario())


def test_caller_that_holds_the_same_is_told_nothing(called: World, tmp_path: Path) -> None:
    """After a reconnect or a restart of the server there is nothing to say."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            agent = await registered(gate, called)
            version = gate.gate.registrar.mirror.version("prod", "score-engine")
            client = await gate.connect()
            client.request(
                "GET",
                "/v1/agent/stream?namespace=prod&service=player-engine&instance=two",
                {
                    "Authorization": f"Bearer {called.token(PLAYER)}",
                    "Configsvc-Endpoints": str(version),
                },
            )
            assert (await client.head())[0] == 200
            assert [(await client.event()).kind for _ in range(2)] == ["session", "bundle"]
            await register(gate, called.token(SCORE), agent, labels={"zone": "b"})
            event = await client.event()
            assert (event.kind, event.json["base"]) == ("instances", version)

    run(scenario())


def test_instances_of_a_callee_with_one_address_are_not_told(
    memory: MemoryStore, tmp_path: Path
) -> None:
    """Server-side discovery: the caller gets the stable address alone."""
    world = World(memory)
    world.publish(
        {
            "player-engine": calling("player-engine", "score-engine", mode="server"),
            "score-engine": bundle("s", "x"),
        }
    )

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            asked = await gate.get(
                "/v1/agent/instances?namespace=prod&service=player-engine", world.token(PLAYER)
            )
            assert json.loads(asked.body) == {"callees": []}

    run(scenario())


def test_new_bundle_brings_the_instances_of_a_new_callee(called: World, tmp_path: Path) -> None:
    """On the same stream, after the bundle."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            called.publish({"match-engine": calling("match-engine")})
            await until(lambda: (k := gate.gate.in_force("prod")) and "match-engine" in k.offers)
            await registered(gate, called)
            match = ("prod", "match-engine")
            caller = await gate.stream(called.token(match), match)
            assert (await caller.event()).kind == "bundle"
            called.publish({"match-engine": calling("match-engine", "score-engine")})
            assert (await caller.event()).kind == "bundle"
            assert [each["id"] for each in (await told(caller))["instances"]] == ["one"]

    run(scenario())


def test_lost_stream_changes_the_record_and_no_callers_list(called: World, tmp_path: Path) -> None:
    """The grace begins; who comes back with another stream takes the record over."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            agent = await registered(gate, called)
            version = gate.gate.registrar.mirror.version("prod", "score-engine")
            agent.close()
            await until(lambda: listed(called.store)["one"].state == "lost")
            assert gate.gate.registrar.mirror.version("prod", "score-engine") == version
            token = called.token(SCORE)
            again = await gate.stream(token, SCORE)
            await register(gate, token, again)
            assert listed(called.store)["one"].state == "up"
            assert listed(called.store)["one"].session == again.session

    run(scenario())


def test_restart_neither_empties_nor_changes_a_list(called: World, tmp_path: Path) -> None:
    """The next process tells callers the same, though no stream of the instance is there."""

    async def scenario() -> None:
        token = called.token(SCORE)
        async with serving(called.store, settings(tmp_path)) as gate:
            agent = await gate.stream(token, SCORE)
            await register(gate, token, agent)
            before = version_of(listed(called.store).values())
        async with serving(called.store, settings(tmp_path)) as gate:
            caller = await gate.stream(called.token(PLAYER))
            assert (await told(caller))["version"] == before
            assert listed(called.store)["one"].state == "up"

    run(scenario())


def test_mark_of_a_suspect_is_taken_off_by_who_has_its_stream(
    called: World, tmp_path: Path
) -> None:
    """A controller that was wrong is set right."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            token = called.token(SCORE)
            agent = await gate.stream(token, SCORE)
            await register(gate, token, agent)
            one = listed(called.store)["one"]
            records(called.store).put(
                layout.instance("prod", "score-engine", "one"), replace(one, state="suspect")
            )
            await until(lambda: listed(called.store)["one"].state == "up")

    run(scenario())


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"port": "80"}, 400, "bad-request"),
        ({"port": 0}, 400, "bad-request"),
        ({"port": 70_000}, 400, "bad-request"),
        ({"host": "score-1.internal"}, 400, "bad-request"),
        ({"host": 7}, 400, "bad-request"),
        ({"labels": {"zone": 1}}, 400, "bad-request"),
        ({"labels": ["zone"]}, 400, "bad-request"),
        ({"session": "1-none"}, 409, "unknown-session"),
        ({"session": ""}, 400, "bad-request"),
        ({"service": "player-engine"}, 403, "wrong-identity"),
        ({"host": "10.0.0.1"}, 403, "address-not-allowed"),
    ],
)
def test_registration_that_is_not_to_be(
    called: World, tmp_path: Path, fields: dict[str, Any], status: int, code: str
) -> None:
    """Refused with what is wrong, and nothing is written."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            token = called.token(SCORE)
            agent = await gate.stream(token, SCORE)
            answer = await register(gate, token, agent, **fields)
            assert (answer.status, answer.code) == (status, code)
            assert listed(called.store) == {}

    run(scenario())


def test_session_is_bound_to_its_instance(called: World, tmp_path: Path) -> None:
    """One token may have many instances; each registers itself alone."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            token = called.token(SCORE)
            agent = await gate.stream(token, SCORE)
            assert (await register(gate, token, agent, "two")).status == 409
            await register(gate, token, agent)
            other = await gate.stream(token, SCORE, instance="two")
            assert (await deregister(gate, token, other.session)).status == 409
            assert list(listed(called.store)) == ["one"]

    run(scenario())


def test_foreign_address_inside_an_allowed_network_is_taken(called: World, tmp_path: Path) -> None:
    """As ``discovery.allow`` of the published service says."""
    service = {
        "apiVersion": "configsvc/v1",
        "kind": "Service",
        "metadata": {"name": "score-engine"},
        "spec": {"discovery": {"allow": ["10.0.0.0/8"]}},
    }
    data = json.dumps(service, sort_keys=True, separators=(",", ":")).encode()
    head = called.namespaces.head("prod")
    called.namespaces.commit(
        "prod", head, Staged("ann", "allow", puts={"Service/score-engine": data})
    )

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            token = called.token(SCORE)
            agent = await gate.stream(token, SCORE)
            assert (await register(gate, token, agent, host="10.1.2.3")).status == 204
            assert listed(called.store)["one"].address == "10.1.2.3:8080"
            assert (await register(gate, token, agent, host="11.1.2.3")).status == 403

    run(scenario())


def test_body_that_is_no_object_is_refused(called: World, tmp_path: Path) -> None:
    """And so is another method."""

    async def scenario() -> None:
        async with serving(called.store, settings(tmp_path)) as gate:
            token = called.token(SCORE)
            for body in (b"[]", b"{", b"\xff"):
                assert (await gate.ask("PUT", SCORES + "one", token, body=body)).status == 400
            assert (await gate.ask("POST", SCORES + "one", token, body=b"{}")).status == 405
            assert (await gate.ask("PUT", SCORES + "a/b", token, body=b"{}")).status == 400

    run(scenario())
