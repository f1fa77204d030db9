"""Connections: bounds, patience, and what a strange peer may do."""

import asyncio
import random
import time
from pathlib import Path

from configsvc.agentgate.options import Limits
from tests.agentgate.world import (
    Running,
    World,
    bundle,
    bundle_target,
    run,
    serving,
    settings,
    stream_target,
    until,
)


def get(token: str, *extra: str) -> bytes:
    """A request for the bundle, as bytes."""
    lines = [f"GET {bundle_target()} HTTP/1.1", f"Authorization: Bearer {token}", *extra]
    return "\r\n".join((*lines, "", "")).encode()


async def works(gate: Running, token: str) -> bool:
    """True if others are still served."""
    return (await gate.get(bundle_target(), token)).status == 200


def test_connection_is_kept_for_the_next_request(world: World, tmp_path: Path) -> None:
    """Several requests one after the other, and several sent ahead, are answered in order."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token, client = world.token(), await gate.connect()
            client.send(get(token))
            assert (await client.answer()).status == 200
            client.send(get(token) + get("x") + get(token))
            assert [(await client.answer()).status for _ in range(3)] == [200, 401, 200]
            assert gate.gate.counters["connections_accepted"] == 1

    run(scenario())


def test_connection_is_closed_when_the_peer_wants_it(world: World, tmp_path: Path) -> None:
    """``Connection: close`` and HTTP/1.0 end with the answer."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            for request in (
                get(world.token(), "Connection: close"),
                get(world.token()).replace(b"HTTP/1.1", b"HTTP/1.0"),
            ):
                client = await gate.connect()
                client.send(request)
                answer = await client.answer()
                assert (answer.status, answer.headers["connection"]) == (200, "close")
                assert await client.ended()

    run(scenario())


def test_half_closed_peer_gets_its_answer(world: World, tmp_path: Path) -> None:
    """A peer that shuts its side down after the request still reads the answer."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token, client = world.token(), await gate.connect()
            assert (await gate.get(bundle_target(), token)).status == 200  # it is known by now
            client.send(get(token, "If-None-Match: *"))
            client.writer.write_eof()
            assert (await client.answer()).status == 304

    run(scenario())


def test_oversize_head_and_body(world: World, tmp_path: Path) -> None:
    """Too much is refused with an answer that arrives, though the peer is still sending."""

    async def scenario() -> None:
        many, long = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 4000, "X: " + "a" * (17 << 10)
        body = b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 1_000_000
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            for data, status, code in (
                (get(token, long), 431, "headers-too-large"),
                (many, 431, "headers-too-large"),
                (body, 413, "too-large"),
            ):
                client = await gate.connect()
                client.send(data)
                answer = await client.answer()
                assert (answer.status, answer.code) == (status, code)
                assert answer.headers["connection"] == "close"
            assert await works(gate, token)

    run(scenario())


def test_leave_to_send_a_body(world: World, tmp_path: Path) -> None:
    """A client that asks first, as curl does, is told to go on."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            client = await gate.connect()
            head = b"POST /v1/agent/report HTTP/1.1\r\nContent-Length: 2\r\n"
            client.send(head + b"Expect: 100-continue\r\n\r\n")
            assert (await client.head())[0] == 100
            client.send(b"{}")
            assert (await client.answer()).status == 401

    run(scenario())


def test_slowloris(world: World, tmp_path: Path) -> None:
    """A request that trickles in is cut off when its time is up, however busy it looks."""

    async def scenario() -> None:
        limits = Limits(read=0.3)
        async with serving(world.store, settings(tmp_path, limits)) as gate:
            token, client = world.token(), await gate.connect()
            began = time.monotonic()
            client.send(b"GET / HTTP/1.1\r\n")
            answering = asyncio.ensure_future(client.answer())
            while not answering.done():
                client.send(b"X: y\r\n")
                await asyncio.wait([answering], timeout=0.02)
            assert (await answering).status == 408
            assert 0.25 < time.monotonic() - began < 2
            assert await works(gate, token)

    run(scenario())


def test_slow_body(world: World, tmp_path: Path) -> None:
    """The same holds for a body."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path, Limits(read=0.1))) as gate:
            client = await gate.connect()
            client.send(b"POST /v1/agent/report HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
            assert (await client.answer()).status == 408

    run(scenario())


def test_silent_and_idle_connections_are_closed(world: World, tmp_path: Path) -> None:
    """One that never asks, and one that asks no more."""

    async def scenario() -> None:
        limits = Limits(read=0.1, idle=0.1)
        async with serving(world.store, settings(tmp_path, limits)) as gate:
            silent, idle = await gate.connect(), await gate.connect()
            idle.send(get(world.token()))
            assert (await idle.answer()).status == 200
            assert await silent.ended()
            assert await idle.ended()

    run(scenario())


def test_streams_are_not_idle(world: World, tmp_path: Path) -> None:
    """A stream lives on without a word from its agent."""

    async def scenario() -> None:
        limits = Limits(read=0.05, idle=0.05)
        async with serving(world.store, settings(tmp_path, limits, heartbeat=100_000)) as gate:
            agent = await gate.stream(world.token())
            await agent.event()
            assert [(await agent.event()).kind for _ in range(3)] == ["heartbeat"] * 3

    run(scenario())


def test_too_many_connections(world: World, tmp_path: Path) -> None:
    """One above the limit is told so; when another leaves there is room again."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path), capacity=2) as gate:
            first, second = await gate.connect(), await gate.connect()
            await until(lambda: len(gate.gate.connections) == 2)
            third = await gate.connect()
            answer = await third.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            assert b"no room" in answer.body
            third.close()
            first.close()
            await until(lambda: len(gate.gate.connections) == 1)
            second.send(get(world.token()))
            assert (await second.answer()).status == 200
            assert gate.gate.counters["connections_turned_away"] == 1

    run(scenario())


