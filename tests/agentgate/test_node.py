"""The agent plane as it runs in production: real processes, SQLite, real sockets."""

import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from configsvc.agentgate.options import AgentGateSettings
from configsvc.errors import InputError
from configsvc.fleet import AgentState, ask_metrics, ask_nodes
from configsvc.store.sqlite import SqliteStore
from tests.agentgate import certificates
from tests.agentgate.node import Node, node
from tests.agentgate.world import (
    PATIENCE,
    Agents,
    World,
    bundle,
    bundle_target,
    now,
    run,
    run_against,
    until,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two services in prod, in SQLite, written by this process as the operator plane would."""
    store = SqliteStore(tmp_path, now)
    made = World(store)
    made.text("player-engine", "one")
    made.text("score-engine", "one")
    yield made
    store.close()


def test_from_commit_to_acknowledgement_and_drain(world: World, tmp_path: Path) -> None:
    """A commit in one process reaches an agent of another, and its answer comes back."""

    async def scenario(agents: Agents) -> None:
        agent = await agents.stream(world.token())
        await agent.applied(await agent.event())
        revision = world.publish({"player-engine": bundle("player-engine", "two")})
        event = await agent.event()
        assert event.bundle == bundle("player-engine", "two")
        assert (await agent.applied(event)).status == 204
        await until(lambda: (acks := world.acks(revision)) and acks.count(AgentState.APPLIED) == 1)
        (row,) = ask_nodes(running.run_directory, "prod").rows
        assert (row.state, row.version) == (AgentState.APPLIED, revision)
        assert (await agents.get(bundle_target(), world.token())).body == event.bundle
        running.process.terminate()
        assert (await agent.event()).kind == "drain"
        assert await agent.client.ended()

    with node(tmp_path) as running:
        run_against(running.port, scenario)
        assert running.process.wait(20) == 0
        assert ask_metrics(running.run_directory).incomplete == ()
        assert list(running.run_directory.iterdir()) == []


def test_reports_find_the_process_that_has_the_stream(world: World, tmp_path: Path) -> None:
    """Two processes share a port: whichever a report reaches, the right one takes it."""

    async def scenario(agents: Agents) -> None:
        token = world.token()
        streams = [await agents.stream(token, instance=f"i{n}") for n in range(12)]
        assert len({stream.session.split("-")[0] for stream in streams}) == 2
        for stream in streams:
            await stream.event()
        revision = world.publish({"player-engine": bundle("player-engine", "two")})
        for stream in streams:
            assert (await stream.applied(await stream.event())).status == 204
        await until(lambda: (acks := world.acks(revision)) and acks.count(AgentState.APPLIED) == 12)
        rows = ask_nodes(running.run_directory, "prod").rows
        assert {row.state for row in rows} == {AgentState.APPLIED}
        metrics = ask_metrics(running.run_directory).metrics.values()
        assert sum(each["reports_forwarded"] for each in metrics) > 0
        assert sum(each["streams"] for each in metrics) == 12

    with node(tmp_path, processes=2) as running:
        run_against(running.port, scenario)


def test_killed_process_is_replaced(world: World, tmp_path: Path) -> None:
    """Its agents come back to its successor, and its socket is cleaned away."""

    async def scenario(agents: Agents) -> None:
        token = world.token()
        agent = await agents.stream(token)
        event = await agent.event()
        (before,) = running.run_directory.iterdir()
        os.kill(int(before.stem.rpartition("-")[2]), signal.SIGKILL)
        assert await agent.client.ended()
        await until(lambda: set(running.run_directory.iterdir()) - {before})
        back = await agents.stream(token, last_event_id=event.id, digest=event.json["digest"])
        assert (await back.report()).status == 204
        assert (await agent.report()).status == 409
        answer = ask_nodes(running.run_directory, "prod")
        assert [row.state for row in answer.rows] == [AgentState.APPLIED]
        assert answer.incomplete == ()
        assert not before.exists()

    with node(tmp_path) as running:
        run_against(running.port, scenario)


def test_interrupt_ends_at_once(world: World, tmp_path: Path) -> None:
    """Ctrl-C does not wait for agents."""

    async def scenario(agents: Agents) -> None:
        agent = await agents.stream(world.token())
        await agent.event()
        running.process.send_signal(signal.SIGINT)
        assert await agent.client.ended()

    with node(tmp_path) as running:
        run_against(running.port, scenario)
        assert running.process.wait(20) == 0


@pytest.mark.external("openssl")
def test_tls(world: World, tmp_path: Path) -> None:
    """Streams, pushes and reports work over TLS; plain text is not understood."""
    pem = tmp_path / "localhost.pem"
    pair = certificates.make(tmp_path)
    certificate = pair.certificate.read_text()
    pem.write_text(certificate + pair.key.read_text())

    async def scenario(agents: Agents) -> None:
        agent = await agents.stream(world.token())
        await agent.event()
        world.publish({"player-engine": bundle("player-engine", "two", 1 << 20)})
        event = await agent.event()
        assert event.bundle == bundle("player-engine", "two", 1 << 20)
        assert (await agent.applied(event)).status == 204
        answer = await agents.ask("POST", "/v1/agent/report", body=b"x" * 70_000)
        assert answer.status == 413

    async def plain(agents: Agents) -> None:
        client = await agents.connect()
        client.request("GET", "/v1/agent/bundle")
        assert await client.ended()

    with node(tmp_path, pem=pem) as running:
        run_against(running.port, scenario, ssl.create_default_context(cadata=certificate))
        run_against(running.port, plain)
        renewed = certificates.make(tmp_path / "renewed")
        pem.write_text(renewed.certificate.read_text() + renewed.key.read_text())
        run(until(lambda: _shown_by(running) == renewed.certificate.read_text()))


def _shown_by(running: Node) -> str:
    """The certificate that new connections are shown."""
    return ssl.get_server_certificate(("127.0.0.1", running.port), timeout=PATIENCE)


def test_run_directory_that_is_too_deep(tmp_path: Path) -> None:
    """The reason is named before anything is started."""
    deep = tmp_path / ("d" * 100)
    with pytest.raises(InputError, match="use a data directory with a shorter path"):
        AgentGateSettings(bind=("127.0.0.1:0",), run_directory=deep).check()
