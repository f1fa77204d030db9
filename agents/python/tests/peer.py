"""A small server that speaks the agent protocol over real sockets, with faults on request.

It is the other side of the wire, written from PROTOCOL.md alone: it knows nothing of the agent's
code. One service, one namespace; streams run on threads and heartbeats are sent when told or every
``heartbeat`` seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "agent-token-of-player-engine"
PATIENCE = 10.0
"""Seconds that a test waits for something that must happen."""

_END = object()


def bundle(
    service: str = "player-engine", namespace: str = "prod", *, overall: int = 1_000_000
) -> dict[str, Any]:
    """A bundle with one callee; ``overall`` makes it another one."""
    policy = {
        "timeout": {"attempt": 400_000, "overall": overall},
        "sources": {"Timeout/default": ["timeout.attempt", "timeout.overall"]},
    }
    return {
        "format": 1,
        "namespace": namespace,
        "service": service,
        "outbound": [
            {
                "callee": "score-engine",
                "protocol": "http",
                "hosts": ["score-engine", "scores.internal:8080"],
                "discovery": {"mode": "client", "instances": [], "loadBalancing": "round-robin"},
                "operations": [
                    {
                        "name": "get-score",
                        "match": {"methods": ["GET"], "path": "/scores/{id}"},
                        "idempotent": True,
                        "floor": 20_000,
                        "policy": policy,
                    }
                ],
                "other": {"timeout": {"overall": overall * 2}, "sources": {}},
            }
        ],
        "undeclared": {"sources": {}},
        "inbound": {"operations": [], "other": {"rateLimits": []}},
    }


def encode(body: object) -> bytes:
    """Canonical bytes, as far as the bundles of these tests go."""
    return json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


@dataclass(frozen=True)
class InForce:
    """What the server serves."""

    epoch: str
    version: int
    data: bytes
    revision: int

    @property
    def digest(self) -> str:
        """What the server announces."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(eq=False)
class Stream:
    """One open stream: what the agent said when it opened it, and the way to send on it."""

    session: str
    instance: str
    last_event_id: str | None
    digest: str | None
    pieces: queue.Queue[bytes | object] = field(default_factory=queue.Queue)

    def send(self, data: bytes) -> None:
        """Put raw bytes on the wire."""
        self.pieces.put(data)

    def event(self, kind: str, *data: bytes, id: str = "") -> None:  # noqa: A002  the field's name
        """Send one event."""
        lines = [b"event: " + kind.encode()]
        if id:
            lines.append(b"id: " + id.encode())
        lines += [b"data: " + line for line in data]
        self.send(b"\n".join(lines) + b"\n\n")

    def end(self) -> None:
        """Close the connection after what was sent."""
        self.pieces.put(_END)


