"""What the gateway costs beside the same Envoy with a static file, and a push of many routes.

    python -m benchmarks.gateway [--seconds 0.7] [--rounds 15] [--routes 5000]

Both Envoys have one thread, the same listener, route and cluster, and the same upstream, a third
Envoy that answers by itself; one has them from a file, the other from its supervisor. Rounds
alternate between the two; the ratio of a pair of rounds is free of what the machine does between
them. The load is a closed loop over eight connections on one core.
"""

import argparse
import json
import selectors
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3 import router_pb2  # noqa: F401 makes its kind known
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,  # noqa: F401 as above
)
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2  # noqa: F401 as above
from google.protobuf.json_format import MessageToDict

from configsvc.envoy import CLUSTERS, ENDPOINTS, LISTENERS, ROUTES, Resource, compile_snapshot
from configsvc.gateway import find_envoy
from tests.analysis.documents import catalog_of
from tests.gateway.world import Node, document, free_port, gateway, node, until

CONNECTIONS = 8
REQUEST = b"GET /items/1 HTTP/1.1\r\nhost: bench\r\n\r\n"
Json = dict[str, Any]


def listener(port: int, route: Json) -> Json:
    """A listener with one route for everything."""
    kind = "type.googleapis.com/envoy.extensions.filters"
    router = {"@type": f"{kind}.http.router.v3.Router"}
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **route}]}]
    manager = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "static",
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": "l", "address": address(port), "filter_chains": [chain]}


def address(port: int) -> Json:
    """A port of loopback."""
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def as_file(documents: list[Json], name: str) -> tuple[list[Json], list[Json]]:
    """The listeners and clusters that a gateway gets, with everything in them."""
    snapshot = compile_snapshot(catalog_of(yaml.safe_dump_all(documents)), name, 0)
    if snapshot is None:
        raise RuntimeError("there is no such gateway")
    trees = {
        kind: {each.name: _tree(each) for each in snapshot.of_kind(kind).values()}
        for kind in (LISTENERS, ROUTES, CLUSTERS, ENDPOINTS)
    }
    for tree in trees[LISTENERS].values():
        connections = tree["filter_chains"][0]["filters"][0]["typed_config"]
        connections["route_config"] = trees[ROUTES][connections.pop("rds")["route_config_name"]]
    for name_, tree in trees[CLUSTERS].items():
        del tree["eds_cluster_config"]
        tree |= {"type": "STATIC", "load_assignment": trees[ENDPOINTS][name_]}
    return list(trees[LISTENERS].values()), list(trees[CLUSTERS].values())


def _tree(resource: Resource) -> Json:
    message = _MESSAGES[resource.type_url].FromString(resource.data)
    return MessageToDict(message, preserving_proto_field_name=True)


_MESSAGES = {
    LISTENERS: Listener,
    ROUTES: RouteConfiguration,
    CLUSTERS: Cluster,
    ENDPOINTS: ClusterLoadAssignment,
}


