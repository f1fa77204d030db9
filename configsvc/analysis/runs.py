"""Runs one rule on one operation, node or path."""

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.composite import Node, Path, Work
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.interval import Range
from configsvc.analysis.paths import PathView
from configsvc.analysis.rule import NodeRule, PairRule, PathRule, WorkRule
from configsvc.analysis.scenario import (
    NOTHING_ASSUMED,
    Outcome,
    Scenario,
    UndecidableError,
    UnknownDatumError,
    explore,
)
from configsvc.analysis.view import NodeView, WorkView


def run_work(rule: WorkRule, work: WorkView, bounds: Bounds) -> Outcome:
    """What ``rule`` says of one operation."""
    try:
        return rule.check(Work(work, bounds, NOTHING_ASSUMED))
    except (UndecidableError, UnknownDatumError):
        pass  # only now is it worth while to explore

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(Work(work, bounds, scenario))

    return explore(check, complete=rule.complete)


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


def run_path(rule: PathRule | PairRule, path: PathView) -> Outcome:
    """What ``rule`` says of one path."""

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(Path(path, scenario))

    return explore(check, complete=rule.complete)
