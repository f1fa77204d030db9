"""HTTP as it is on the wire: bounded reads, and a name for every failure."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping

from configsvc_agent.errors import AgentError

MAX_PROBLEM = 16 << 10
"""Bytes read of an answer that is an error."""

_CHUNK = 64 << 10


class ServerAwayError(AgentError):
    """The server cannot be reached, or the connection broke; it will be tried again."""


class ServerRefusedError(AgentError):
    """The server answered, but not with what was asked for.

    ``status``: the HTTP status. ``code``: the problem's code, empty where there is none.
    ``retry_after``: seconds that the server asks to wait, 0 where it does not.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after: float = 0.0) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(f"the server answered {f'{status} {code}'.rstrip()}: {detail}")


class EventStream:
    """An open stream: an iterator over its bytes, to be closed from any thread."""

    def __init__(self, wire: socket.socket, response: http.client.HTTPResponse) -> None:
        self._socket = wire
        self._response = response

    def quiet_for(self, seconds: float) -> None:
        """Let a silence of so many seconds end the stream from now on."""
        self._socket.settimeout(seconds)

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come, in pieces of at most 64 KiB.

        Raises:
            ServerAwayError: the connection broke or was silent for too long.
        """
        while True:
            try:
                chunk = self._response.read1(_CHUNK)
            except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
                # close() from another thread pulls the file from under a read.
                raise ServerAwayError(f"the stream broke: {told(error)}") from error
            if not chunk:
                return
            yield chunk

    def close(self) -> None:
        """End the stream; a thread that is reading it is woken."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the descriptor back; for the reading thread, once it has stopped reading."""
        self._response.close()
        self._socket.close()


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    expected: int,
) -> http.client.HTTPResponse:
    """The head of the answer to a request, its body still to be read.

    Raises:
        ServerAwayError: no answer, or none of HTTP.
        ServerRefusedError: another status than ``expected``.
    """
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServerAwayError(f"{method} {path.partition('?')[0]}: {told(error)}") from error
    if response.status == expected:
        return response
    try:
        code, detail = _problem(read(response, MAX_PROBLEM))
    finally:
        response.close()
    raise ServerRefusedError(
        response.status, code, detail or response.reason, _seconds(response.headers)
    )


def read(response: http.client.HTTPResponse, limit: int) -> bytes:
    """At most ``limit`` bytes of the body.

    Raises:
        ServerAwayError: it broke off.
    """
    try:
        data = response.read(limit)
        if response.length and len(data) < limit:
            raise http.client.IncompleteRead(data, response.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServerAwayError(f"the answer broke off: {told(error)}") from error
    return data


def _problem(data: bytes) -> tuple[str, str]:
    """The code and the detail of a problem document, empty where the answer is none."""
    try:
        problem = json.loads(data)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(problem, dict):
        return "", ""
    return str(problem.get("code", ""))[:64], str(problem.get("detail", ""))[:300]


def _seconds(headers: http.client.HTTPMessage) -> float:
    """Retry-After in seconds; a date or nonsense counts as absent."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() and len(text) < 6 else 0.0  # noqa: PLR2004  a day


def told(error: BaseException) -> str:
    """An exception in few words; some carry no text of their own."""
    return str(error)[:200] or type(error).__name__
