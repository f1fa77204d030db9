"""Handing reports to the process of this node that has the agent's stream.

The processes of a node share one port, so a report arrives at any of them. The session names the
process; its socket in the run directory takes reports in batches, one request at a time.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from itertools import zip_longest
from pathlib import Path
from typing import Final

import orjson

from configsvc.agentgate.http import unavailable

_log = logging.getLogger("configsvc.agentgate")

TIMEOUT: Final = 2.0
"""Seconds within which another process must have answered a batch."""

MAX_BATCH_BYTES: Final = 1 << 20
"""Bytes of reports that are handed over together."""

MAX_WAITING: Final = 10_000
"""Reports that may wait for one process."""

REPORTS_PATH: Final = "/internal/reports"

_NO_ANSWER: Final = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    TimeoutError,
    asyncio.LimitOverrunError,
)
"""Every way in which a process can fail to answer properly."""

_Waiting = tuple[bytes, asyncio.Future[int]]


def process_of(session: str) -> int | None:
    """The id of the process that opened a session; None if it is none of ours."""
    text, dash, _ = session.partition("-")
    if not dash or not text.isascii() or not text.isalnum() or len(text) > 8:  # noqa: PLR2004
        return None
    try:
        return int(text, 16)
    except ValueError:
        return None


class Peers:
    """The other agent-facing processes of this node.

    Args:
        directory: where processes keep their sockets.
        loop: the running loop.
    """

    def __init__(self, directory: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._directory = directory
        self._loop = loop
        self._queues: dict[int, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def forward(self, process: int, report: bytes) -> int:
        """Hand a report to a process and return the status with which it answers.

        Raises:
            ProblemError: 503, the process does not answer in time, or too many reports wait.
        """
        answer: asyncio.Future[int] = self._loop.create_future()
        queue = self._queues.get(process)
        if queue is None:
            self._queues[process] = queue = deque()
            task = self._loop.create_task(self._serve(process, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if len(queue) >= MAX_WAITING:
            raise unavailable("too many reports wait for the process that has the stream")
        queue.append((report, answer))
        return await answer

    async def close(self) -> None:
        """Give up what still waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, process: int, queue: deque[_Waiting]) -> None:
        """Hand over what waits until nothing does; then forget the process."""
        connection = _Connection(self._directory / f"agentgate-{process}.sock")
        try:
            while queue:
                await _hand_over(connection, _batch(queue))
        finally:
            del self._queues[process]
            connection.close()
            for _, answer in queue:
                answer.cancel()


def _batch(queue: deque[_Waiting]) -> list[_Waiting]:
    batch = [queue.popleft()]
    size = len(batch[0][0])
    while queue and size + len(queue[0][0]) <= MAX_BATCH_BYTES:
        size += len(queue[0][0])
        batch.append(queue.popleft())
    return batch


async def _hand_over(connection: "_Connection", batch: list[_Waiting]) -> None:
    """Hand over one batch and answer everybody in it, whatever happens."""
    statuses: list[int] = []
    try:
        async with asyncio.timeout(TIMEOUT):
            statuses = await connection.post([report for report, _ in batch])
    except (FileNotFoundError, ConnectionRefusedError):
        statuses = [HTTPStatus.CONFLICT] * len(batch)  # it has ended, and so have its streams
    except _NO_ANSWER as exc:
        _log.warning("reports were not handed over: %r", exc)
        connection.close()
    finally:
        for (_, answer), status in zip_longest(batch, statuses[: len(batch)]):
            if answer.done():
                continue
            if status is None:
                problem = unavailable("the process that has the stream does not answer: try again")
                answer.set_exception(problem)
            else:
                answer.set_result(status)


class _Connection:
    """One HTTP connection to another process's socket; opened when it is first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, reports: list[bytes]) -> list[int]:
        """Send reports; return the status of each."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_unix_connection(str(self._path))
        body = b"[" + b",".join(reports) + b"]"
        head = f"POST {REPORTS_PATH} HTTP/1.1\r\nHost: local\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()
        status, answer = await self._answer(self._reader)
        if status != HTTPStatus.OK:
            raise ValueError(f"{self._path.name} answered {status}: {answer[:200]!r}")
        return [int(each) for each in orjson.loads(answer)]

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = head.split("\r\n")
        length = next((line for line in lines if line.startswith("content-length:")), ":0")
        body = await reader.readexactly(int(length.partition(":")[2]))
        return int(lines[0].split(" ")[1]), body

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.close()
        self._reader = self._writer = None
