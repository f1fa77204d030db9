"""A gateway's life: refusals, a server that is away, replicas, successors, ports."""

import http.client
import os
import re
import signal
import socket
import threading
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.gateway.scenario import Scenario, route, service
from tests.gateway.world import (
    Gateway,
    Node,
    document,
    elsewhere,
    free_port,
    gateway,
    needs_envoy,
    until,
)

pytestmark = [needs_envoy(), pytest.mark.timeout(120)]


def plain(port: int, *more: int, to: str, address: str = "127.0.0.1") -> list[dict[str, object]]:
    """A gateway with one route, at one port or several."""
    listeners = [{"port": each, "address": address} for each in (port, *more)]
    return [
        document("Gateway", "edge", listeners=listeners, authentication="public"),
        document("Timeout", "all", target={}, connect="500ms", attempt="2s", overall="5s"),
        service("items", to),
        route("items"),
    ]


def broken(port: int) -> dict[str, object]:
    """A listener that Envoy refuses: its certificate is not there."""
    tls = {"certificateFile": "/nowhere/tls.crt", "keyFile": "/nowhere/tls.key"}
    listener = {"port": port, "protocol": "https", "tls": tls}
    return document("Gateway", "edge", listeners=[listener], authentication="public")


def test_keeps_the_last_good_configuration_when_envoy_refuses(at: Node, scenario: Scenario) -> None:
    """The reason is in the fleet view, the change's record and the log; the next change heals."""
    node, port = elsewhere(at), free_port()
    node.publish(plain(port, to=scenario.one.address))
    with gateway(node, "edge", port) as edge:
        node.row("edge", state="applied")
        revision = node.publish([broken(port)])
        row = node.row("edge", state="rejected")
        assert "listeners edge/127.0.0.1" in row["reason"]
        assert "/nowhere/tls.key" in row["reason"]
        assert _status(edge.url) == 200
        change = f"/v1/namespaces/{node.namespace}/changes/{revision}/convergence"
        record = until("the record", lambda: _rejected(node.api.get(change).json()))
        assert "/nowhere/tls.key" in str(record)
        assert "Envoy refuses edge/" in edge.log.read_text()
        node.publish([document("Timeout", "all", target={}, connect="400ms", overall="2s")])
        assert node.row("edge", wantedVersion=node.revision)["state"] == "rejected"
        node.publish(plain(port, to=scenario.one.address))
        node.row("edge", state="applied", version=node.revision)
        assert edge.log.read_text().count("Envoy refuses edge/") == 1
        counted = _counted(node)
        assert counted["nacks"] >= 1
        assert counted["pushes"] > counted["acks"] > counted["streams"] > 0


def test_envoy_waits_for_nothing_when_clusters_change(at: Node, scenario: Scenario) -> None:
    """Updated and added clusters get their endpoints with them: no fetch runs out of time."""
    node, port = elsewhere(at), free_port()
    put = plain(port, to=scenario.one.address)
    node.publish(put)
    with gateway(node, "edge", port) as edge:
        node.row("edge", state="applied")
        limits = document("Timeout", "all", target={}, connect="400ms", attempt="1s", overall="2s")
        node.publish([limits, service("more", scenario.other.address), route("more")])
        node.row("edge", state="applied", version=node.revision)
        assert _status(edge.url) == 200
        assert httpx.get(f"{edge.url}/more").status_code == 200
        assert "initial fetch timed out" not in edge.log.read_text()


