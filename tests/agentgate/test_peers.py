"""Handing reports over to other processes of the node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from configsvc.agentgate.http import ProblemError
from configsvc.agentgate.peers import Peers, process_of
from tests.agentgate.world import run

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    ("session", "process"),
    [
        ("1f-" + "a" * 24, 31),
        ("poll", None),
        ("-a", None),
        ("", None),
        ("xyz-a", None),
        ("123456789-a", None),
        ("-1-a", None),
        ("1_0-a", None),
        ("٣-a", None),
    ],
)
def test_session_names_its_process(session: str, process: int | None) -> None:
    """Anything else names none."""
    assert process_of(session) == process


@asynccontextmanager
async def peers_of(directory: Path, serve: Serve | None = None) -> AsyncIterator[Peers]:
    """The other processes as one sees them: one, with id 7, that answers so."""
    peers = Peers(directory, asyncio.get_running_loop())
    path = str(directory / "agentgate-7.sock")
    server = await asyncio.start_unix_server(serve, path) if serve else None
    try:
        yield peers
    finally:
        await peers.close()
        if server is not None:
            server.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read one request and return its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


def test_reports_of_one_moment_go_together(tmp_path: Path) -> None:
    """While one batch is under way the next gathers; each report gets its own answer."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                bodies.append(await request(reader))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(bodies[-1]))
                writer.write(bodies[-1])
        writer.close()

    async def scenario() -> None:
        async with peers_of(tmp_path, serve) as peers:
            statuses = [204, 409] * 25
            asked = (peers.forward(7, b"%d" % status) for status in statuses)
            assert await asyncio.gather(*asked) == statuses
            assert len(bodies) < 5

    run(scenario())


def test_process_that_has_ended(tmp_path: Path) -> None:
    """Its streams have ended with it."""

    async def scenario() -> None:
        async with peers_of(tmp_path) as peers:
            assert await peers.forward(7, b"{}") == 409

    run(scenario())


@pytest.mark.parametrize(
    "reply",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 500 Oops\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
)
def test_process_that_answers_nonsense(tmp_path: Path, reply: bytes) -> None:
    """The agent is asked to try again."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(reply)
        writer.close()

    async def scenario() -> None:
        async with peers_of(tmp_path, serve) as peers:
            with pytest.raises(ProblemError) as refused:
                await peers.forward(7, b"{}")
            assert refused.value.status == 503

    run(scenario())


def test_process_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it for ever."""
    monkeypatch.setattr("configsvc.agentgate.peers.TIMEOUT", 0.1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def scenario() -> None:
        async with peers_of(tmp_path, serve) as peers:
            with pytest.raises(ProblemError, match="does not answer"):
                await peers.forward(7, b"{}")

    run(scenario())