def test_idle_connections_make_room_when_it_is_crowded(world: World, tmp_path: Path) -> None:
    """Answers close the connection once more than half of the room is taken."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path), capacity=2) as gate:
            first = await gate.connect()
            first.send(get(world.token()))
            assert "connection" not in (await first.answer()).headers
            second = await gate.connect()
            second.send(get(world.token()))
            assert (await second.answer()).headers["connection"] == "close"
            assert await second.ended()

    run(scenario())


def test_slow_reader_delays_nobody_and_gets_only_the_newest(world: World, tmp_path: Path) -> None:
    """While one agent does not read, others get every change; it gets the last one alone."""

    async def scenario() -> None:
        async with serving(world.store, settings(tmp_path)) as gate:
            token = world.token()
            slow = await gate.connect(receive_buffer=4096)
            slow.pause()
            head = f"GET {stream_target(instance='slow')} HTTP/1.1\r\nAuthorization: Bearer {token}"
            slow.send(f"{head}\r\n\r\n".encode())
            await until(lambda: len(gate.gate.hub.streams()) == 1)
            (stream,) = gate.gate.hub.streams()
            quick = await gate.stream(token, instance="quick")
            await quick.event()
            for number in range(8):
                world.publish({"player-engine": bundle("player-engine", f"{number}", 1 << 20)})
                event = await quick.event()
                assert event.bundle == bundle("player-engine", f"{number}", 1 << 20)
            assert stream.subscription.blocked
            assert gate.gate.metrics()["streams_blocked"] == 1
            slow.resume()
            assert (await slow.head())[0] == 200
            versions: list[int] = []
            while not versions or versions[-1] != 10:
                event = await slow.event()
                if event.kind == "bundle":
                    versions.append(event.json["version"])
            assert len(versions) < 9
            assert stream.subscription.merged + len(versions) == 9
            assert not stream.subscription.blocked

    run(scenario())


def test_peer_that_never_reads_is_cut(world: World, tmp_path: Path) -> None:
    """Nobody keeps the server's memory for ever, by a stream or by an answer."""

    async def scenario() -> None:
        world.publish({"player-engine": bundle("player-engine", "large", 8 << 20)})
        async with serving(world.store, settings(tmp_path, Limits(slow=0.2))) as gate:
            token = world.token()
            for target in (stream_target(), bundle_target()):
                client = await gate.connect(receive_buffer=4096)
                client.writer.transport.pause_reading()  # type: ignore[attr-defined]
                client.request("GET", target, {"Authorization": f"Bearer {token}"})
                await until(lambda: gate.gate.counters["requests"] > 0)
                await until(lambda: not gate.gate.connections)

    run(scenario())


def test_requests_sent_ahead_wait_for_a_peer_that_does_not_read(
    world: World, tmp_path: Path
) -> None:
    """Answers do not pile up in memory."""

    async def scenario() -> None:
        world.publish({"player-engine": bundle("player-engine", "large", 2 << 20)})
        async with serving(world.store, settings(tmp_path, Limits(slow=0.3))) as gate:
            client = await gate.connect(receive_buffer=4096)
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            client.send(get(world.token()) * 8)
            await until(lambda: gate.gate.counters["requests"] > 0)
            await until(lambda: not gate.gate.connections)
            assert gate.gate.counters["requests"] <= 3

    run(scenario())


def test_random_bytes_harm_nobody(world: World, tmp_path: Path) -> None:
    """Hundreds of connections of noise and damaged requests leave the others served."""

    async def scenario() -> None:
        chance = random.Random(7)
        async with serving(world.store, settings(tmp_path, Limits(read=0.2))) as gate:
            token = world.token()
            agent = await gate.stream(token)
            await agent.event()
            for _ in range(300):
                client = await gate.connect()
                client.send(_noise(chance, get(token)))
                if chance.random() < 0.5:
                    client.close()
            world.text("player-engine", "two")
            assert (await agent.event()).kind == "bundle"
            assert await works(gate, token)
            await until(lambda: len(gate.gate.connections) <= 1)

    run(scenario())


def _noise(chance: random.Random, request: bytes) -> bytes:
    if chance.random() < 0.5:
        return chance.randbytes(chance.randrange(1, 2000))
    damaged = bytearray(request * chance.randrange(1, 12))
    for _ in range(chance.randrange(1, 6)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged[: chance.randrange(1, len(damaged) + 1)])