@contextmanager
def static_envoy(listeners: list[Json], clusters: list[Json]) -> Iterator[None]:
    """An Envoy with a static file."""
    tree = {"static_resources": {"listeners": listeners, "clusters": clusters}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(tree, file)
        file.flush()
        flags = ("--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id")
        process = subprocess.Popen([str(find_envoy()), "-c", file.name, *flags])
        try:
            port = listeners[0]["address"]["socket_address"]["port_value"]
            until("Envoy", lambda: _listens(port))
            yield
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def load(port: int, seconds: float) -> tuple[float, float]:
    """Requests per second, and the median latency in microseconds."""
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            peer: Any = socket.create_connection(("127.0.0.1", port))
            peer.sendall(REQUEST)
            selector.register(peer, selectors.EVENT_READ, [time.perf_counter()])
        until_ = time.perf_counter() + seconds
        while (now := time.perf_counter()) < until_:
            for key, _ in selector.select():
                peer = key.fileobj
                sent = key.data
                if not peer.recv(4096).startswith(b"HTTP/1.1 200"):
                    raise RuntimeError("an answer is no success")
                now = time.perf_counter()
                latencies.append(now - sent[0])
                sent[0] = now
                peer.sendall(REQUEST)
        for key in list(selector.get_map().values()):
            peer = key.fileobj
            peer.close()
    return len(latencies) / seconds, statistics.median(latencies) * 1e6


def compare(at: Node, seconds: float, rounds: int) -> None:
    """Print both, and the ratio of each pair of rounds."""
    upstream, static, ours = (free_port() for _ in range(3))
    answer = {"direct_response": {"status": 200, "body": {"inline_string": "ok"}}}
    at.publish(edge(ours, upstream))
    with (
        static_envoy([listener(upstream, answer)], []),
        static_envoy(*as_file(edge(static, upstream), "edge")),
        gateway(at, "edge", ours),
    ):
        at.row("edge", state="applied")
        pairs = [(load(static, seconds), load(ours, seconds)) for _ in range(rounds + 1)][1:]
    for what, index in (("static file", 0), ("gateway", 1)):
        rates, medians = zip(*(pair[index] for pair in pairs), strict=True)
        print(
            f"  {what:12} {statistics.median(rates):8.0f} requests/s, "
            f"median latency {statistics.median(medians):6.0f} us"
        )
    ratio = statistics.median(one[0] / other[0] for other, one in pairs)
    added = statistics.median(one[1] - other[1] for other, one in pairs)
    print(f"  gateway / static: {ratio:.3f} of the requests/s, {added:+.0f} us of median latency")


def edge(port: int, upstream: int) -> list[Json]:
    """A gateway with one route."""
    instances = [{"address": f"127.0.0.1:{upstream}"}]
    return [
        document("Gateway", "edge", listeners=[{"port": port}], authentication="public",
                 requestLog=False),
        document("Timeout", "all", target={}, connect="1s", attempt="2s", overall="5s"),
        document("Service", "items", discovery={"instances": instances}),
        document("Route", "items", gateway="edge", match={"prefix": "/items"},
                 destinations=[{"to": "items"}]),
    ]  # fmt: skip


def push(at: Node, count: int) -> None:
    """Print how long one change takes from commit to Envoy's acknowledgement of the whole table."""
    port = free_port()
    base = [
        document("Gateway", "many", listeners=[{"port": port}], authentication="public"),
        document("Service", "many-items", discovery={"instances": [{"address": "127.0.0.1:9"}]}),
    ]
    routes = [_route(number, "many-items") for number in range(count)]
    at.publish(base)
    for start in range(0, count, 900):
        at.publish(routes[start : start + 900])
    with gateway(at, "many", port):
        at.row("many", state="applied")
        took = [_changed(at, number) for number in range(5)]
    print(
        f"  {count:,} routes, one changed: commit to ACK median "
        f"{statistics.median(took):.0f} ms, longest {max(took):.0f} ms"
    )


def _route(number: int, callee: str, weight: int = 1) -> Json:
    return document(
        "Route", f"r-{number}", gateway="many", match={"path": f"/things/{number}/{{id}}"},
        destinations=[{"to": callee, "weight": weight}],
    )  # fmt: skip


def _changed(at: Node, number: int) -> float:
    route = _route(number, "many-items")
    route["spec"]["match"] = {"path": f"/changed/{number}/{{id}}"}
    revision = at.publish([route])
    path = f"/v1/namespaces/{at.namespace}/changes/{revision}/convergence"

    def acknowledged() -> int | None:
        last = at.api.get(path).json()["last"]
        return None if last is None else int(last)

    return until("the acknowledgement", acknowledged) / 1000


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--routes", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, node(Path(folder)) as at:
        at.api.timeout = 300
        compare(at, options.seconds, options.rounds)
        push(at, options.routes)


if __name__ == "__main__":
    main()
