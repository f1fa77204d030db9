"""Services, gateways and BFFs, seen alike."""

import pytest

from configsvc.model.names import Kind
from configsvc.model.routing import Listener
from configsvc.model.services import Call, Discovery
from configsvc.resolve.nodes import Node, node_of
from tests.resolve.making import bff, endpoint, gateway, operation, service, timeout


def _node(resource: object) -> Node:
    return node_of(resource.key, resource.spec)


def test_endpoints_of_a_bff_are_its_operations() -> None:
    """A BFF is called like a service: each endpoint is an operation with match and calls."""
    node = _node(bff("web", endpoint("home", Call("a", "x"))))
    assert node.operations["home"].match.path == "/home"
    assert node.operations["home"].calls == (Call("a", "x"),)
    assert (node.protocol, node.has_bundle, node.calls_field) == ("http", True, "endpoints")


def test_operations_keep_the_order_of_the_document() -> None:
    """Pointers count in the document's order; requests are matched in their own."""
    node = _node(service("a", operation("all", path="/**"), operation("one", path="/one")))
    assert list(node.operations) == ["all", "one"]
    assert [o.name for o in node.in_matching_order()] == ["one", "all"]


def test_a_gateway_is_found_at_its_first_listener() -> None:
    """Whoever calls a gateway is told its address; it runs no agent."""
    node = _node(gateway("edge", listeners=(Listener(8080), Listener(8443))))
    assert node.discovery == Discovery(mode="server", address="127.0.0.1:8080")
    assert not node.has_bundle
    assert _node(gateway("edge")).discovery.address is None


def test_a_policy_is_no_node() -> None:
    """Only what calls or is called has a place in the graph."""
    resource = timeout("t")
    with pytest.raises(TypeError, match=f"{Kind.TIMEOUT}/t is no node of the call graph"):
        node_of(resource.key, resource.spec)
