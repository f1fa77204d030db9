"""How far a change reaches: the units of a system of which rules may say something else now."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Self

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.difference import Difference
from configsvc.analysis.system import System
from configsvc.analysis.view import EdgeView, NodeView, PolicyView, WorkId, WorkView
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key

_PARTS: Final = (
    "edges", "works", "nodes", "policies", "ambiguous", "references", "routes", "requests",
)  # fmt: skip
"""The parts of a system that rules about the whole declare as their inputs."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What rules are run on, and what is not there any more; ``parts`` of the system that differ.

    An edge is reached if it differs, or shares its caller's processes with one that does, or sees
    another rate, or if its callee works for another time. A node is reached with its edges, and an
    operation with its node. A policy is reached if it differs, or if who calls whom does. Paths are
    compared one by one instead.
    """

    edges: Collection[EdgeView]
    works: Collection[WorkView]
    nodes: Collection[NodeView]
    policies: Collection[PolicyView]
    parts: frozenset[str]
    edges_gone: frozenset[EdgeId] = frozenset()
    works_gone: frozenset[WorkId] = frozenset()
    nodes_gone: frozenset[str] = frozenset()
    policies_gone: frozenset[Key] = frozenset()

    @classmethod
    def all(cls, system: System) -> Self:
        """Everything."""
        works, nodes = system.works.values(), system.nodes.values()
        return cls(system.edges, tuple(works), tuple(nodes), system.policies, frozenset(_PARTS))

    @classmethod
    def of(cls, was: Bounds, now: Bounds, difference: Difference) -> Self:
        """What a difference reaches, given the bounds before and after it."""
        system, before = now.system, was.system
        edges = {edge.id: edge for edge in _edges(was, now, difference)}
        names = difference.touched.union(name for edge in edges for name in edge[:2])
        parts = (part for part in _PARTS if getattr(before, part) is not getattr(system, part))
        works = (work for name in names for work in system.works_of.get(name, ()))
        return cls(
            edges.values(),
            tuple(works),
            tuple(system.nodes[name] for name in names if name in system.nodes),
            difference.policies if difference.same_calls else system.policies,
            frozenset(parts),
            frozenset(edge.id for edge in difference.gone if edge.id not in system.by_id),
            frozenset(_id(w) for w in difference.works_gone if _id(w) not in system.works),
            frozenset(name for name in names if name not in system.nodes),
            difference.policies_gone,
        )


def _edges(was: Bounds, now: Bounds, difference: Difference) -> Iterator[EdgeView]:
    system = now.system
    yield from difference.fresh
    changed = [*difference.gone, *difference.fresh, *_with_another_rate(was, now, difference)]
    for caller, callee in {(edge.id.caller, edge.id.callee) for edge in changed}:
        node = system.nodes.get(caller)
        yield from (e for e in (() if node is None else node.outgoing) if e.id.callee == callee)
    for work in (work for works in difference.works.values() for work in works):
        if was.longest_work(_id(work)) != now.longest_work(_id(work)):
            incoming = system.nodes[work.node].incoming
            yield from (edge for edge in incoming if edge.id.operation == work.operation)


def _with_another_rate(was: Bounds, now: Bounds, difference: Difference) -> Iterator[EdgeView]:
    if difference.same_calls:
        return
    fresh = {id(edge) for edge in difference.fresh}
    for edge in now.system.edges:
        if id(edge) not in fresh and was.rate(edge) != now.rate(edge):
            yield edge


def _id(work: WorkView) -> WorkId:
    return work.node, work.operation
