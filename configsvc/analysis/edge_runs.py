"""Runs edge rules over many edges without repeating what edges have in common.

A rule's outcome follows from the parts of the view that it declares as inputs, and equal parts are
one object. So all rules are run on policies alone, once for each combination of those they read;
those that ask for facts are run again, once for each combination of these as well.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

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
    """Runs edge rules, remembering what edges have in common.

    What it remembers holds for every system whose equal parts are the same objects as here. Threads
    may share it: at worst two of them run a rule on the same parts.
    """

    def __init__(self, rules: Iterable[EdgeRule]) -> None:
        groups: dict[tuple[str, ...], list[_Remembered]] = {}
        for rule in rules:
            policies = tuple(part for part in POLICIES if part in rule.inputs)
            groups.setdefault(policies, []).append(_Remembered(rule))
        self._groups = [_Group(policies, rules) for policies, rules in groups.items()]
        self._plans: dict[Key, _Plan] = {}

    def __len__(self) -> int:
        """How many outcomes are remembered."""
        groups = sum(len(group) for group in self._groups)
        return groups + len(self._plans)

    def outcomes(
        self, view: EdgeView, surroundings: Surroundings
    ) -> Iterator[tuple[EdgeRule, Outcome]]:
        """What every rule says of one edge, without those that say nothing."""
        plan = self._plan(view, surroundings)
        yield from plan.found
        for remembered in plan.open:
            outcome = remembered.outcome(view, surroundings)
            if outcome is not None:
                yield remembered.rule, outcome

    def _plan(self, view: EdgeView, surroundings: Surroundings) -> "_Plan":
        """What to do with every edge that has the policies of ``view``."""
        key = _all_policies(view)
        plan = self._plans.get(key)
        if plan is None:
            parts = [group.plan(view, surroundings) for group in self._groups]
            plan = _Plan(
                tuple(found for part in parts for found in part.found),
                tuple(remembered for part in parts for remembered in part.open),
            )
            self._plans[key] = plan
        return plan


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of all edges with some policies, and which rules need facts to decide."""

    found: tuple[tuple[EdgeRule, Outcome], ...]
    open: tuple["_Remembered", ...]


class _Group:
    """Rules that read the same kinds of policy."""

    def __init__(self, policies: tuple[str, ...], rules: list["_Remembered"]) -> None:
        self._key = _identities(policies)
        self._rules = rules
        self._plans: dict[Key, _Plan] = {}

    def __len__(self) -> int:
        return len(self._plans) + sum(len(remembered) for remembered in self._rules)

    def plan(self, view: EdgeView, surroundings: Surroundings) -> _Plan:
        """What the policies of ``view`` alone decide."""
        key = self._key(view)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._reckoned(view, surroundings)
        return plan

    def _reckoned(self, view: EdgeView, surroundings: Surroundings) -> _Plan:
        found: list[tuple[EdgeRule, Outcome]] = []
        undecided: list[_Remembered] = []
        for remembered in self._rules:
            try:
                outcome = remembered.on_policies(view, surroundings)
            except DeferredError:
                undecided.append(remembered)
            else:
                if outcome is not None:
                    found.append((remembered.rule, outcome))
        return _Plan(tuple(found), tuple(undecided))


_FURTHER: Final = object()
"""Stands for an outcome that follows from the whole graph."""


class _Remembered:
    """A rule with its outcomes so far, by the parts of the view that it reads."""

    __slots__ = ("_key", "_known", "_reaching", "rule")

    def __init__(self, rule: EdgeRule) -> None:
        parts = (*POLICIES, *(fact for fact in FACTS if fact not in REACHING_FACTS))
        self.rule = rule
        self._key = _identities(tuple(part for part in parts if part in rule.inputs))
        self._reaching = [_NUMBERS[fact] for fact in REACHING_FACTS if fact in rule.inputs]
        self._known: dict[Key, object] = {}

    def __len__(self) -> int:
        return len(self._known)

    def on_policies(self, view: EdgeView, surroundings: Surroundings) -> Outcome:
        """What it says of the policies of ``view``; raises `DeferredError` if it needs facts."""
        return run(self.rule, view, surroundings, PolicyEdge)

    def outcome(self, view: EdgeView, surroundings: Surroundings) -> Outcome:
        """What the rule says of ``view``."""
        key = self._key(view)
        if key not in self._known:
            self._known[key] = self._locally(view, surroundings)
        found = self._known[key]
        if found is not _FURTHER:
            return found  # type: ignore[return-value]
        for numbers in self._reaching:
            key += numbers(surroundings, view)
        if key not in self._known:
            self._known[key] = run(self.rule, view, surroundings)
        return self._known[key]  # type: ignore[return-value]

    def _locally(self, view: EdgeView, surroundings: Surroundings) -> object:
        """What the rule says of the edge by itself, if it asks for nothing further."""
        if not self._reaching:
            return run(self.rule, view, surroundings)
        try:
            return run(self.rule, view, surroundings, LocalEdge)
        except DeferredError:
            return _FURTHER


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
