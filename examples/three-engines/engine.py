"""One of the three engines: a small HTTP service whose outgoing calls obey its agent.

Run it as ``python engine.py SERVICE --port PORT --peer NAME=HOST:PORT ...``. The server, the token
and the cache directory come from ``CONFIGSVC_*`` variables. It is an ordinary threaded service of
the standard library; what concerns configsvc is `Peers` and where `main` starts the agent.
"""

import argparse
import http.client
import json
import signal
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from configsvc_agent import Agent, Attempt, CallError, Facts, deadline
from configsvc_agent.engine.deadline import HTTP_HEADER, from_http_header
from configsvc_agent.engine.events import BreakerChanged, Event


@dataclass(frozen=True)
class Operation:
    """A call to another engine: its part in the answer, its name, and the request that it means."""

    part: str
    callee: str
    name: str
    method: str
    path: str


GET_SCORE = Operation("score", "score-engine", "get-score", "GET", "/scores/{}")
GET_PLAYER = Operation("player", "player-engine", "get-player", "GET", "/players/{}")

ENGINES = ("match-engine", "player-engine", "score-engine")
CALLS = {
    ("match-engine", "POST"): (GET_PLAYER,),
    ("player-engine", "GET"): (GET_SCORE,),
}
"""What each engine calls to answer a request of a method."""


FRESH = 1.0
"""Seconds; a score that is older came from the fallback."""


class UpstreamError(Exception):
    """The callee answered with an error; the policies look at `status`."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the callee answered {status}")


class Peers:
    """The other engines, called through the agent."""

    def __init__(self, agent: Agent, addresses: dict[str, str]) -> None:
        self._agent = agent
        self._addresses = addresses

    def ask(self, operation: Operation, player: str) -> Any:  # noqa: ANN401 any JSON
        """One guarded call: policies decide on attempts, time, and whether it is made at all."""
        facts = Facts(method=operation.method, cache_key=player)
        edge = self._agent.edge(operation.callee, operation.name)
        return edge.run(lambda attempt: self._send(attempt, operation, player), facts)

    def _send(self, attempt: Attempt, operation: Operation, player: str) -> Any:  # noqa: ANN401
        address = self._addresses[operation.callee]
        connection = http.client.HTTPConnection(address, timeout=attempt.timeout)
        headers = dict([attempt.http_deadline] if attempt.http_deadline else [])
        try:
            connection.request(operation.method, operation.path.format(player), headers=headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise UpstreamError(response.status)
        return json.loads(body)


class Engine:
    """What one engine does; `delay` is what it is made to suffer: extra seconds for each answer."""

    def __init__(self, service: str, agent: Agent, peers: Peers) -> None:
        self.delay = 0.0
        self._service = service
        self._agent = agent
        self._peers = peers
        self._breakers: list[str] = []
        agent.on_event(self._note)

    def answer(self, method: str, target: str, left: int | None) -> Any:  # noqa: ANN401 any JSON
        """An answer within ``left`` microseconds, if the caller says how long it waits."""
        with deadline(None if left is None else self._agent.now() + left):
            return self._answer(method, target)

    def _answer(self, method: str, target: str) -> Any:  # noqa: ANN401 any JSON
        """The engine's own part, and those of its peers that could be had."""
        time.sleep(0.002 + self.delay)
        path, _, query = target.partition("?")
        if path == "/matches":
            return [{"match": "m-1", "players": parse_qs(query).get("player", [])}]
        player = (*path.strip("/").split("/"), "")[1]
        answer: dict[str, Any] = {"service": self._service, "id": player, "at": time.time()}
        answer |= {"name": player.title(), "points": sum(player.encode())}
        for operation in CALLS.get((self._service, method), ()):
            try:
                part = self._peers.ask(operation, player)
            except (CallError, UpstreamError, OSError, http.client.HTTPException) as error:
                answer[operation.part] = {"missing": f"{type(error).__name__}: {error}"}
                continue
            current = time.time() - part["at"] <= FRESH
            answer[operation.part] = {**part, "current": current}
        return answer

    def status(self) -> dict[str, Any]:
        """How the agent stands, how its breakers have moved, and what the policies did."""
        status = self._agent.status()
        return {
            "state": str(status.state),
            "origin": str(status.origin),
            "version": status.version,
            "digest": status.digest,
            "breakers": self._breakers,
            "events": {edge.callee: dict(edge.events) for edge in self._agent.metrics().edges},
        }

    def _note(self, event: Event) -> None:
        if isinstance(event, BreakerChanged):
            self._breakers.append(f"{event.edge.callee} {event.state}")


class Handler(BaseHTTPRequestHandler):
    """HTTP around an engine."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    engine: Engine

    def do_GET(self) -> None:
        """A read, or ``/status``."""
        about = self.path in {"/status", "/healthz"}
        self._send(self.engine.status() if about else self._answer())

    def do_POST(self) -> None:
        """``/delay`` with ``{"seconds": 0.3}``, or an operation that writes."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/delay":
            self._send(self._answer())
            return
        self.engine.delay = float(json.loads(body)["seconds"])
        self._send({"seconds": self.engine.delay})

    def _answer(self) -> Any:  # noqa: ANN401 any JSON
        left = from_http_header(self.headers.get(HTTP_HEADER, ""))
        return self.engine.answer(self.command, self.path, left)

    def _send(self, value: Any) -> None:  # noqa: ANN401 any JSON
        body = json.dumps(value).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    """As many callers may connect at once as a burst has; the standard library takes five."""

    request_queue_size = 128


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=ENGINES)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=HOST:PORT")
    given = parser.parse_args()

    with Agent(given.service) as agent:
        peers = Peers(agent, dict(peer.split("=", 1) for peer in given.peer))
        Handler.engine = Engine(given.service, agent, peers)
        server = Server(("127.0.0.1", given.port), Handler)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
        server.server_close()


if __name__ == "__main__":
    main()
