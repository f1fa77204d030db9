"""The three requests of the protocol, for one instance."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode, urlsplit

from configsvc_agent.client._wire import (
    MAX_PROBLEM,
    EventStream,
    ServerAwayError,
    ServerRefusedError,
    ask,
    read,
    told,
)
from configsvc_agent.settings import Settings, SettingsError
from configsvc_agent.values import Value

CONNECT_TIMEOUT = 5.0
"""Seconds for a connection and its TLS handshake."""

ANSWER_TIMEOUT = 10.0
"""Seconds of silence that an answer may have."""


MAX_INSTANCES = 16 << 20
"""Bytes of lists of instances that are taken."""


class Fetched(Value):
    """A bundle from the bundle endpoint and what its headers say; nothing is verified yet."""

    data: bytes
    digest: str
    epoch: str
    version: int
    revision: int


class _Where(Value):
    """A server's address; ``path`` comes before each request's own."""

    url: str
    host: str
    port: int | None
    path: str
    encrypted: bool

    @classmethod
    def of(cls, url: str | None) -> _Where:
        if url is None:
            raise SettingsError("there is no server's address; set CONFIGSVC_URL")
        parts = urlsplit(url)
        path = parts.path.rstrip("/")
        return cls(url, parts.hostname or "", parts.port, path, parts.scheme == "https")


class _Answer(Value):
    data: bytes
    headers: http.client.HTTPMessage


class Client:
    """Speaks the protocol for one instance. Not for two threads at once, except as said.

    ``url``: tells before each request where the server is; without it that never changes.
    """

    def __init__(
        self,
        settings: Settings,
        instance: str,
        context: ssl.SSLContext | None,
        url: Callable[[], str | None] | None = None,
    ) -> None:
        self._settings = settings
        self._instance = instance
        self._url = url or (lambda: settings.url)
        self._context = context or _context(settings) if self._where().encrypted else None
        self._connection: http.client.HTTPConnection | None = None
        self._connected_to = ""

    def open_stream(self, *, last_event_id: str, digest: str, endpoints: int = 0) -> EventStream:
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
        if endpoints:
            headers["Configsvc-Endpoints"] = str(endpoints)
        where = self._where()
        connection = self._connect(where)
        wire = connection.sock  # the connection lets go of it once the answer's head is read
        try:
            path = f"{where.path}/v1/agent/stream?{self._identity()}"
            headers |= self._authorization()
            response = ask(connection, "GET", path, headers, expected=http.HTTPStatus.OK)
        except BaseException:
            connection.close()
            raise
        kind = response.headers.get_content_type()
        if kind != "text/event-stream":
            response.close()
            raise ServerRefusedError(response.status, "", f"{kind} is no event stream")
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

    def register(self, session: str, fields: Mapping[str, object]) -> None:
        """Register this instance by the stream of ``session``.

        Raises:
            ServerAwayError: not reached; whether it arrived is unknown, so send it again.
            ServerRefusedError: refused.
        """
        body = {
            "namespace": self._settings.namespace,
            "service": self._settings.service,
            "session": session,
            **fields,
        }
        data = json.dumps(body, separators=(",", ":")).encode()
        path = f"/v1/agent/instances/{quote(self._instance)}"
        self._exchange("PUT", path, http.HTTPStatus.NO_CONTENT, body=data)

    def deregister(self, session: str) -> None:
        """Take this instance off the list; raises as :meth:`register`."""
        path = f"/v1/agent/instances/{quote(self._instance)}?{self._identity()}"
        self._exchange("DELETE", f"{path}&session={quote(session)}", http.HTTPStatus.NO_CONTENT)

    def instances(self) -> list[object]:
        """What the server says of the instances of all callees; nothing is verified yet.

        Raises:
            ServerAwayError: not reached, or cut off.
            ServerRefusedError: another answer.
        """
        path = f"/v1/agent/instances?{self._identity()}"
        answer = self._exchange("GET", path, http.HTTPStatus.OK, limit=MAX_INSTANCES)
        try:
            found = json.loads(answer.data)["callees"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ServerRefusedError(200, "", f"no lists of instances: {error!r}") from None
        if not isinstance(found, list):
            raise ServerRefusedError(200, "", "no lists of instances")
        return found

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
        where = self._where()
        path = f"{where.path}{path}"
        if self._connected_to != where.url:
            self.close()
        kept, self._connection = self._connection, None
        if kept is not None:
            try:
                return self._on(kept, method, path, status, body, limit)
            except ServerAwayError:
                pass  # A kept connection may have been closed while idle: each request repeats.
        self._connected_to = where.url
        return self._on(self._connect(where), method, path, status, body, limit)

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
            response = ask(connection, method, path, headers, body, expected=status)
        except BaseException:
            connection.close()
            raise
        try:
            answer = _Answer(read(response, limit), response.headers)
        except BaseException:
            response.close()
            connection.close()
            raise
        self._keep(connection, response)
        return answer

    def _keep(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        """Keep a connection whose answer was read to its end; any other would answer next time."""
        if response.isclosed():
            self._connection = connection
        else:
            response.close()
            connection.close()

    def _where(self) -> _Where:
        return _Where.of(self._url())

    def _connect(self, where: _Where) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPConnection(where.host, where.port, timeout=CONNECT_TIMEOUT)
            if self._context is None
            else http.client.HTTPSConnection(
                where.host, where.port, timeout=CONNECT_TIMEOUT, context=self._context
            )
        )
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ServerAwayError(f"{where.url} cannot be reached: {told(error)}") from error
        connection.sock.settimeout(ANSWER_TIMEOUT)
        return connection

    def _identity(self) -> str:
        """Who asks: a rollout decides by instance and labels what it should hold."""
        query = {
            "namespace": self._settings.namespace,
            "service": self._settings.service,
            "instance": self._instance,
        }
        if labels := self._settings.labels:
            query["labels"] = ",".join(f"{name}={value}" for name, value in labels.items())
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
