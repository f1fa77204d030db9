"""Commit to received, through one agent-facing process, SQLite and real sockets.

``python -m benchmarks.push [STREAMS] [CHANGES] [BYTES] [tls]``: three processes, the one that
commits, the agent plane, and one that holds all streams. Times are from just before the commit; the
clock is that of the machine, the same for all processes.
"""

import asyncio
import json
import multiprocessing
import secrets
import socket
import ssl
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path

import uvloop

from configsvc.access import AgentIdentity, decode_record, encode_record, mint_agent
from configsvc.agentgate.app import serve
from configsvc.agentgate.options import AgentGateSettings
from configsvc.store import Namespaces, Records, Staged, Store, layout
from configsvc.store.sqlite import SqliteStore
from tests.agentgate import certificates
from tests.agentgate.certificates import Pair

NAMESPACE, SERVICE = "bench", "player-engine"


def now() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000


class Stream(asyncio.Protocol):
    """One agent: notes when each whole bundle arrived."""

    def __init__(self, request: bytes, size: int, arrived: list[int], done: asyncio.Event) -> None:
        self._request = request
        self._size = size
        self._arrived = arrived
        self._done = done
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the stream."""
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Count the ends of bundle events."""
        text = self._tail + data
        for _ in range(text.count(b'"end"}\n\n')):
            self._arrived.append(time.monotonic_ns())
            if len(self._arrived) == self._size:
                self._done.set()
        self._tail = text[-7:]


async def hold(port: int, token: str, count: int, pipe: Connection, trusted: str) -> None:
    """Hold streams; report the times at which each change arrived."""
    tls = ssl.create_default_context(cafile=trusted) if trusted else None
    loop = asyncio.get_running_loop()
    arrived: list[int] = []
    done = asyncio.Event()

    async def open_one(number: int) -> None:
        query = f"namespace={NAMESPACE}&service={SERVICE}&instance=i{number}"
        head = f"GET /v1/agent/stream?{query} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        await loop.create_connection(
            lambda: Stream(head.encode(), count, arrived, done), "127.0.0.1", port, ssl=tls
        )

    for first in range(0, count, 100):
        await asyncio.gather(*(open_one(n) for n in range(first, min(first + 100, count))))
    while True:
        await done.wait()
        done.clear()
        times = arrived[:]
        arrived.clear()
        await asyncio.to_thread(pipe.send, times)


def hold_streams(port: int, token: str, count: int, pipe: Connection, trusted: str) -> None:
    """Run `hold` for ever."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold(port, token, count, pipe, trusted))


def serve_agents(data: Path, descriptor: int, pair: Pair | None) -> None:
    """Run the agent plane, with a certificate and its key if there are any."""

    def open_store() -> Store:
        return SqliteStore(data, now)

    serve(
        AgentGateSettings(
            (f"fd://{descriptor}",),
            data / "run",
            node="bench",
            log_level="error",
            certificate=pair.certificate if pair else None,
            key=pair.key if pair else None,
        ),
        open_store,
    )


def bundle(size: int) -> bytes:
    """A bundle of about so many bytes, another one each time."""
    padding = secrets.token_hex(size // 2)
    return json.dumps({"a": padding, "z": "end"}, separators=(",", ":")).encode()


def memory_of(pid: int) -> int:
    """Resident kilobytes of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def processor_time(pid: int) -> int:
    """Microseconds of processor time that a process has used, its own and the kernel's.

    From the scheduler's books, because the clock's tick is longer than a push to a thousand agents.
    """
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) // 1_000


def report(label: str, times: list[float]) -> None:
    """Print one row: milliseconds of the first, the middle, the slowest percent and the last."""
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    figures = (ordered[0], statistics.median(ordered), p99, ordered[-1])
    print(f"{label:>10} " + " ".join(f"{figure:9.1f}" for figure in figures))


def main(count: int = 1_000, changes: int = 10, size: int = 2_000, tls: str = "") -> None:
    """Measure and print."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as directory, socket.socket() as listener:
        data = Path(directory)
        pair = certificates.make(data) if tls else None
        listener.bind(("127.0.0.1", 0))
        listener.set_inheritable(True)
        server = context.Process(target=serve_agents, args=(data, listener.fileno(), pair))
        server.start()
        ours, theirs = context.Pipe()
        store = SqliteStore(data, now)
        namespaces = Namespaces(store, now, lambda: secrets.token_hex(8))
        publish(namespaces, size)
        pid = worker_of(data / "run")
        port = listener.getsockname()[1]
        holder = context.Process(
            target=hold_streams,
            args=(port, mint(store), count, theirs, str(pair.certificate) if pair else ""),
            daemon=True,
        )
        measure_opening(pid, holder, ours, count, size)
        measure_pushes(pid, namespaces, ours, count, (changes, size))
        for process in (holder, server):
            process.terminate()
            process.join()
        store.close()


def worker_of(sockets: Path) -> int:
    """The process that serves agents, once it does."""
    while not (found := list(sockets.glob("agentgate-*.sock"))):
        time.sleep(0.05)
    return int(found[0].stem.rpartition("-")[2])


def mint(store: Store) -> str:
    """Make the agents' token."""
    minted = mint_agent(AgentIdentity(NAMESPACE, SERVICE), now())
    Records(store, encode_record, decode_record).put(layout.token(minted.record.id), minted.record)
    return minted.text


def measure_opening(pid: int, holder: ForkProcess, pipe: Connection, count: int, size: int) -> None:
    """Open all streams, and print what that costs."""
    memory, used, began = memory_of(pid), processor_time(pid), time.monotonic_ns()
    holder.start()
    pipe.recv()
    opened = (time.monotonic_ns() - began) / 1e9
    print(f"{count} streams, bundles of {size} bytes: opened in {opened:.2f} s;")
    print(
        f"each takes {(memory_of(pid) - memory) / count:.1f} KB resident and "
        f"{(processor_time(pid) - used) / count:.0f} us to open"
    )


def measure_pushes(
    pid: int, namespaces: Namespaces, pipe: Connection, count: int, work: tuple[int, int]
) -> None:
    """Make so many changes of that size, and print when they arrived."""
    changes, size = work
    used = processor_time(pid)
    print("milliseconds from commit to agents:")
    print(f"{'':>10} {'first':>9} {'median':>9} {'p99':>9} {'last':>9}")
    for number in range(changes):
        began = publish(namespaces, size)
        report(f"change {number + 1}", [(at - began) / 1e6 for at in pipe.recv()])
    print(f"{(processor_time(pid) - used) / count / changes:.0f} us for each push to a stream")


def publish(namespaces: Namespaces, size: int) -> int:
    """Put another bundle in force; return when it was begun, nanoseconds."""
    began = time.monotonic_ns()
    change = Staged("bench", "a change", bundles={SERVICE: bundle(size)})
    namespaces.commit(NAMESPACE, namespaces.head(NAMESPACE), change)
    return began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *sys.argv[4:5])
