"""The call graph: edges, call sites, routes, and what leads nowhere."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.findings import EdgeId
from configsvc.model.names import Key, Kind
from configsvc.model.resources import Resource
from configsvc.model.routing import Rewrite, RouteMatch
from configsvc.model.services import Call, Times
from configsvc.resolve import CallGraph, Catalog, NodeId, graph
from tests.resolve.making import (
    bff,
    endpoint,
    gateway,
    nodes,
    operation,
    policies,
    route,
    service,
    timeout,
)


def _facts(graph: CallGraph) -> object:
    """Everything that a graph says, in an order of its own."""
    return (
        {name: graph.outgoing(name) for name in graph.nodes},
        {name: graph.named_by(name) for name in (*graph.nodes, "ghost", "front", "edge", "a")},
        {edge: sorted(map(repr, sites)) for edge, sites in graph.edges.items()},
        sorted(graph.ids()),
        sorted(graph.dangling),
    )


def test_each_call_is_a_site_of_its_edge() -> None:
    """A site knows the operation that calls, how it calls, and where that is written."""
    call = Call("b", "x", stage=2, times=Times(1, 4), optional=True)
    found = graph(
        Catalog.of([service("a", operation("x", Call("b"), call)), service("b", operation("x"))])
    )
    (site,) = found.edges[EdgeId("a", "b", "x")]
    assert (site.parent, site.target) == (NodeId("a", "x"), NodeId("b", "x"))
    assert site.call is call
    assert (str(site.resource), site.pointer) == ("Service/a", "/spec/operations/0/calls/1")
    assert EdgeId("a", "b", "*") in found
    assert found.callees("a") == ("b",)
    assert found.named_by("b") == {"a"}


def test_one_edge_may_have_many_sites() -> None:
    """Two operations that make one call share its edge."""
    call = Call("b", "x")
    found = graph(
        Catalog.of(
            [service("a", operation("x", call), operation("y", call)), service("b", operation("x"))]
        )
    )
    sites = found.edges[EdgeId("a", "b", "x")]
    assert [site.parent.operation for site in sites] == ["x", "y"]
    assert found.sites(NodeId("a", "y")) == sites[1:]


def test_calls_of_a_bff_are_edges() -> None:
    """An endpoint's calls start at the BFF, and a BFF can be called itself."""
    found = graph(
        Catalog.of(
            [
                bff("web", endpoint("home", Call("a", "x"))),
                service("a", operation("x", Call("web", "home"))),
            ]
        )
    )
    (site,) = found.edges[EdgeId("web", "a", "x")]
    assert (str(site.resource), site.pointer) == ("Bff/web", "/spec/endpoints/0/calls/0")
    assert EdgeId("a", "web", "home") in found


def test_a_route_reaches_the_operations_that_it_meets() -> None:
    """Per destination: each operation whose match meets the rewritten route, then ``*``."""
    scores = service(
        "scores",
        operation("all", path="/**"),
        operation("get", path="/scores/{id}"),
        operation("admin", path="/admin"),
    )
    found = graph(
        Catalog.of(
            [
                scores,
                gateway("edge"),
                route(
                    "api",
                    "edge",
                    "scores",
                    match=RouteMatch(prefix="/api", methods=("GET",)),
                    rewrite=Rewrite(prefix="/scores"),
                ),
            ]
        )
    )
    sites = found.sites(NodeId("edge", "api"))
    assert [site.edge.operation for site in sites] == ["get", "all", "*"]
    assert {(str(site.resource), site.pointer) for site in sites} == {
        ("Route/api", "/spec/destinations/0")
    }


def test_a_call_to_a_gateway_stands_for_all_its_routes() -> None:
    """A gateway's node ``*`` makes every call that its routes make."""
    found = graph(
        Catalog.of(
            [
                service("a", operation("x", Call("edge"))),
                gateway("edge"),
                route("one", "edge", "a"),
                route("two", "edge", "edge"),
            ]
        )
    )
    assert EdgeId("a", "edge", "*") in found
    assert [s.edge.callee for s in found.sites(NodeId("edge", "*"))] == ["a", "a", "edge"]


def test_a_call_to_nobody_is_no_edge() -> None:
    """An unknown callee is listed with its place; the rest of the graph stands."""
    found = graph(Catalog.of([service("a", operation("x", Call("ghost"), Call("a")))]))
    assert list(found.edges) == [EdgeId("a", "a", "*")]
    (reference,) = found.dangling
    assert (reference.fault, reference.name) == ("unknown-node", "ghost")
    assert reference.pointer == "/spec/operations/0/calls/0/to"
    assert found.named_by("ghost") == {"a"}, "so that it is found again when the node appears"


def test_an_unknown_operation_is_called_as_one_that_matches_none() -> None:
    """It is listed, and its edge is the one that the runtime would take."""
    found = graph(Catalog.of([service("a", operation("x", Call("a", "typo")))]))
    assert list(found.edges) == [EdgeId("a", "a", "*")]
    (reference,) = found.dangling
    assert (reference.fault, reference.operation) == ("unknown-operation", "typo")


def test_a_change_of_policies_shares_the_graph() -> None:
    """The graph depends on nodes and routes alone."""
    catalog = Catalog.of([service("a", operation("x"))])
    assert graph(catalog) is graph(catalog.with_change([timeout("t")]))


KEYS = st.sampled_from(
    [Key(Kind.SERVICE, n) for n in "abc"]
    + [Key(Kind.BFF, "front"), Key(Kind.GATEWAY, "edge"), Key(Kind.ROUTE, "r1")]
)


@given(
    st.lists(nodes() | policies(), unique_by=lambda one: one.key, max_size=8),
    st.lists(nodes(), unique_by=lambda one: one.key, max_size=3),
    st.sets(KEYS, max_size=3),
)
def test_a_derived_graph_is_the_one_built_anew(
    before: list[Resource], puts: list[Resource], deletes: set[Key]
) -> None:
    """Deriving after a change gives what building from scratch gives."""
    catalog = Catalog.of(before)
    graph(catalog)
    derived = catalog.with_change(puts, deletes)
    assert _facts(graph(derived)) == _facts(graph(Catalog.of(derived.resources.values())))
