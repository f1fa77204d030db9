"""Nodes over one etcd: each serves what another one took, and any may be frozen or killed."""

import http.client
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from configsvc_agent import Agent
from tests.etcds import EtcdCluster, etcd_cluster
from tests.serving import RunningServer, serving

pytestmark = [pytest.mark.external("etcd"), pytest.mark.timeout(240), pytest.mark.slow]

PATIENCE = 60.0  # seconds; only a failing test waits that long

SERVICE = {"namespace": "prod", "service": "score"}


@pytest.fixture(scope="module")
def etcd() -> Iterator[EtcdCluster]:
    """An etcd for the nodes of this module; each pair has a root of its own."""
    with etcd_cluster() as cluster:
        yield cluster


@pytest.fixture
def nodes(etcd: EtcdCluster, tmp_path: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two nodes; the first one leads. Both know the admin's token."""
    store = f"{etcd.url}/{tmp_path.name}"
    with serving(tmp_path / "a", "--store", store) as first:
        eventually(lambda: leads(first) == 1)
        with serving(tmp_path / "b", "--store", store) as second:
            shutil.copy(first.data / "admin-token", second.data / "admin-token")
            yield first, second


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up_at, "it never was so"
        time.sleep(0.05)


def leads(node: RunningServer) -> int:
    """How often a node's controller began to lead."""
    return node.log.read_text().count('"message": "leading"')


def publish(node: RunningServer, seconds: int) -> None:
    """Change what the agents of the service hold."""
    heads = node.request("GET", "/v1/namespaces")[1]["items"]
    base = next((each["revision"] for each in heads if each["name"] == "prod"), 0)
    service = document("Service", "score", {"owner": "team"})
    policy = {"target": {"from": "score"}, "attempt": f"{seconds}s"}
    put = [service, document("Timeout", "from-score", policy)]
    change = {"message": "change", "base": base, "put": put}
    status, answer = node.request("POST", "/v1/namespaces/prod/changes", change)
    assert status == 200, answer


def document(kind: str, name: str, spec: object) -> object:
    """A resource."""
    return {
        "apiVersion": "configsvc/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def agent_token(node: RunningServer) -> str:
    """A token for agents of the service."""
    status, answer = node.request("POST", "/v1/tokens", {"agent": SERVICE, "label": "test"})
    assert status == 201, answer
    return str(answer["token"])


@contextmanager
def asking(
    node: RunningServer, path: str, token: str, held: str = "", **query: str
) -> Iterator[Any]:
    """Ask the agent plane as an agent would that holds something already."""
    where = urlsplit(node.agents_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
    with closing(connection):
        target = f"{path}?{urlencode({**SERVICE, **query})}"
        headers = {"Authorization": f"Bearer {token}", "If-None-Match": held}
        connection.request("GET", target, headers=headers)
        yield connection.getresponse()


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    children = [each for each, parent in parents.items() if parent == pid]
    return [pid, *(grandchild for child in children for grandchild in family(child))]


def signal_all(node: RunningServer, number: signal.Signals) -> None:
    """Send a signal to every process of a node."""
    for pid in family(node.process.pid):
        os.kill(pid, number)


def fleet(node: RunningServer) -> Any:  # noqa: ANN401 JSON
    """The fleet as a node tells it."""
    status, answer = node.request("GET", "/v1/namespaces/prod/fleet")
    assert status == 200, answer
    return answer


def test_nodes_serve_what_another_took(nodes: tuple[RunningServer, RunningServer]) -> None:
    """An agent gets what was published elsewhere, and is seen from everywhere."""
    first, second = nodes
    publish(first, 1)
    token = agent_token(second)
    with asking(second, "/v1/agent/bundle", token, wait="30s") as answer:
        held = answer.headers["ETag"]
    publish(first, 2)
    with asking(second, "/v1/agent/bundle", token, held, wait="30s") as answer:
        assert answer.status == 200
        assert answer.headers["ETag"] != held
    with asking(second, "/v1/agent/stream", token, instance="i1"):
        eventually(lambda: [row["instance"] for row in fleet(first)["items"]] == ["i1"])
        assert fleet(first)["incomplete"] == []
        signal_all(second, signal.SIGSTOP)
        try:
            seen = fleet(first)
        finally:
            signal_all(second, signal.SIGCONT)
        (name,) = seen["incomplete"]
        assert name == json.loads((second.data / "run" / "member.json").read_text())["id"]
        eventually(lambda: fleet(first)["incomplete"] == [])


def test_another_node_leads_when_one_is_frozen_or_killed(
    nodes: tuple[RunningServer, RunningServer],
) -> None:
    """One that thaws follows, and leads again when the other one is killed; nothing is lost."""
    first, second = nodes
    assert not leads(second)
    signal_all(first, signal.SIGSTOP)
    try:
        eventually(lambda: leads(second) == 1)
        publish(second, 1)
    finally:
        signal_all(first, signal.SIGCONT)
    eventually(lambda: first.request("GET", "/readyz")[0] == 200)
    assert leads(first) == 1
    signal_all(second, signal.SIGKILL)
    eventually(lambda: leads(first) == 2)
    assert first.request("GET", "/v1/namespaces/prod/resources/Service/score")[0] == 200
    assert fleet(first)["incomplete"] == []


def test_agents_of_a_node_that_stops_go_to_the_one_it_names(
    etcd: EtcdCluster, tmp_path: Path
) -> None:
    """They know one address alone, where nobody is any more."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    store = ("--store", f"{etcd.url}/{tmp_path.name}")
    here = ("--agent-listen", address, "--advertise-agents", f"http://{address}")
    with serving(tmp_path / "a", *store, *here) as first:
        eventually(lambda: leads(first) == 1)
        publish(first, 1)
        with serving(tmp_path / "b", *store) as second:
            agent = Agent("score", namespace="prod", url=second.agents_url, cache_dir=tmp_path,
                          token=agent_token(first), instance="i1")  # fmt: skip
            with agent:
                assert agent.wait_ready(PATIENCE)
                assert second.stop() == 0
                publish(first, 2)
                eventually(lambda: agent.status().revision == 2)
                (row,) = fleet(first)["items"]
                assert row["instance"] == "i1"
