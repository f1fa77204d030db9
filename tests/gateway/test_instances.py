"""Instances as the gateway's callers find them: registered ones come and go without a change."""

import time
from contextlib import closing

import pytest

from configsvc.registry import Instance, records
from configsvc.store import layout
from configsvc.store.sqlite import SqliteStore
from tests.gateway.scenario import Scenario, route, service
from tests.gateway.world import document, elsewhere, free_port, gateway, needs_envoy, until

pytestmark = [needs_envoy(), pytest.mark.timeout(120)]


def _now() -> int:
    return time.time_ns() // 1000


def test_a_registered_instance_gets_requests_until_it_is_gone(scenario: Scenario) -> None:
    """No revision is made, and the row of the gateway stays applied."""
    node, port = elsewhere(scenario.at), free_port()
    listeners = [{"port": port}]
    node.publish(
        [
            document("Gateway", "edge", listeners=listeners, authentication="public"),
            document("Timeout", "all", target={}, connect="500ms", attempt="2s", overall="5s"),
            service("items"),
            route("items"),
        ]
    )
    key = layout.instance(node.namespace, "items", "i-1")
    instance = Instance(node.namespace, "items", "i-1", scenario.one.address, "1-x", _now())
    with gateway(node, "edge", port) as edge, closing(SqliteStore(node.server.data, _now)) as store:
        row = node.row("edge", state="applied")
        get = scenario.client.get
        assert get(f"{edge.url}/items").status_code == 503
        records(store).put(key, instance)
        until("an answer", lambda: get(f"{edge.url}/items").status_code == 200)
        records(store).delete(key)
        until("its end", lambda: get(f"{edge.url}/items").status_code == 503)
        assert node.row("edge", state="applied")["version"] == row["version"]
