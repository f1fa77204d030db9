"""The bounds of a whole graph."""

import json

from configsvc.model.findings import EdgeId
from configsvc.usecases.bound_data import MAX_HOPS, arrivals_data
from configsvc.usecases.graph_bounds import BEYOND_MEANING, BoundsOf
from tests.analysis.test_hostile import graph
from tests.usecases.test_bound_changes import SERVICES, TWICE, catalog

GATEWAY = """\
---
apiVersion: configsvc/v1
kind: Gateway
metadata: {name: edge}
spec: {replicas: 1, listeners: [{address: 0.0.0.0, port: 8080, protocol: http}]}
---
apiVersion: configsvc/v1
kind: Route
metadata: {name: all}
spec: {gateway: edge, hosts: [example.com], match: {prefix: /}, destinations: [{to: front, weight: 1}]}
"""  # noqa: E501 - documents


def test_ways_in_are_routes_and_what_nobody_inside_calls() -> None:
    """A route stands for itself, and a gateway is none beside its routes."""
    ways = list(BoundsOf(catalog(SERVICES + GATEWAY)).ways_in())

    assert [(way.node, way.operation) for way in ways] == [("edge", "all"), ("front", "show")]


def test_nodes_have_the_worst_of_their_operations() -> None:
    """With the path on which most requests arrive; one that nothing multiplies has none."""
    nodes = {each.node: each for each in BoundsOf(catalog(SERVICES + TWICE)).nodes()}

    assert (nodes["back"].number, nodes["front"].number) == (2, 1)
    assert [str(edge) for edge in nodes["back"].path] == ["front -> back find"]
    assert nodes["front"].path == ()


def test_an_edge_that_is_not_there_has_no_bounds() -> None:
    """None, and not zero."""
    assert BoundsOf(catalog(SERVICES)).edge(EdgeId("back", "front", "show")) is None


def test_more_requests_than_are_told_apart_are_one_number() -> None:
    """A chain of retries makes a number of hundreds of digits, which nobody reads."""
    documents = graph([[number + 1] for number in range(120)] + [[]])
    bounds = BoundsOf(catalog("---\n".join(f"{json.dumps(each)}\n" for each in documents)))
    nodes = {each.node: each for each in bounds.nodes()}

    assert nodes["s37"].number == 3**37 < BEYOND_MEANING
    assert nodes["s38"].number == nodes["s120"].number == BEYOND_MEANING
    assert len(nodes["s120"].path) == len(range(120))
    told = arrivals_data(nodes["s120"])["path"]
    assert len(told) == MAX_HOPS
    assert told[-2:] == [
        {"from": "s98", "to": "s99", "operation": "get0"},
        {"from": "s119", "to": "s120", "operation": "get0"},
    ]
