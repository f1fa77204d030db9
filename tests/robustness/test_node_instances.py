"""Instances over several nodes and one etcd: seen from all, and never lost with one of them."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from configsvc_agent import Agent
from tests.etcds import etcd_cluster
from tests.robustness.proxy import proxy
from tests.robustness.test_nodes import document, eventually, leads, signal_all
from tests.serving import RunningServer, serving

pytestmark = [pytest.mark.external("etcd"), pytest.mark.timeout(240), pytest.mark.slow]

GET = {"name": "get", "match": {"methods": ["GET"], "path": "/scores/{id}"}}
CALLS = {"operations": [{"name": "play", "calls": [{"to": "score", "operation": "get"}]}]}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two nodes; the first one leads. The player calls the score engine, which has no instance."""
    with etcd_cluster() as etcd, serving(tmp_path / "a", "--store", etcd.url) as first:
        eventually(lambda: leads(first) == 1)
        put = [
            document("Service", "player", CALLS),
            document("Service", "score", {"operations": [GET]}),
        ]
        put.append(document("Timeout", "all", {"target": {}, "attempt": "1s", "overall": "1s"}))
        change = {"message": "change", "base": 0, "put": put}
        status, answer = first.request("POST", "/v1/namespaces/prod/changes", change)
        assert status == 200, answer
        with serving(tmp_path / "b", "--store", etcd.url) as second:
            shutil.copy(first.data / "admin-token", second.data / "admin-token")
            yield first, second


def agent_of(service: str, node: RunningServer, url: str, folder: Path) -> Agent:
    """An agent with a token of its own."""
    body = {"agent": {"namespace": "prod", "service": service}, "label": service}
    token = str(node.request("POST", "/v1/tokens", body)[1]["token"])
    return Agent(service, namespace="prod", url=url, token=token, cache_dir=folder / service)


def addresses(caller: Agent) -> tuple[str, ...]:
    """Whom a caller chooses from."""
    balancer = caller.balancer("score")
    return () if balancer is None else balancer.addresses


def instances(node: RunningServer) -> Any:  # noqa: ANN401 JSON
    """The instances as a node tells them."""
    return node.request("GET", "/v1/namespaces/prod/instances")[1]["items"]


def served(node: RunningServer) -> set[str]:
    """The services whose agents have a stream somewhere, as a node knows it."""
    rows = node.request("GET", "/v1/namespaces/prod/fleet")[1]["items"]
    return {row["service"] for row in rows if row["disconnected"] is None}


def test_callers_of_one_node_keep_the_instance_of_another_that_is_killed(
    nodes: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    """Its list is empty at no time while the instance's agent comes to the node that is left."""
    first, second = nodes
    only = ("127.0.0.1:8001",)
    with proxy(second.agents_url.removeprefix("http://")) as way:
        called = agent_of("score", first, f"http://{way.address}", tmp_path)
        called.register(port=8001)
        with called, agent_of("player", first, first.agents_url, tmp_path) as caller:
            eventually(lambda: addresses(caller) == only)
            (before,) = instances(first)
            signal_all(second, signal.SIGKILL)
            way.lead_to(first.agents_url.removeprefix("http://"))
            eventually(lambda: addresses(caller) != only or "score" in served(first))
            assert addresses(caller) == only
            (after,) = instances(first)
            assert (after["id"], after["address"]) == (before["id"], before["address"])
            eventually(lambda: instances(first)[0]["state"] == "up")
            called.stop()
            eventually(lambda: addresses(caller) == ())
            assert instances(first) == []
