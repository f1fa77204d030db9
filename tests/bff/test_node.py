"""A whole back end: ``configsvc bff`` beside a node, in front of a service that answers."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.bff.world import bff, call, page, policy, service
from tests.serving import RunningServer, surroundings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PATIENCE = 30.0


class Player(BaseHTTPRequestHandler):
    """Answers every GET with its path."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.02
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(pause)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def page_of(url: str) -> Any:  # noqa: ANN401 any JSON
    """What the page answers; None while nobody does."""
    try:
        with urlopen(f"{url}/page/7", timeout=5) as answer:  # noqa: S310 loopback
            return json.loads(answer.read())
    except (URLError, ConnectionError):
        return None


@contextmanager
def running(environ: dict[str, str], port: int, log: Path) -> Iterator[str]:
    """Run the back end until the block ends; its URL."""
    command = [sys.executable, "-m", "configsvc", "bff", "web", "--listen", f"127.0.0.1:{port}"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env={**surroundings(), **environ}, stdout=file, stderr=file
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0, log.read_text()


@pytest.fixture
def player() -> Iterator[str]:
    """The address of a service that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Player)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_back_end_answers_changes_and_outlives_its_node(
    running_server: RunningServer, player: str, tmp_path: Path
) -> None:
    """A publish changes what it answers, without a restart; its cache starts it without a node."""
    namespace = "bff-node"
    document = service("player", "get")
    document["spec"]["discovery"] = {"mode": "client", "instances": [{"address": player}]}
    endpoint = page(call("player", "player", "/players/{path.id}"))

    def publish(base: int, *documents: dict[str, Any]) -> None:
        body = {"message": "m", "base": base, "put": list(documents)}
        path = f"/v1/namespaces/{namespace}/changes"
        status, answer = running_server.request("POST", path, body)
        assert status == 200, answer

    limits = policy("Timeout", attempt="1s", overall="2s")
    publish(0, document, limits, bff(endpoint))
    body = {"agent": {"namespace": namespace, "service": "web"}}
    token = running_server.request("POST", "/v1/tokens", body)[1]["token"]
    environ = {
        "CONFIGSVC_URL": running_server.agents_url,
        "CONFIGSVC_TOKEN": token,
        "CONFIGSVC_NAMESPACE": namespace,
        "CONFIGSVC_CACHE_DIR": str(tmp_path / "cache"),
    }
    with running(environ, free_port(), tmp_path / "first.log") as url:
        until(lambda: page_of(url) == {"player": {"path": "/players/7"}})
        renamed = page(call("player", "player", "/p/{path.id}"), output={"who": "player#/path"})
        publish(1, bff(renamed))
        until(lambda: page_of(url) == {"who": "/p/7"})
    away = {**environ, "CONFIGSVC_URL": "http://127.0.0.1:9"}
    with running(away, free_port(), tmp_path / "second.log") as url:
        until(lambda: page_of(url) == {"who": "/p/7"})
