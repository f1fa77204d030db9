"""The rules by shape, and how those of each shape are run on one unit."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.composite import Document
from configsvc.analysis.edge_runs import EdgeRuns
from configsvc.analysis.found import Finder, Found
from configsvc.analysis.paths import PathView
from configsvc.analysis.readers import Surroundings
from configsvc.analysis.rule import (
    EdgeRule,
    NodeRule,
    PairRule,
    PathRule,
    PolicyRule,
    Rule,
    SystemRule,
    WaiverRule,
    WorkRule,
)
from configsvc.analysis.runs import run_node, run_path, run_work
from configsvc.analysis.scenario import Outcome
from configsvc.analysis.system import System
from configsvc.analysis.view import EdgeView, NodeView, PolicyView, WaiverUse, WorkView
from configsvc.model.findings import Subject

R = TypeVar("R", bound=Rule)


class Suite:
    """All rules of an analysis; those about edges remember what edges have in common."""

    def __init__(self, rules: Iterable[type[Rule]]) -> None:
        every = tuple(rule() for rule in rules)
        self._edges = EdgeRuns(_of(every, EdgeRule))
        self._works = _of(every, WorkRule)
        self.nodes = _of(every, NodeRule)
        self._paths = _of(every, PathRule)
        self._pairs = _of(every, PairRule)
        self._policies = _of(every, PolicyRule)
        self.systems = _of(every, SystemRule)
        self._waivers = _of(every, WaiverRule)

    def __len__(self) -> int:
        """How many outcomes are remembered."""
        return len(self._edges)

    def edge(self, view: EdgeView, surroundings: Surroundings, finder: Finder) -> Found:
        """What rules say of one edge."""
        return finder.on_edge(view, self._edges.outcomes(view, surroundings))

    def work(self, work: WorkView, bounds: Bounds, finder: Finder) -> Found:
        """What rules say of one operation; nothing where it calls nobody."""
        edges = tuple(dict.fromkeys(call.edge.id for call in work.calls))
        if not edges:
            return Found()
        subject = Subject(path=edges) if len(edges) > 1 else Subject(edge=edges[0])
        outcomes = ((rule, run_work(rule, work, bounds)) for rule in self._works)
        return finder.on(subject, outcomes, work.provenance, edges)

    def node(
        self,
        node: NodeView,
        bounds: Bounds,
        finder: Finder,
        rules: Sequence[NodeRule] | None = None,
    ) -> Found:
        """What rules say of one node; ``rules``: these instead of all."""
        outcomes = (
            (rule, run_node(rule, node, bounds))
            for rule in (self.nodes if rules is None else rules)
        )
        return finder.on(Subject(resource=node.key), outcomes, node.provenance)

    def path(self, path: PathView, finder: Finder) -> Found:
        """What rules say of the worst path to where a multiplication ends."""
        return _on_path(self._paths, path, finder)

    def pair(self, path: PathView, finder: Finder) -> Found:
        """What rules say of an edge that makes copies and the nearest such edge above it."""
        return _on_path(self._pairs, path, finder)

    def policy(self, policy: PolicyView, system: System, finder: Finder) -> Found:
        """What rules say of one policy document."""
        document = Document(policy, system)
        outcomes = ((rule, rule.check(document)) for rule in self._policies)
        return finder.on(Subject(resource=policy.key), outcomes)

    def system(self, rule: SystemRule, system: System, finder: Finder) -> Found:
        """What one rule says of the documents and the graph as a whole."""
        return finder.on(Subject(), ((rule, conflict) for conflict in rule.check(system)))

    def waiver(self, use: WaiverUse, finder: Finder) -> Found:
        """What rules say of what became of a waiver."""
        outcomes: Iterator[tuple[Rule, Outcome]] = (
            (rule, rule.check(use)) for rule in self._waivers
        )
        return finder.on(Subject(resource=use.key), outcomes)


def _on_path(rules: Sequence[PathRule | PairRule], path: PathView, finder: Finder) -> Found:
    outcomes = ((rule, run_path(rule, path)) for rule in rules)
    return finder.on(Subject(path=path.edges), outcomes, None, path.edges)


def _of(rules: Iterable[Rule], shape: type[R]) -> tuple[R, ...]:
    return tuple(rule for rule in rules if isinstance(rule, shape))
