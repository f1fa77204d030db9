"""Runs the rules about operations, nodes, paths and whole systems."""

from collections.abc import Iterable

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.collector import Collector
from configsvc.analysis.composite import Node, Path, Work
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.interval import Range
from configsvc.analysis.paths import Amplification, PathView
from configsvc.analysis.rule import NodeRule, PairRule, PathRule, SystemRule, WorkRule
from configsvc.analysis.scenario import (
    NOTHING_ASSUMED,
    Outcome,
    Scenario,
    UndecidableError,
    UnknownDatumError,
    explore,
)
from configsvc.analysis.view import NodeView, System, WorkView
from configsvc.model.findings import EdgeId, Subject


def run_works(rules: Iterable[WorkRule], system: System, bounds: Bounds, into: Collector) -> None:
    """Run rules on every operation that calls others."""
    every = tuple(rules)
    for work in system.works.values():
        if not work.calls:
            continue
        edges = tuple(dict.fromkeys(call.edge.id for call in work.calls))
        subject = Subject(path=edges) if len(edges) > 1 else Subject(edge=edges[0])
        for rule in every:
            into.add(rule, run_work(rule, work, bounds), subject, work.provenance, edges)


def run_work(rule: WorkRule, work: WorkView, bounds: Bounds) -> Outcome:
    """What ``rule`` says of one operation."""
    try:
        return rule.check(Work(work, bounds, NOTHING_ASSUMED))
    except (UndecidableError, UnknownDatumError):
        pass  # only now is it worth while to explore

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(Work(work, bounds, scenario))

    return explore(check, complete=rule.complete)


def run_nodes(rules: Iterable[NodeRule], system: System, bounds: Bounds, into: Collector) -> None:
    """Run rules on every node."""
    every = tuple(rules)
    for node in system.nodes.values():
        for rule in every:
            into.add(
                rule, run_node(rule, node, bounds), Subject(resource=node.key), node.provenance
            )


def run_node(rule: NodeRule, node: NodeView, bounds: Bounds) -> Outcome:
    """What ``rule`` says of one node."""
    totals: dict[str, Range] = {}
    try:
        return rule.check(Node(node, bounds, NOTHING_ASSUMED, totals))
    except (UndecidableError, UnknownDatumError):
        pass  # only now is it worth while to explore

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(Node(node, bounds, scenario, totals))

    return explore(check, complete=rule.complete)


def run_paths(rules: Iterable[PathRule], paths: Amplification, into: Collector) -> None:
    """Run rules on the worst path to each operation at which a multiplication ends."""
    every = tuple(rules)
    if not every:
        return
    seen: set[tuple[EdgeId, ...]] = set()
    for candidates in paths.worst_paths():
        for path in candidates:
            if path.edges not in seen:
                seen.add(path.edges)
                _run_path(every, path, into)


def run_pairs(rules: Iterable[PairRule], paths: Amplification, into: Collector) -> None:
    """Run rules on each edge that makes copies and the nearest such edge above it."""
    every = tuple(rules)
    if every:
        for path in paths.retrying_pairs():
            _run_path(every, path, into)


def _run_path(rules: tuple[PathRule | PairRule, ...], path: PathView, into: Collector) -> None:
    for rule in rules:
        into.add(rule, run_path(rule, path), Subject(path=path.edges), None, path.edges)


def run_path(rule: PathRule | PairRule, path: PathView) -> Outcome:
    """What ``rule`` says of one path."""

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(Path(path, scenario))

    return explore(check, complete=rule.complete)


def run_system(rules: Iterable[SystemRule], system: System, into: Collector) -> None:
    """Run rules on the documents and the graph as a whole."""
    for rule in rules:
        for conflict in rule.check(system):
            into.add(rule, conflict, conflict.subject or Subject())
