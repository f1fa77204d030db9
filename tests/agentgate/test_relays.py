"""The endpoints of relays."""

import json
from pathlib import Path
from typing import Any

import pytest

from configsvc.access import mint_relay
from configsvc.agentgate import relays
from configsvc.agentgate.relayed import FRESH, RelayedAgents
from configsvc.fleet import AckCounts, AgentRow, AgentState, Histogram
from configsvc.store import layout
from tests.agentgate.world import (
    Client,
    Running,
    World,
    digest_of,
    now,
    run,
    serving,
    settings,
    until,
)

ROW = AgentRow("prod", "player-engine", "far", "s", 1, 1, state=AgentState.APPLIED)
COUNTS = AckCounts("prod", 2, 1, {AgentState.APPLIED: 3}, {}, Histogram(), (), 5)


def relay_token(world: World, *namespaces: str) -> str:
    """A token for a relay."""
    minted = mint_relay(namespaces or ("prod",), now())
    world.tokens.put(layout.token(minted.record.id), minted.record)
    return minted.text


async def stream(gate: Running, token: str) -> Client:
    """Open a relay's stream."""
    client = await gate.connect()
    client.request("GET", "/v1/relay/stream", {"Authorization": f"Bearer {token}"})
    assert (await client.head())[0] == 200
    return client


async def entries(client: Client, kind: str) -> dict[str, Any]:
    """What the next event that is no heartbeat says."""
    event = await client.event()
    while event.kind == "heartbeat":
        event = await client.event()
    assert event.kind == kind
    return dict(event.json["entries"])


async def post(gate: Running, name: str, token: str, body: object) -> int:
    """POST JSON; the status of the answer."""
    answer = await gate.ask("POST", f"/v1/relay/{name}", token, body=json.dumps(body).encode())
    return answer.status


def test_a_stream_begins_with_everything_of_its_namespaces(world: World, tmp_path: Path) -> None:
    """Heads, and tokens of agents and relays; nothing of other namespaces, no operator's token."""
    world.token(("staging", "player-engine"))
    world.publish({"x": b"{}"}, namespace="staging")

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = world.token().split("_")[1]
            token = relay_token(world)
            found = await entries(await stream(gate, token), "state")
            assert set(found) == {
                layout.head("prod"),
                layout.token(agent),
                layout.token(token.split("_")[1]),
            }

    run(scenario())


def test_changes_follow(world: World, tmp_path: Path) -> None:
    """A commit is told as the head that it made, of its namespaces alone."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            client = await stream(gate, relay_token(world))
            await entries(client, "state")
            world.publish({"x": b"{}"}, namespace="staging")
            world.text("player-engine", "two")
            found = await entries(client, "change")
            assert set(found) == {layout.head("prod")}
            assert json.loads(found[layout.head("prod")])["revision"] == 3

    run(scenario())


def test_a_withdrawn_token_is_told(world: World, tmp_path: Path) -> None:
    """The relay must not let its holder in any more."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent = world.token()
            client = await stream(gate, relay_token(world))
            await entries(client, "state")
            world.revoke(agent)
            (value,) = (await entries(client, "change")).values()
            assert json.loads(value)["revoked"]

    run(scenario())


def test_blobs_and_records_are_read_by_name(world: World, tmp_path: Path) -> None:
    """What is not there is said to be missing."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token, digest = relay_token(world), world.text("player-engine", "two")
            blob = await gate.get(f"/v1/relay/blob?digest={digest}", token)
            assert digest_of(blob.body) == digest
            missing = await gate.get(f"/v1/relay/blob?digest={'0' * 64}", token)
            assert missing.status == 404
            path = await gate.get("/v1/relay/blob?digest=/etc/hostname", token)
            assert path.status == 400
            record = await gate.get("/v1/relay/revision?namespace=prod&revision=3", token)
            assert json.loads(record.body)["author"] == "ann"
            later = await gate.get("/v1/relay/revision?namespace=prod&revision=9", token)
            assert later.status == 404

    run(scenario())


def test_counts_are_kept_under_the_relays_own_name(world: World, tmp_path: Path) -> None:
    """No relay writes over what a node or another relay counted."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = relay_token(world)
            item = {**COUNTS.to_json(), "process": "relay-1"}
            assert await post(gate, "acks", token, {"counts": [item]}) == 204
            (kept,) = world.store.range(layout.acks("prod", 2)).entries
            assert kept.key == layout.ack("prod", 2, f"relay-{token.split('_')[1]}-relay-1")

    run(scenario())


