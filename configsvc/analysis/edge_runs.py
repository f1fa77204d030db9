"""Runs edge rules over many edges without repeating what edges have in common.

A rule's outcome follows from the parts of the view that it declares as inputs, and equal parts are
one object. So all rules are run on policies alone, once for each combination of those they read;
those that ask for facts are run again, once for each combination of these as well.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from configsvc.analysis.collector import Collector
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import REACHING_FACTS, Edge, LocalEdge, PolicyEdge, Surroundings
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.scenario import (
    DeferredError,
    Outcome,
    Scenario,
    UndecidableError,
    UnknownDatumError,
    explore,
)
from configsvc.analysis.view import FACTS, POLICIES, EdgeView

Key = tuple[Hashable, ...]


class EdgeRuns:
    """Runs edge rules, remembering what edges have in common."""

    def __init__(self, rules: Iterable[EdgeRule], surroundings: Surroundings) -> None:
        groups: dict[tuple[str, ...], list[_Remembered]] = {}
        for rule in rules:
            policies = tuple(part for part in POLICIES if part in rule.inputs)
            groups.setdefault(policies, []).append(_Remembered(rule, surroundings))
        self._groups = [_Group(policies, rules) for policies, rules in groups.items()]
        self._plans: dict[Key, _Plan] = {}

    def run(self, edges: Sequence[EdgeView], collector: Collector) -> None:
        """Run every rule on every edge."""
        for view in edges:
            plan = self._plan(view)
            for rule, outcome in plan.found:
                collector.add_edge(rule, outcome, view)
            for remembered in plan.open:
                outcome = remembered.outcome(view)
                if outcome is not None:
                    collector.add_edge(remembered.rule, outcome, view)

    def _plan(self, view: EdgeView) -> "_Plan":
        """What to do with every edge that has the policies of ``view``."""
        key = _all_policies(view)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _Plan()
            for group in self._groups:
                part = group.plan(view)
                plan.found.extend(part.found)
                plan.open.extend(part.open)
        return plan


@dataclass(slots=True)
class _Plan:
    """What is known of all edges with some policies, and which rules need facts to decide."""

    found: list[tuple[EdgeRule, Outcome]] = field(default_factory=list)
    open: list["_Remembered"] = field(default_factory=list)


class _Group:
    """Rules that read the same kinds of policy."""

    def __init__(self, policies: tuple[str, ...], rules: list["_Remembered"]) -> None:
        self._key = _identities(policies)
        self._rules = rules
        self._plans: dict[Key, _Plan] = {}

    def plan(self, view: EdgeView) -> _Plan:
        """What the policies of ``view`` alone decide."""
        key = self._key(view)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _Plan()
            for remembered in self._rules:
                try:
                    outcome = remembered.on_policies(view)
                except DeferredError:
                    plan.open.append(remembered)
                else:
                    if outcome is not None:
                        plan.found.append((remembered.rule, outcome))
        return plan


_FURTHER: Final = object()
"""Stands for an outcome that follows from the whole graph."""


class _Remembered:
    """A rule with its outcomes so far, by the parts of the view that it reads."""

    __slots__ = ("_key", "_known", "_reaching", "_surroundings", "rule")

    def __init__(self, rule: EdgeRule, surroundings: Surroundings) -> None:
        parts = (*POLICIES, *(fact for fact in FACTS if fact not in REACHING_FACTS))
        self.rule = rule
        self._surroundings = surroundings
        self._key = _identities(tuple(part for part in parts if part in rule.inputs))
        self._reaching = [_NUMBERS[fact] for fact in REACHING_FACTS if fact in rule.inputs]
        self._known: dict[Key, object] = {}

    def on_policies(self, view: EdgeView) -> Outcome:
        """What it says of the policies of ``view``; raises `DeferredError` if it needs facts."""
        return run(self.rule, view, self._surroundings, PolicyEdge)

    def outcome(self, view: EdgeView) -> Outcome:
        """What the rule says of ``view``."""
        key = self._key(view)
        if key not in self._known:
            self._known[key] = self._locally(view)
        found = self._known[key]
        return self._reached(view, key) if found is _FURTHER else found  # type: ignore[return-value]

    def _locally(self, view: EdgeView) -> object:
        """What the rule says of the edge by itself, if it asks for nothing further."""
        if not self._reaching:
            return run(self.rule, view, self._surroundings)
        try:
            return run(self.rule, view, self._surroundings, LocalEdge)
        except DeferredError:
            return _FURTHER

    def _reached(self, view: EdgeView, key: Key) -> Outcome:
        for numbers in self._reaching:
            key += numbers(self._surroundings, view)
        if key not in self._known:
            self._known[key] = run(self.rule, view, self._surroundings)
        return self._known[key]  # type: ignore[return-value]


def run(
    rule: EdgeRule, view: EdgeView, surroundings: Surroundings, reader: type[Edge] = Edge
) -> Outcome:
    """What ``rule`` says of one edge, read through ``reader``."""
    try:
        return rule.check(reader(view, surroundings))
    except (UndecidableError, UnknownDatumError):
        pass  # only now is it worth while to explore

    def check(scenario: Scenario) -> Conflict | None:
        return rule.check(reader(view, surroundings, scenario))

    return explore(check, complete=rule.complete)


def _identities(parts: tuple[str, ...]) -> Callable[[EdgeView], Key]:
    """A function that tells edges apart by the objects that some of their parts are."""
    if not parts:
        return lambda _: ()
    get: Callable[[EdgeView], Any] = attrgetter(*parts)
    if len(parts) == 1:
        return lambda view: (id(get(view)),)
    return lambda view: tuple(map(id, get(view)))


_all_policies = _identities(POLICIES)


def _traffic(surroundings: Surroundings, view: EdgeView) -> Key:
    traffic = surroundings.traffic(view)
    one, every, pair = traffic.per_process, traffic.all, traffic.pair
    return one.low, one.high, every.low, every.high, pair.low, pair.high


def _concurrency(surroundings: Surroundings, view: EdgeView) -> Key:
    calls = surroundings.concurrency(view)
    return calls.median.low, calls.median.high, calls.tail.low, calls.tail.high


def _subtree(surroundings: Surroundings, view: EdgeView) -> Key:
    longest = surroundings.subtree(view)
    return longest.low, longest.high


_NUMBERS: Final = {"traffic": _traffic, "concurrency": _concurrency, "subtree": _subtree}
