"""Runs edge rules over many edges without repeating what equal edges share.

Most edges of a large system have one of few combinations of policies. All rules are run once for
each combination, with the policies alone; only those that ask for facts are run again for each
edge, and their results are kept for every edge with the same facts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from configsvc.analysis.collector import Collector
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge, PolicyEdge, Surroundings
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.scenario import DeferredError, Outcome, Scenario, explore
from configsvc.analysis.view import FACTS, POLICIES, EdgeView
from configsvc.model.findings import Subject

_policies_of = attrgetter(*POLICIES)
_REACHING = frozenset({"traffic", "subtree"})
"""Facts that follow from the whole graph: nearly every edge has its own."""


@dataclass(slots=True)
class _Open:
    """A rule that needs facts, on the edges with one combination of policies."""

    rule: EdgeRule
    facts: tuple[str, ...]
    known: dict[tuple[int, ...], Outcome] = field(default_factory=dict)

    def outcome(self, view: EdgeView, surroundings: Surroundings) -> Outcome:
        if not _REACHING.isdisjoint(self.facts):
            return run(self.rule, view, surroundings)
        key = tuple([id(getattr(view, fact)) for fact in self.facts])
        if key not in self.known:
            self.known[key] = run(self.rule, view, surroundings)
        return self.known[key]


@dataclass(slots=True)
class _Plan:
    """What is known of edges with one combination of policies, which it keeps alive."""

    policies: tuple[Any, ...]
    found: list[tuple[EdgeRule, Outcome]] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)


class EdgeRuns:
    """Runs edge rules, remembering what equal edges share."""

    def __init__(self, rules: Iterable[EdgeRule], surroundings: Surroundings) -> None:
        self._rules = tuple(rules)
        self._surroundings = surroundings
        self._plans: dict[tuple[int, ...], _Plan] = {}

    def run(self, edges: Sequence[EdgeView], collector: Collector) -> None:
        """Run every rule on every edge."""
        for view in edges:
            self._run(view, collector)

    def _run(self, view: EdgeView, collector: Collector) -> None:
        plan = self._plan(view)
        outcomes = [
            (still.rule, outcome)
            for still in plan.open
            if (outcome := still.outcome(view, self._surroundings)) is not None
        ]
        if not plan.found and not outcomes:
            return
        subject = Subject(edge=view.id)
        for rule, outcome in (*plan.found, *outcomes):
            collector.add(rule, outcome, subject, view.provenance, (view.id,))

    def _plan(self, view: EdgeView) -> _Plan:
        policies = _policies_of(view)
        key = tuple(map(id, policies))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._new_plan(policies, view)
        return plan

    def _new_plan(self, policies: tuple[Any, ...], view: EdgeView) -> _Plan:
        plan = _Plan(policies)
        for rule in self._rules:
            try:
                outcome = run(rule, view, self._surroundings, PolicyEdge)
            except DeferredError:
                plan.open.append(_Open(rule, tuple(f for f in FACTS if f in rule.inputs)))
            else:
                if outcome is not None:
                    plan.found.append((rule, outcome))
        return plan


def run(
    rule: EdgeRule, view: EdgeView, surroundings: Surroundings, reader: type[Edge] = Edge
) -> Outcome:
    """What ``rule`` says of one edge, read through ``reader``."""

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(reader(view, surroundings, scenario))

    return explore(check, complete=rule.complete)
