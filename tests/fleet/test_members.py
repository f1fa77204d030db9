"""Nodes that ask each other: rows of all, and the names of those that say nothing good."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer

import pytest

from configsvc.fleet import AgentRow, AgentState, ClusterFleet, FleetAnswer, NodeRecord
from configsvc.fleet.members import node_records
from configsvc.store import layout
from configsvc.store.memory import MemoryStore
from tests.agentgate.certificates import Pair, make


def agent(instance: str) -> AgentRow:
    """A connected agent."""
    return AgentRow("prod", "a", instance, "s", 0, 1, state=AgentState.APPLIED)


class Fleet:
    """A cluster around one node, which has the agent ``mine``."""

    def __init__(self) -> None:
        self.store = MemoryStore(lambda: 0)
        self.asked = ClusterFleet(
            self.store, "me", "token", lambda _: FleetAnswer((agent("mine"),), ("gate-7",)), 2.0
        )
        self.join("me", "http://127.0.0.1:1")

    def join(self, name: str, url: str, certificate: str = "") -> None:
        """Record a node."""
        record = NodeRecord(name, url, certificate, "1")
        node_records(self.store).put(layout.node(name), record)

    def instances(self) -> tuple[list[str], tuple[str, ...]]:
        """Which agents are known, and who is missing."""
        answer = self.asked.ask("prod")
        return sorted(row.instance for row in answer.rows), answer.incomplete


@contextmanager
def node(body: object, pair: Pair | None = None, status: int = 200) -> Iterator[str]:
    """Another node's operator plane, which gives one answer to whoever shows the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.path == "/v1/namespaces/prod/fleet/node"
            allowed = self.headers["Authorization"] == "Bearer token"
            content = json.dumps(body).encode()
            self.send_response(status if right and allowed else 403)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http{'s' if pair else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rows(*instances: str, incomplete: tuple[str, ...] = ()) -> object:
    """What a node answers."""
    return {"rows": [agent(each).to_json() for each in instances], "incomplete": incomplete}


def test_all_nodes_are_asked() -> None:
    """Processes that said nothing are named with their node."""
    fleet = Fleet()
    with node(rows("theirs", incomplete=("gate-9",))) as url:
        fleet.join("other", url)
        assert fleet.instances() == (["mine", "theirs"], ("me/gate-7", "other/gate-9"))


@pytest.mark.parametrize(
    ("body", "status"),
    [(rows(), 401), (rows(), 500), ({"rows": [{}]}, 200), ([], 200), ({"rows": 7}, 200)],
)
def test_a_node_without_a_good_answer_is_named(body: object, status: int) -> None:
    """The others are listed all the same."""
    fleet = Fleet()
    with node(body, status=status) as url:
        fleet.join("other", url)
        assert fleet.instances() == (["mine"], ("other", "me/gate-7"))


def test_a_node_that_is_gone_is_named() -> None:
    """Until its record ends."""
    fleet = Fleet()
    fleet.join("gone", "http://127.0.0.1:1")
    assert fleet.instances() == (["mine"], ("gone", "me/gate-7"))


@pytest.mark.external("openssl")
def test_a_node_shows_the_certificate_of_its_record(tmp_path: Path) -> None:
    """Its name is of no interest; another certificate gets no token."""
    fleet = Fleet()
    pair, another = make(tmp_path / "one", "node.invalid"), make(tmp_path / "two", "node.invalid")
    with node(rows("theirs"), pair) as url:
        fleet.join("other", url, pair.certificate.read_text())
        assert fleet.instances() == (["mine", "theirs"], ("me/gate-7",))
        fleet.join("other", url, another.certificate.read_text())
        assert fleet.instances() == (["mine"], ("other", "me/gate-7"))
