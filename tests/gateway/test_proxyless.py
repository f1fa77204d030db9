"""gRPC without a proxy: a plain client with an ``xds:///`` target, configured by the same plane."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest

from tests.gateway.world import Node, document, elsewhere, until

pytestmark = pytest.mark.timeout(120)

CLIENT = Path(__file__).with_name("grpc_client.py")


class Answering(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers every method; ``/shop.Items/Flaky`` fails the first two times, ``Hang`` waits."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.release = threading.Event()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """See the base class."""
        return grpc.unary_unary_rpc_method_handler(
            lambda _, context: self._answer(details, context)
        )

    def _answer(self, details: grpc.HandlerCallDetails, context: grpc.ServicerContext) -> bytes:
        self.seen[details.method] += 1
        if details.method.endswith("Hang"):
            self.release.wait(10)
        if details.method.endswith("Flaky") and self.seen[details.method] < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return b"answer"


@pytest.fixture
def items() -> Iterator[tuple[str, Answering]]:
    """A server, and what it saw."""
    handler = Answering()
    pool = futures.ThreadPoolExecutor(4)
    server = grpc.server(pool, handlers=(handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", handler
    handler.release.set()
    server.stop(0).wait()
    pool.shutdown()


def _documents(address: str) -> list[dict[str, object]]:
    calls = [{"to": "items"}]
    return [
        document("Service", "shop", operations=[{"name": "page", "calls": calls}]),
        document(
            "Service", "items", protocol="grpc", discovery={"instances": [{"address": address}]},
            operations=[
                {"name": name.lower(), "match": {"grpc": f"shop.Items/{name}"}, "idempotent": True}
                for name in ("Flaky", "Hang")
            ],
        ),
        document("Timeout", "all", target={}, connect="1s", attempt="4s", overall="8s"),
        document("Timeout", "hang", target={"to": "items", "operation": "hang"}, attempt="300ms",
                 overall="300ms"),
        document("Retry", "flaky", target={"to": "items", "operation": "flaky"}, attempts=4,
                 retryOn=["UNAVAILABLE"], backoff={"base": "10ms", "max": "50ms"}),
    ]  # fmt: skip


def _call(node: Node, *methods: str) -> list[str]:
    """What a client, in a process of its own, gets for each method."""
    token = node.token_file("shop").read_text()
    bootstrap = {
        "xds_servers": [
            {
                "server_uri": node.xds,
                "channel_creds": [{"type": "insecure"}],
                "server_features": ["xds_v3"],
            }
        ],
        "node": {"id": "shop-1", "metadata": {"configsvc-token": token}},
    }
    environ = {**os.environ, "GRPC_XDS_BOOTSTRAP_CONFIG": json.dumps(bootstrap)}
    done = subprocess.run(
        (sys.executable, str(CLIENT), "xds:///items", *methods),
        env=environ, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_a_plain_client_takes_routes_retries_and_limits(
    at: Node, items: tuple[str, Answering]
) -> None:
    """Endpoints, the attempts of an operation and the limit of another come from the server."""
    address, handler = items
    node = elsewhere(at)
    node.publish(_documents(address))
    assert _call(node, "/shop.Items/Other", "/shop.Items/Flaky", "/shop.Items/Hang") == [
        "answer",
        "answer",
        "DEADLINE_EXCEEDED",
    ]
    assert handler.seen["/shop.Items/Flaky"] == 3
    until("the row", lambda: node.row("shop", instance="shop-1"))