class Peer:
    """The server. Everything that agents did is in ``streams``, ``reports`` and ``requests``."""

    def __init__(self, *, heartbeat: float = 15.0, port: int = 0) -> None:
        self.heartbeat = heartbeat
        self.epoch = "e1"
        self.in_force: InForce | None = None
        self.streams: list[Stream] = []
        self.live: list[Stream] = []
        self.reports: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.problem: tuple[int, str, Mapping[str, str]] | None = None
        self.report_problem: tuple[int, str, Mapping[str, str]] | None = None
        self.fetch_data: bytes | None = None
        self.mute = False
        self.changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.peer = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where agents find it."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop as a killed process does: no farewell on any stream."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with self.changed:
            live = list(self.live)
        for stream in live:
            stream.end()
        for connection, thread in self._server.handlers:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)

    # ── what the operator does ───────────────────────────────────────────────────────────────────

    def publish(
        self,
        body: Mapping[str, Any] | bytes,
        *,
        version: int | None = None,
        push: bool = True,
        reset: bool = False,
    ) -> InForce:
        """Put a bundle in force, and tell the live streams unless the push is to be lost."""
        data = body if isinstance(body, bytes) else encode(body)
        with self.changed:
            before = 0 if self.in_force is None else self.in_force.version
            number = before + 1 if version is None else version
            self.in_force = InForce(self.epoch, number, data, number)
            live = list(self.live) if push else []
        for stream in live:
            self.send_bundle(stream, reset=reset)
        return self.in_force

    def send_bundle(
        self,
        stream: Stream,
        *,
        reset: bool = False,
        digest: str | None = None,
        in_force: InForce | None = None,
    ) -> None:
        """Push what is in force."""
        offer = in_force or self.in_force
        assert offer is not None
        header: dict[str, Any] = {
            "epoch": offer.epoch,
            "version": offer.version,
            "digest": digest or offer.digest,
            "revision": offer.revision,
            "committed": "2026-01-01T00:00:00Z",
        }
        if reset:
            header["reset"] = True
        event_id = f"{offer.epoch}.{offer.version}.0"
        stream.event("bundle", encode(header), offer.data, id=event_id)

    def beat(self, stream: Stream | None = None, *, digest: str | None = None) -> None:
        """Send a heartbeat on one stream, or on all."""
        with self.changed:
            live = list(self.live) if stream is None else [stream]
            offer = self.in_force
        body = {"epoch": self.epoch, "head": 0, "endpoints": 0}
        body["digest"] = digest or (offer.digest if offer else "")  # type: ignore[assignment]
        for each in live:
            each.event("heartbeat", encode(body))

    # ── what a test waits for ────────────────────────────────────────────────────────────────────

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until ``condition`` holds; fails the test after ten seconds."""
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE), f"never saw {what}"

    def wait_streams(self, count: int) -> Stream:
        """Wait for the stream with that number, counted from 1."""
        self.wait(lambda: len(self.streams) >= count, f"{count} streams")
        return self.streams[count - 1]

    def wait_report(self, state: str, version: int) -> dict[str, Any]:
        """Wait for a report about ``version``; the report's element."""
        self.wait(
            lambda: self.found(state, version), f"{state} {version} among {self.all_reports()}"
        )
        return self.found(state, version)[-1]

    def found(self, state: str, version: int) -> list[dict[str, Any]]:
        """The elements about ``version`` in ``state`` that were received."""
        return [r for r in self.all_reports() if (r["state"], r["version"]) == (state, version)]

    def all_reports(self) -> list[dict[str, Any]]:
        """The elements of all reports, in order."""
        return [element for report in self.reports for element in report["reports"]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    peer: Peer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.handlers: list[tuple[socket.socket, threading.Thread]] = []
        self.allow_reuse_address = True
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as the base
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self.handlers.append((request, thread))
        thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Agents go away in the middle of things; that is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(PATIENCE)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self._refused(query, self.server.peer.problem):
            return
        if parts.path == "/v1/agent/stream":
            self._stream(query)
        elif parts.path == "/v1/agent/bundle":
            self._bundle(query)
        else:
            self._problem(404, "not-found")

    def do_POST(self) -> None:
        peer = self.server.peer
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._refused(body, peer.report_problem):
            return
        with peer.changed:
            known = any(stream.session == body["session"] for stream in peer.live)
            if known:
                peer.reports.append(body)
                peer.changed.notify_all()
        if not known:
            self._problem(409, "unknown-session")
            return
        self.send_response(204)
        self.end_headers()

    def _refused(
        self, identity: Mapping[str, Any], problem: tuple[int, str, Mapping[str, str]] | None
    ) -> bool:
        peer = self.server.peer
        with peer.changed:
            peer.requests.append(f"{self.command} {urlsplit(self.path).path}")
            peer.changed.notify_all()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            problem = 401, "unauthenticated", {}
        elif (identity.get("namespace"), identity.get("service")) != ("prod", "player-engine"):
            problem = 403, "wrong-identity", {}
        if problem is not None:
            self._problem(*problem)
        return problem is not None

    def _problem(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        data = encode({"status": status, "code": code, "title": code, "detail": f"said {code}"})
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _bundle(self, query: Mapping[str, str]) -> None:
        peer = self.server.peer
        with peer.changed:
            offer, data = peer.in_force, peer.fetch_data
        if offer is None or query.get("digest", offer.digest) != offer.digest:
            self._problem(404, "not-in-force")
            return
        self.send_response(200)
        self.send_header("ETag", f'"{offer.digest}"')
        self.send_header("Configsvc-Version", str(offer.version))
        self.send_header("Configsvc-Epoch", offer.epoch)
        self.send_header("Configsvc-Revision", str(offer.revision))
        body = offer.data if data is None else data
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, query: Mapping[str, str]) -> None:
        peer = self.server.peer
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        with peer.changed:
            stream = Stream(
                session=f"s{len(peer.streams) + 1}",
                instance=query["instance"],
                last_event_id=self.headers["Last-Event-ID"],
                digest=self.headers["Configsvc-Digest"],
            )
            if not peer.mute:
                _welcome(peer, stream)
            peer.streams.append(stream)
            peer.live.append(stream)
            peer.changed.notify_all()
        try:
            self._pump(stream)
        finally:
            with peer.changed:
                peer.live.remove(stream)
                peer.changed.notify_all()

    def _pump(self, stream: Stream) -> None:
        peer = self.server.peer
        while True:
            try:
                piece = stream.pieces.get(timeout=peer.heartbeat)
            except queue.Empty:
                if not peer.mute:
                    peer.beat(stream)
                continue
            if piece is _END:
                return
            assert isinstance(piece, bytes)
            self.wfile.write(piece)


def _welcome(peer: Peer, stream: Stream) -> None:
    session = {
        "session": stream.session,
        "epoch": peer.epoch,
        "heartbeat": int(peer.heartbeat * 1_000_000),
        "server": "0",
    }
    stream.event("session", encode(session))
    offer = peer.in_force
    if offer is None:
        stream.event("gone", b"{}")
    elif stream.last_event_id is None:
        peer.send_bundle(stream)
    else:
        epoch, version, _ = stream.last_event_id.rsplit(".", 2)
        if epoch != offer.epoch or int(version) > offer.version:
            peer.send_bundle(stream, reset=True)
        elif stream.digest != offer.digest:
            peer.send_bundle(stream)
        else:
            peer.beat(stream)
