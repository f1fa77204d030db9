"""The agent's HTTP client: the three requests of the protocol, every read bounded.

Importing this module imports ``http.client`` and ``ssl``; the agent does it on its own thread, so
that a service does not pay for them at import.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from configsvc_agent.errors import AgentError
from configsvc_agent.settings import Settings, SettingsError

CONNECT_TIMEOUT = 5.0
"""Seconds for a connection and its TLS handshake."""

ANSWER_TIMEOUT = 10.0
"""Seconds of silence that an answer may have."""

MAX_PROBLEM = 16 << 10
"""Bytes read of an answer that is an error."""

_CHUNK = 64 << 10

_Headers: TypeAlias = Mapping[str, str]


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
        super().__init__(f"the server answered {status} {code}: {detail}".rstrip(": "))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A bundle from the bundle endpoint and what its headers say; nothing is verified yet."""

    data: bytes
    digest: str
    epoch: str
    version: int
    revision: int


@dataclass(frozen=True, slots=True)
class _Answer:
    data: bytes
    headers: http.client.HTTPMessage


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
                raise ServerAwayError(f"the stream broke: {_told(error)}") from error
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


class Client:
    """Speaks the protocol for one instance. Not for two threads at once, except as said."""

    def __init__(self, settings: Settings, instance: str, context: ssl.SSLContext | None) -> None:
        if settings.url is None:
            raise SettingsError("there is no server's address; set CONFIGSVC_URL")
        parts = urlsplit(settings.url)
        self._settings = settings
        self._instance = instance
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = parts.path.rstrip("/")
        self._context = context or _context(settings) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    def open_stream(self, *, last_event_id: str, digest: str) -> EventStream:
        """Open the event stream; empty arguments mean that nothing is held.

        Raises:
            ServerAwayError: not reached, or no answer.
            ServerRefusedError: an answer that is not an event stream.
            SettingsError: the token cannot be read.
        """
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        if digest:
            headers["Configsvc-Digest"] = digest
        connection = self._connect()
        wire = connection.sock  # the connection lets go of it once the answer's head is read
        try:
            path = f"{self._path}/v1/agent/stream?{self._identity(instance=True)}"
            response = _ask(connection, "GET", path, headers | self._authorization())
            _expect(response, http.HTTPStatus.OK)
            kind = response.headers.get_content_type()
            if kind != "text/event-stream":
                raise ServerRefusedError(response.status, "", f"{kind} is no event stream")
        except BaseException:
            connection.close()
            raise
        return EventStream(wire, response)

    def fetch(self, digest: str, *, limit: int) -> Fetched:
        """The bundle in force, if it has ``digest``; at most ``limit`` bytes of it.

        Raises:
            ServerAwayError: not reached, or cut off.
            ServerRefusedError: another answer, ``not-in-force`` among them.
        """
        path = f"/v1/agent/bundle?{self._identity()}&digest={quote(digest)}"
        answer = self._exchange("GET", path, http.HTTPStatus.OK, limit=limit + 1)
        if len(answer.data) > limit:
            raise ServerRefusedError(200, "", f"the bundle has more than {limit} bytes")
        return _fetched(answer.data, answer.headers)

    def report(self, body: Mapping[str, object]) -> None:
        """Send a report.

        Raises:
            ServerAwayError: not reached; whether it arrived is unknown, so send it again.
            ServerRefusedError: refused, ``unknown-session`` among others.
        """
        data = json.dumps(body, separators=(",", ":")).encode()
        self._exchange("POST", "/v1/agent/report", http.HTTPStatus.NO_CONTENT, body=data)

    def close(self) -> None:
        """Close the connection kept for fetches and reports."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exchange(
        self,
        method: str,
        path: str,
        status: int,
        *,
        body: bytes | None = None,
        limit: int = MAX_PROBLEM,
    ) -> _Answer:
        """One short request, on the kept connection if the server has not closed it meanwhile."""
        kept, self._connection = self._connection, None
        if kept is not None:
            try:
                return self._on(kept, method, path, status, body, limit)
            except ServerAwayError:
                pass  # A kept connection may have been closed while idle: each request repeats.
        return self._on(self._connect(), method, path, status, body, limit)

    def _on(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        status: int,
        body: bytes | None,
        limit: int,
    ) -> _Answer:
        try:
            headers = self._authorization()
            if body is not None:
                headers["Content-Type"] = "application/json"
            response = _ask(connection, method, f"{self._path}{path}", headers, body)
            _expect(response, status)
            answer = _Answer(_read(response, limit), response.headers)
        except BaseException:
            connection.close()
            raise
        if response.isclosed():
            self._connection = connection
        else:
            connection.close()
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_TIMEOUT)
            if self._context is None
            else http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_TIMEOUT, context=self._context
            )
        )
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ServerAwayError(
                f"{self._settings.url} cannot be reached: {_told(error)}"
            ) from error
        connection.sock.settimeout(ANSWER_TIMEOUT)
        return connection

    def _identity(self, *, instance: bool = False) -> str:
        query = {"namespace": self._settings.namespace, "service": self._settings.service}
        if instance:
            query["instance"] = self._instance
        return urlencode(query)

    def _authorization(self) -> dict[str, str]:
        if self._settings.token is None:
            raise SettingsError(
                "there is no agent token; set CONFIGSVC_TOKEN_FILE or CONFIGSVC_TOKEN"
            )
        return {"Authorization": f"Bearer {self._settings.token.read()}"}


def _context(settings: Settings) -> ssl.SSLContext:
    """Verified TLS of version 1.2 or later, against the system's authorities or ``ca_file``."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the certificates in {settings.ca_file} cannot be read: {error}; "
            "correct CONFIGSVC_CA_FILE"
        ) from error


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: _Headers,
    body: bytes | None = None,
) -> http.client.HTTPResponse:
    try:
        connection.request(method, path, body, dict(headers))
        return connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServerAwayError(f"{method} {path.partition('?')[0]}: {_told(error)}") from error


def _expect(response: http.client.HTTPResponse, status: int) -> None:
    if response.status == status:
        return
    code, detail = _problem(_read(response, MAX_PROBLEM))
    raise ServerRefusedError(
        response.status, code, detail or response.reason, _seconds(response.headers)
    )


def _read(response: http.client.HTTPResponse, limit: int) -> bytes:
    try:
        data = response.read(limit)
        if response.length and len(data) < limit:
            raise http.client.IncompleteRead(data, response.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServerAwayError(f"the answer broke off: {_told(error)}") from error
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


def _fetched(data: bytes, headers: http.client.HTTPMessage) -> Fetched:
    try:
        return Fetched(
            data=data,
            digest=headers["ETag"].strip('"'),
            epoch=headers["Configsvc-Epoch"].strip(),
            version=int(headers["Configsvc-Version"]),
            revision=int(headers["Configsvc-Revision"]),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ServerRefusedError(200, "", f"the bundle's headers are incomplete: {error}") from None


def _told(error: BaseException) -> str:
    """An exception in few words; some carry no text of their own."""
    return str(error)[:200] or type(error).__name__
