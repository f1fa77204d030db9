"""Whom a relay copies: the agent plane of a node, or another relay, over HTTP."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from configsvc.errors import InputError, OperationError

TIMEOUT: Final = 10.0
"""Seconds for which an answer is waited for."""

SILENCE: Final = 60.0
"""Seconds without a sign of life after which a stream counts as lost; three heartbeats."""

MAX_BLOB: Final = 16 << 20
MAX_EVENT: Final = 256 << 20
"""Bytes of one event; 100,000 instances take about 40 MB."""


class UpstreamError(OperationError):
    """The upstream cannot be reached, or does not give what was asked for."""

    def __init__(self, url: str, reason: str, status: int = 0) -> None:
        self.status = status
        super().__init__(f"upstream {url}: {reason}")


class News(NamedTuple):
    """One event: ``state`` has everything, ``change`` what differs; None is gone."""

    kind: str
    entries: Mapping[str, str | None]


class Upstream:
    """Asks one upstream. Safe to share between threads; each request has its own connection.

    Args:
        url: ``http[s]://host[:port]`` of an agent plane.
        token_file: holds the relay's token; read anew for each request.
        ca_file: PEM file of who vouches for it; None for the system's authorities.

    Raises:
        InputError: the URL is none.
    """

    def __init__(self, url: str, token_file: Path, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InputError(f"upstream {url!r} is no URL such as https://configsvc:8701")
        self.url = url.rstrip("/")
        self._host, self._port = parts.hostname, parts.port
        self._tls = _context(ca_file) if parts.scheme == "https" else None
        self._token_file = token_file
        self._streams: set[http.client.HTTPConnection] = set()
        self._lock = threading.Lock()
        self._closed = False

    def news(self) -> Iterator[News]:
        """What the relay should have: everything first, then changes, until the stream breaks.

        Raises:
            UpstreamError: there is no stream, or it has broken.
        """
        connection = self._connect(SILENCE)
        with self._lock:
            self._streams.add(connection)
        try:
            response = self._send(connection, "GET", "stream")
            yield from self._events(response)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UpstreamError(self.url, f"the stream has broken: {error!r}") from error
        finally:
            with self._lock:
                self._streams.discard(connection)
            connection.close()

    def blob(self, digest: str) -> bytes:
        """The bytes of a blob, as they came; raises `UpstreamError`."""
        return self._ask("GET", f"blob?digest={quote(digest)}", limit=MAX_BLOB)

    def revision(self, namespace: str, number: int) -> bytes:
        """The record of a revision; raises `UpstreamError`, with status 404 if there is none."""
        query = urlencode({"namespace": namespace, "revision": number})
        return self._ask("GET", f"revision?{query}", limit=1 << 20)

    def acks(self, counts: Sequence[Mapping[str, Any]]) -> None:
        """Hand on how far changes have come; raises `UpstreamError`."""
        self._ask("POST", "acks", json.dumps({"counts": list(counts)}).encode())

    def agents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Hand on what agents do; raises `UpstreamError`."""
        self._ask("POST", "agents", json.dumps({"agents": list(rows)}).encode())

    def close(self) -> None:
        """Wake whoever waits for news; nothing is asked any more."""
        self._closed = True
        with self._lock:
            for connection in self._streams:
                if connection.sock is not None:
                    connection.sock.shutdown(2)

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _events(self, response: http.client.HTTPResponse) -> Iterator[News]:
        kind, data = "", b""
        while line := response.readline(MAX_EVENT):
            if line.startswith(b"event: "):
                kind = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                data = line[6:]
            elif line == b"\n" and kind in {"state", "change"}:
                yield News(kind, json.loads(data)["entries"])
            if self._closed:
                return
        raise UpstreamError(self.url, "the stream was ended")

    def _ask(
        self, method: str, path: str, body: bytes | None = None, limit: int = 1 << 16
    ) -> bytes:
        connection = self._connect(TIMEOUT)
        try:
            with closing(connection):
                response = self._send(connection, method, path, body)
                data = response.read(limit + 1)
        except (OSError, http.client.HTTPException) as error:
            raise UpstreamError(self.url, f"cannot be reached: {error!r}") from error
        if len(data) > limit:
            raise UpstreamError(self.url, f"the answer has more than {limit} bytes")
        return data

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None = None,
    ) -> http.client.HTTPResponse:
        connection.request(method, f"/v1/relay/{path}", body, {"Authorization": self._bearer()})
        response = connection.getresponse()
        if response.status >= http.client.BAD_REQUEST:
            detail = _detail(response.read(1 << 16))
            raise UpstreamError(self.url, f"{response.status}: {detail}", response.status)
        return response

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if self._closed:
            raise UpstreamError(self.url, "the relay is stopping")
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=timeout, context=self._tls
        )

    def _bearer(self) -> str:
        try:
            return f"Bearer {self._token_file.read_text().strip()}"
        except OSError as error:
            raise UpstreamError(
                self.url, f"the token in {self._token_file} cannot be read: {error.strerror}"
            ) from error


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"the certificates in {ca_file} cannot be read: {error}") from error


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        return "no reason was given"
