"""Active health checks, against real sockets."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from configsvc.controller import Prober
from configsvc.controller.instances import Target
from configsvc.controller.probing import answers
from configsvc.model.quantities import Duration
from configsvc.model.services import HealthCheck
from configsvc.registry import Instance, records
from configsvc.store import layout
from configsvc.store.memory import MemoryStore

CHECK = HealthCheck(
    path="/healthz",
    interval=Duration(10_000),
    timeout=Duration(2_000_000),
    healthy_after=1,
    unhealthy_after=2,
    unejects=False,
)
KEY = layout.instance("prod", "score-engine", "a")


async def serve(answer: bytes, ask: Callable[[str], object]) -> object:
    """A server that says one thing to everybody, while something is asked of it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        result = ask(f"{host}:{port}")
        return await result if asyncio.iscoroutine(result) else result


@pytest.mark.parametrize(
    ("answer", "path", "good"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "/healthz", True),
        (b"HTTP/1.0 302 Found\r\n\r\n", "/healthz", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "/healthz", False),
        (b"SSH-2.0-OpenSSH\r\n", "/healthz", False),
        (b"", "/healthz", False),
        (b"x" * 10_000, "/healthz", False),
        (b"", None, True),
    ],
)
def test_answer(answer: bytes, path: str | None, good: bool) -> None:  # noqa: FBT001
    """A path must be answered well; without one it is enough that somebody listens."""
    check = replace(CHECK, path=path)
    assert asyncio.run(serve(answer, lambda at: answers(at, check))) is good


def test_nobody_there_is_a_bad_answer() -> None:
    """And so is an address that is none."""
    assert asyncio.run(answers("127.0.0.1:1", CHECK)) is False
    assert asyncio.run(answers("nonsense", CHECK)) is False


def test_silence_is_a_bad_answer_after_the_timeout() -> None:
    """A frozen process takes connections and says nothing."""

    async def scenario() -> bool:
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            return await answers(f"{host}:{port}", replace(CHECK, timeout=Duration(20_000)))
        finally:
            server.close()

    assert asyncio.run(scenario()) is False


def test_what_checks_find_is_written_down() -> None:
    """After so many in a row; also that it serves again."""
    store = MemoryStore(lambda: 0)
    instance = Instance("prod", "score-engine", "a", "127.0.0.1:1", "1-a", 0)
    records(store).put(KEY, instance)
    targets = {KEY: Target(instance, replace(CHECK, path=None))}
    prober = Prober(store, lambda: targets)
    prober.start()
    try:
        wait_until(store, healthy=False)
        with socket.create_server(("127.0.0.1", 0)) as server:
            kept = records(store).get(KEY)
            assert kept is not None
            moved = replace(kept.value, address=f"127.0.0.1:{server.getsockname()[1]}")
            records(store).put(KEY, moved)
            targets[KEY] = Target(moved, replace(CHECK, path=None))
            wait_until(store, healthy=True)
    finally:
        prober.stop()


def wait_until(store: MemoryStore, *, healthy: bool) -> None:
    """Wait for what the record says."""
    deadline = time.monotonic() + 10
    while (kept := records(store).get(KEY)) is None or kept.value.healthy != healthy:
        assert time.monotonic() < deadline
        time.sleep(0.01)
