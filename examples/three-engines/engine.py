"""One of the three engines: a small HTTP service whose outgoing calls obey its agent.

Run it as ``python engine.py SERVICE --port PORT --peer NAME=HOST:PORT ...``; server, token and cache
directory come from ``CONFIGSVC_*`` variables. It is an ordinary threaded service of the standard
library: what concerns configsvc is the agent at the end, and `Peers.get`.
"""

import argparse
import http.client
import json
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from configsvc_agent import Agent, CallError, current_attempt

PATHS = {"match-engine": "/matches/{}", "score-engine": "/scores/{}"}
CALLS = {
    "player-engine": (("match-engine", "get-match"), ("score-engine", "get-score")),
    "match-engine": (("score-engine", "get-score"),),
    "score-engine": (),
}


class UpstreamError(Exception):
    """The callee answered with an error status; `status` tells the policies what it was."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the callee answered {status}")


class Peers:
    """The other engines, by name."""

    def __init__(self, agent: Agent, addresses: dict[str, str]) -> None:
        self._agent = agent
        self._addresses = addresses

    def get(self, callee: str, operation: str, player: str) -> dict:
        """One guarded call: the policies decide on attempts, limits and whether it is made at all."""
        return self._agent.call(callee, operation, self._fetch, callee, player)

    def _fetch(self, callee: str, player: str) -> dict:
        attempt = current_attempt()
        connection = http.client.HTTPConnection(self._addresses[callee], timeout=attempt.timeout)
        name, value = attempt.http_deadline or ("x-deadline", "none")
        try:
            connection.request("GET", PATHS[callee].format(player), headers={name: value})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise UpstreamError(response.status)
        return json.loads(body)


class Fault:
    """What this engine is made to suffer: extra seconds for each answer."""

    seconds = 0.0


class Handler(BaseHTTPRequestHandler):
    """Answers reads, tells how its agent stands, and takes faults."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: str
    agent: Agent
    peers: Peers

    def do_GET(self) -> None:
        """Answer a read, or tell the status."""
        path = urlsplit(self.path).path
        self._answer(self._status() if path == "/status" else self._compose(path))

    def do_POST(self) -> None:
        """Take a fault: ``{"seconds": 1.5}``."""
        length = int(self.headers.get("Content-Length", 0))
        Fault.seconds = float(json.loads(self.rfile.read(length))["seconds"])
        self._answer({"seconds": Fault.seconds})

    def _compose(self, path: str) -> dict:
        """The engine's own answer, and those of its peers that could be had."""
        time.sleep(0.002 + Fault.seconds)
        player = path.rpartition("/")[2]
        answer: dict = {"service": self.service, "player": player}
        for callee, operation in CALLS[self.service]:
            try:
                answer[callee] = self.peers.get(callee, operation, player)
            except (CallError, UpstreamError, OSError, http.client.HTTPException) as error:
                answer.setdefault("degraded", {})[callee] = type(error).__name__
        return answer

    def _status(self) -> dict:
        status = self.agent.status()
        return {
            "state": status.state,
            "version": status.version,
            "origin": status.origin,
            "policies": {
                f"{callee}/{operation}": str(self.agent.explain(callee, operation))
                for callee, operation in CALLS[self.service]
            },
        }

    def _answer(self, value: dict) -> None:
        body = json.dumps(value).encode()
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent: the tour tells what happens."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=sorted(CALLS))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=HOST:PORT")
    given = parser.parse_args()

    with Agent(given.service) as agent:
        Handler.service, Handler.agent = given.service, agent
        Handler.peers = Peers(agent, dict(peer.split("=", 1) for peer in given.peer))
        server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"{given.service} listens on {server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.1)
        server.server_close()


if __name__ == "__main__":
    main()
