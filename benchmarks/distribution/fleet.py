"""Agents in processes of their own: opened, told, and counted."""

import array
import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.distribution.native import program

PATIENCE = 180.0
"""Seconds after which something that should happen is taken not to."""

PER_PROCESS = 12_500
"""Agents of one process: each may have two connections for a moment."""


@dataclass(frozen=True, slots=True)
class Applied:
    """When the agents had applied a change, and how busy the server was meanwhile."""

    times: Sequence[int]
    peak: int


class Fleet:
    """Agents of one service, spread over as many processes as the limit of open files asks for."""

    def __init__(
        self,
        protocol: str,
        port: int,
        count: int,
        *,
        token: str = "none",
        acks: bool = False,
        slow: bool = False,
        first: int = 0,
    ) -> None:
        parts = -(-count // PER_PROCESS)
        self._processes = []
        for part in range(parts):
            size = count // parts + (part < count % parts)
            numbers = (str(first), str(int(acks)), str(int(slow)))
            source = f"127.0.0.{2 + part + 10 * slow}"
            command = [str(program("agents")), protocol, str(port), str(size), source, *numbers]
            self._processes.append(
                subprocess.Popen([*command, token], stdout=subprocess.PIPE, bufsize=0)
            )
            first += size

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [each.pid for each in self._processes]

    def await_ready(self) -> None:
        """Wait until every agent has its first bundle."""
        for process in self._processes:
            self._line(process, "ready")

    def await_applied(self) -> Applied:
        """Wait until every agent has the newest change."""
        times, peak = array.array("q"), 0
        for process in self._processes:
            count, busiest = self._line(process, "applied")
            times.frombytes(self._exactly(process, count * times.itemsize))
            peak += busiest
        return Applied(sorted(times), peak)

    def await_acknowledged(self) -> int:
        """Wait until every acknowledgement was answered; when the last one was, nanoseconds."""
        return max(self._line(process, "acknowledged")[1] for process in self._processes)

    def close(self) -> None:
        """End the agents."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _line(self, process: "subprocess.Popen[bytes]", name: str) -> tuple[int, ...]:
        line = b""
        while not line.endswith(b"\n"):
            line += self._exactly(process, 1)
        said, *numbers = line.split()
        if said.decode() != name:
            raise RuntimeError(f"the agents said {line!r} where {name!r} was awaited")
        return tuple(map(int, numbers))

    @staticmethod
    def _exactly(process: "subprocess.Popen[bytes]", size: int) -> bytes:
        stream, data = process.stdout, b""
        if stream is None:
            raise RuntimeError("the agents have no output")
        deadline = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while len(data) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise RuntimeError(f"the agents were not through after {PATIENCE:g} s")
                piece = os.read(stream.fileno(), size - len(data))
                if not piece:
                    raise RuntimeError(f"the agents ended with {process.wait()}")
                data += piece
        return data


@contextmanager
def fleet(
    protocol: str,
    port: int,
    count: int,
    *,
    token: str = "none",
    acks: bool = False,
    slow: bool = False,
    first: int = 0,
) -> Iterator[Fleet]:
    """Agents until the block ends; all have their first bundle when it begins."""
    agents = Fleet(protocol, port, count, token=token, acks=acks, slow=slow, first=first)
    try:
        agents.await_ready()
        yield agents
    finally:
        agents.close()