def test_agents_of_a_relay_are_in_the_fleet_until_it_is_lost(world: World, tmp_path: Path) -> None:
    """Then nobody knows what they do: they are stale."""
    row = AgentRow("prod", "player-engine", "far", "s", 1, 1, state=AgentState.APPLIED)

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = relay_token(world)
            client = await stream(gate, token)
            await entries(client, "state")
            assert await post(gate, "agents", token, {"agents": [row.to_json()]}) == 204
            (found,) = gate.gate.relayed.rows(now(), "prod")
            assert (found.instance, found.state) == ("far", AgentState.APPLIED)
            client.close()
            await client.ended()
            (lost,) = gate.gate.relayed.rows(now(), "prod")
            assert lost.state is AgentState.STALE

    run(scenario())


def test_a_relay_is_lost_with_its_last_stream(world: World, tmp_path: Path) -> None:
    """Each of its processes has one: while another goes on, its agents are known."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = relay_token(world)
            streams = [await stream(gate, token) for _ in range(2)]
            assert await post(gate, "agents", token, {"agents": [ROW.to_json()]}) == 204
            states = []
            for number, client in enumerate(streams, 1):
                await entries(client, "state")
                client.close()
                await until(lambda left=2 - number: len(gate.gate.connections) == left)
                states += [row.state for row in gate.gate.relayed.rows(now(), "prod")]
            assert states == [AgentState.APPLIED, AgentState.STALE]

    run(scenario())


def test_counts_of_endless_processes_are_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One relay's token is not to fill the store; counts that are kept may still be renewed."""
    monkeypatch.setattr(relays, "MAX_PROCESSES", 2)

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token, sent = relay_token(world), []
            for process in ("a", "b", "c", "b"):
                item = {**COUNTS.to_json(), "process": process}
                sent.append(await post(gate, "acks", token, {"counts": [item]}))
            assert sent == [204, 204, 403, 204]
            other = {**COUNTS.to_json(), "process": "c"}
            assert await post(gate, "acks", relay_token(world), {"counts": [other]}) == 204

    run(scenario())


def test_counts_of_changes_long_past_are_not_kept(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be deleted at once; the relay that was away for long need not repeat them."""
    monkeypatch.setattr(relays, "ACKS_KEPT", 1)
    item = {**COUNTS.to_json(), "process": "a", "revision": 1}

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            assert await post(gate, "acks", relay_token(world), {"counts": [item]}) == 204
            assert world.store.range(layout.acks("prod")).entries == ()

    run(scenario())


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("acks", {"counts": [{**COUNTS.to_json(), "process": "a/b"}]}, 400),
        ("acks", {"counts": [{"process": "a"}]}, 400),
        ("acks", {"counts": [{**COUNTS.to_json(), "namespace": "staging", "process": "a"}]}, 403),
        ("acks", [], 400),
        ("acks", {"counts": [{**COUNTS.to_json(), "revision": 3, "process": "a"}]}, 400),
        ("agents", {"agents": [{"namespace": "prod"}]}, 400),
        ("agents", {"agents": [{**ROW.to_json(), "labels": {"zone": 1}}]}, 400),
        ("agents", {"agents": [{**ROW.to_json(), "lastHeard": "x"}]}, 400),
        ("agents", {"agents": [{}] * 1_001}, 400),
        ("nothing", {}, 404),
    ],
)
def test_what_a_relay_must_not_send_is_refused(
    world: World, tmp_path: Path, name: str, body: object, status: int
) -> None:
    """Whole: nothing is kept."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            assert await post(gate, name, relay_token(world), body) == status
            assert world.store.range(layout.acks("prod")).entries == ()

    run(scenario())


def test_kinds_of_tokens_are_not_interchangeable(world: World, tmp_path: Path) -> None:
    """An agent's opens no relay's stream, a relay's no agent's."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            agent, relay = world.token(), relay_token(world)
            assert (await gate.get("/v1/relay/stream", agent)).status == 401
            target = "/v1/agent/bundle?namespace=prod&service=player-engine"
            assert (await gate.get(target, relay)).status == 401

    run(scenario())


def test_what_a_relay_did_not_tell_again_is_stale() -> None:
    """It may have told another process since, or be gone."""
    relayed = RelayedAgents()
    relayed.take("relay", [ROW], 1)
    assert [row.state for row in relayed.rows(FRESH + 1)] == [AgentState.APPLIED]
    assert [row.state for row in relayed.rows(FRESH + 2)] == [AgentState.STALE]
