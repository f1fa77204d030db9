"""Active health checks, against real sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def serving(answer: bytes) -> Iterator[str]:
    """A server that takes one connection, says one thing, and ends."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


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
    with serving(answer) as address:
        assert asyncio.run(answers(address, check)) is good


def test_nobody_there_is_a_bad_answer() -> None:
    """And so is an address that is none."""
    assert asyncio.run(answers("127.0.0.1:1", CHECK)) is False
    assert asyncio.run(answers("nonsense", CHECK)) is False


def test_silence_is_a_bad_answer_after_the_timeout() -> None:
    """A frozen process takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        address = f"127.0.0.1:{frozen.getsockname()[1]}"
        check = replace(CHECK, timeout=Duration(20_000))
        assert asyncio.run(answers(address, check)) is False


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
