"""The engine: runs rules over a system, then applies waivers and folds.

It gets the rules as an argument and knows none of them.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import TypeVar

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.collector import Collector
from configsvc.analysis.edge_runs import EdgeRuns
from configsvc.analysis.folding import fold_consequences, fold_edges
from configsvc.analysis.hits import Hit
from configsvc.analysis.paths import Amplification
from configsvc.analysis.report import Mark, Report
from configsvc.analysis.rule import (
    EdgeRule,
    NodeRule,
    PairRule,
    PathRule,
    Rule,
    SystemRule,
    WaiverRule,
    WorkRule,
)
from configsvc.analysis.runs import run_nodes, run_pairs, run_paths, run_system, run_works
from configsvc.analysis.view import System
from configsvc.analysis.waivers import Waivers
from configsvc.model.findings import EdgeId, Subject

R = TypeVar("R", bound=Rule)


def run_rules(
    system: System,
    rules: Sequence[type[Rule]],
    *,
    today: date,
    only: Collection[EdgeId] | None = None,
) -> Report:
    """Run ``rules`` over ``system``.

    ``today`` decides which waivers hold. ``only``: run the rules about single edges on these
    alone, and leave unsaid which waivers are unused, because the check is not of the whole.
    """
    every = tuple(rule() for rule in rules)
    bounds = Bounds(system)
    collector = Collector(system.namespace, bounds)
    _run_all(every, system, bounds, collector, only)
    waivers = Waivers(system.waivers, today)
    waivers.apply(collector.hits)
    if only is None:
        _judge_waivers(_of(every, WaiverRule), waivers, collector)
    return _report(collector, edges=len(system.edges) if only is None else len(only))


def _run_all(
    rules: tuple[Rule, ...],
    system: System,
    bounds: Bounds,
    into: Collector,
    only: Collection[EdgeId] | None,
) -> None:
    edges = system.edges if only is None else [e for e in system.edges if e.id in only]
    EdgeRuns(_of(rules, EdgeRule), bounds).run(edges, into)
    run_works(_of(rules, WorkRule), system, bounds, into)
    run_nodes(_of(rules, NodeRule), system, bounds, into)
    amplification = Amplification(system, bounds)
    run_paths(_of(rules, PathRule), amplification, into)
    run_pairs(_of(rules, PairRule), amplification, into)
    run_system(_of(rules, SystemRule), system, into)


def _of(rules: Iterable[Rule], shape: type[R]) -> tuple[R, ...]:
    return tuple(rule for rule in rules if isinstance(rule, shape))


def _judge_waivers(rules: Iterable[WaiverRule], waivers: Waivers, into: Collector) -> None:
    for rule in rules:
        for use in waivers.uses():
            into.add(rule, rule.check(use), Subject(resource=use.key))


def _report(collector: Collector, *, edges: int) -> Report:
    hits = collector.hits
    roots = fold_consequences(hits)
    open_roots = [hit for hit in roots if hit.waived_by is None]
    return Report(
        findings=fold_edges(open_roots),
        waived=fold_edges(hit for hit in roots if hit.waived_by is not None),
        not_evaluated=collector.not_evaluated(),
        marks=_marks(open_roots),
        edges=edges,
    )


def _marks(roots: Iterable[Hit]) -> dict[str, Mark]:
    return {
        hit.fingerprint: Mark(hit.severity, hit.conflict.magnitude)
        for root in roots
        for hit in root.every()
    }