def _counted(node: Node) -> dict[str, float]:
    """What the xDS plane counted, by name."""
    text = node.api.get("/metrics").text
    found = re.findall(r"^configsvc_xdsgate_(\w+?)(?:_total)?\{.*\} (.*)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def _rejected(record: dict[str, object]) -> dict[str, object] | None:
    return record if record["reasons"] else None


def test_starts_from_its_last_good_configuration(
    at: Node, scenario: Scenario, tmp_path: Path
) -> None:
    """Without the server, from the file alone; a file that is damaged is not used."""
    node, port = elsewhere(at), free_port()
    node.publish(plain(port, to=scenario.one.address))
    state = ("--state", str(tmp_path / "kept"))
    with gateway(node, "edge", port, *state):
        node.row("edge", state="applied")
        until("the file", lambda: next(tmp_path.rglob("last-good"), None))
    node.xds = f"127.0.0.1:{free_port()}"
    with gateway(node, "edge", port, *state) as edge:
        until("an answer", lambda: _status(edge.url) == 200)
        assert "going on with the configuration at hand" in edge.log.read_text()


def _status(url: str) -> int:
    address = url.removeprefix("http://")
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        try:
            connection.request("GET", "/items")
            with closing(connection.getresponse()) as answer:
                answer.read()
                return answer.status
        except (OSError, http.client.HTTPException):
            return 0


def test_loses_only_what_is_under_way_in_a_killed_replica(at: Node, scenario: Scenario) -> None:
    """Two replicas on one port; what comes after the kill is served by the other one."""
    node, port = elsewhere(at), free_port()
    node.publish(plain(port, to=scenario.one.address))
    with (
        gateway(node, "edge", port, "--replica", "a") as one,
        gateway(node, "edge", port, "--replica", "b"),
    ):
        for replica in ("a", "b"):
            node.row("edge", instance=replica, state="applied")
        results: list[int] = []
        done = threading.Event()
        asking = [threading.Thread(target=_ask, args=(one.url, done, results)) for _ in "1234"]
        for thread in asking:
            thread.start()
        until("requests", lambda: len(results) > 40)
        os.kill(one.envoy(), signal.SIGKILL)
        os.kill(one.process.pid, signal.SIGKILL)
        one.process.wait()
        count = len(results)
        until("more requests", lambda: len(results) > count + 80)
        done.set()
        for thread in asking:
            thread.join()
        assert results.count(0) <= len(asking)
        assert set(results) <= {0, 200}


def _ask(url: str, done: threading.Event, results: list[int]) -> None:
    """Ask again and again, each time on a connection of its own; 0 is a failure."""
    while not done.is_set():
        results.append(_status(url))


def test_hands_over_to_a_successor_without_losing_a_request(scenario: Scenario, at: Node) -> None:
    """SIGHUP: a new Envoy takes the listening sockets, the old one ends what it has."""
    node, port = elsewhere(at), free_port()
    node.publish(plain(port, to=scenario.one.address))
    with gateway(node, "edge", port) as edge:
        node.row("edge", state="applied")
        before, results, done = edge.envoy(), list[int](), threading.Event()
        asking = threading.Thread(target=_ask, args=(edge.url, done, results))
        asking.start()
        edge.process.send_signal(signal.SIGHUP)
        until(
            "the former to end", lambda: not Path(f"/proc/{before}").exists() or _is_zombie(before)
        )
        done.set()
        asking.join()
        assert set(results) == {200}


def _is_zombie(pid: int) -> bool:
    return ") Z " in Path(f"/proc/{pid}/stat").read_text()


def test_starts_an_envoy_that_was_killed_again(scenario: Scenario, at: Node) -> None:
    """The supervisor lives on and has it serving again, from what it knows."""
    node, port = elsewhere(at), free_port()
    node.publish(plain(port, to=scenario.one.address))
    with gateway(node, "edge", port) as edge:
        node.row("edge", state="applied")
        os.kill(edge.envoy(), signal.SIGKILL)
        until("an answer", lambda: _status(edge.url) == 200)
        assert edge.process.poll() is None


def test_says_that_a_port_is_in_use_and_takes_it_later(scenario: Scenario, at: Node) -> None:
    """It is no fault of the configuration: a new start tries it again."""
    node = elsewhere(at)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        node.publish(plain(port, to=scenario.one.address))
        edge = Gateway(node, "edge", node.folder / "busy", port)
        try:
            row = node.row("edge", state="rejected")
            assert "Address already in use" in row["reason"]
            assert "Address already in use" in edge.log.read_text()
        finally:
            edge.stop()
    with gateway(node, "edge", port) as edge:
        until("an answer", lambda: _status(edge.url) == 200)


def test_a_vanished_gateway_goes_on_with_what_it_has(scenario: Scenario, at: Node) -> None:
    """Deleting the Gateway resource empties no listener by itself."""
    node, port = elsewhere(at), free_port()
    node.publish(plain(port, to=scenario.one.address))
    with gateway(node, "edge", port) as edge:
        node.row("edge", state="applied")
        node.publish(delete=["Route/items", "Gateway/edge"])
        node.row("edge", wantedDigest="")
        assert _status(edge.url) == 200
