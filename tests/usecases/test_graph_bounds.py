"""The bounds of a whole graph."""

from configsvc.model.findings import EdgeId
from configsvc.usecases.graph_bounds import BoundsOf
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
