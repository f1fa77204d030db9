"""What this process answers to the operator plane, over its UNIX socket.

Whoever may open the socket may ask: it lies in a directory that only the service's user can enter.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Callable[[Mapping[str, str]], Mapping[str, Any]]
"""Answers a query with a JSON object."""

_READ = 2.0


async def serve_internally(path: Path, answers: Mapping[str, Answer]) -> asyncio.Server:
    """Serve ``answers`` by path; each connection is for one request."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _READ)
            writer.write(_respond(head, answers))
            await writer.drain()
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            pass  # whoever asked learns it from the missing answer
        finally:
            writer.close()

    return await asyncio.start_unix_server(handle, path)


def _respond(head: bytes, answers: Mapping[str, Answer]) -> bytes:
    _, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
    parts = urlsplit(target)
    answer = answers.get(parts.path)
    if answer is None:
        return _message("404 Not Found", {})
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return _message("200 OK", answer(query))


def _message(status: str, value: Mapping[str, Any]) -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
