"""Strongly connected components: right, in order, and without recursion."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.analysis.components import components

_GRAPHS = st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4), max_size=8)


def _reachable(graph: dict[int, list[int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        for node in graph.get(waiting.pop(), []):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


@given(_GRAPHS)
def test_nodes_are_together_exactly_when_they_reach_each_other(graph: dict[int, list[int]]) -> None:
    """Two nodes share a component if and only if each reaches the other."""
    nodes = sorted({*graph, *(n for targets in graph.values() for n in targets)})
    found = components(nodes, lambda node: graph.get(node, []))
    home = {node: number for number, component in enumerate(found) for node in component}
    assert sorted(home) == nodes
    for one in nodes:
        for two in nodes:
            both = two in _reachable(graph, one) and one in _reachable(graph, two)
            assert both == (home[one] == home[two])


@given(_GRAPHS)
def test_component_comes_after_those_that_it_leads_to(graph: dict[int, list[int]]) -> None:
    """The order is from the ends of the calls to their beginnings."""
    found = components(graph, lambda node: graph.get(node, []))
    home = {node: number for number, component in enumerate(found) for node in component}
    assert all(home[target] <= home[node] for node in graph for target in graph[node])


def test_deep_chain_needs_no_stack() -> None:
    """Fifty thousand steps are no recursion."""
    found = components([0], lambda node: [node + 1] if node < 50_000 else [])
    assert len(found) == 50_001
