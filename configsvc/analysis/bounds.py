"""Bounds over the call graph: the longest work of each operation, the calls of each edge.

Times are microseconds. A datum that nobody declared keeps a bound apart into an interval; no path
is enumerated and no cycle followed.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import groupby

from configsvc.analysis.arithmetic import attempt_limit, copies, failure_share, given, worst_case
from configsvc.analysis.difference import Difference
from configsvc.analysis.interval import ONE, ZERO, Range, largest, total
from configsvc.analysis.rates import Rates
from configsvc.analysis.readers import Edge, missing_data
from configsvc.analysis.scenario import Scenario, UndecidableError, extremes
from configsvc.analysis.system import System
from configsvc.analysis.view import CallView, Concurrency, EdgeView, Traffic, WorkId, WorkView
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import SECOND, WHOLE

_Key = tuple[int, ...]


class Bounds:
    """The bounds of one system, reckoned when they are asked for and then kept.

    Edges are known by identity: the system keeps them alive, and hashing their names costs more
    than most of what is reckoned here.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._longest: dict[WorkId, Range] = {}
        self._worst_cases: dict[int, Range] = {}
        self._alone: dict[_Key, Range] = {}
        self._copies: dict[int, Range] = {}
        self._uncut: dict[_Key, Range] = {}
        self._cut: dict[int, Range] = {}
        self._given: dict[int, Range] = {}
        self._limits: dict[int, Range] = {}

    def after(self, system: System, difference: Difference) -> "Bounds":
        """The bounds of a system that was derived from this one; what still holds is kept.

        No bound of an edge or an operation follows from what others call further down: a caller's
        own limits bound its calls, and an operation's own calls bound its work.
        """
        bounds = Bounds(system)
        bounds._longest = self._longest.copy()
        bounds._worst_cases = self._worst_cases.copy()
        if difference.same_calls:  # a retry budget goes by the rate
            bounds._copies = self._copies.copy()
        bounds._cut = self._cut.copy()
        bounds._given, bounds._limits = self._given.copy(), self._limits.copy()
        bounds._alone, bounds._uncut = self._alone, self._uncut
        bounds._forget(difference)
        vars(bounds)["_rates"] = self._rates.after(system, difference)
        return bounds

    def _forget(self, difference: Difference) -> None:
        for edge in difference.gone:
            self._copies.pop(id(edge), None)
            self._given.pop(id(edge), None)
            self._limits.pop(id(edge), None)
            self._worst_cases.pop(id(edge), None)
        for work in difference.works_gone:
            self._longest.pop((work.node, work.operation), None)
            self._cut.pop(id(work), None)
        # What an edge may fall back to is another edge of its caller.
        callers = {edge.id.caller for edge in (*difference.gone, *difference.fresh)}
        for name in callers.union(work.node for work in difference.works_fresh):
            node = self.system.nodes.get(name)
            for edge in () if node is None else node.outgoing:
                self._worst_cases.pop(id(edge), None)
            for work in self.system.works_of.get(name, ()):
                self._longest.pop((work.node, work.operation), None)

    def subtree(self, edge: EdgeView) -> Range:
        """The longest that the callee works on one request over ``edge``."""
        return self.longest_work((edge.id.callee, edge.id.operation))

    def longest_work(self, work_id: WorkId) -> Range:
        """The longest that an operation works on one request, its calls included."""
        found = self._longest.get(work_id)
        if found is None:
            work = self.system.works.get(work_id)
            unknown = Range.at_least(0, f"{work_id[0]}[{work_id[1]}].ownTime")
            found = self._longest[work_id] = unknown if work is None else self._work(work)
        return found

    def longest(self, work: WorkView) -> Range:
        """The longest that ``work`` takes; a route itself takes no time."""
        if work.alternatives:
            return self.calls(work)
        return self.longest_work((work.node, work.operation))

    def worst_case(self, edge: EdgeView) -> Range:
        """The longest that the caller spends on one call, its fallback included."""
        found = self._worst_cases.get(id(edge))
        if found is None:
            found = self.worst_case_alone(edge) + self._fallback(edge)
            self._worst_cases[id(edge)] = found
        return found

    def worst_case_alone(self, edge: EdgeView) -> Range:
        """The longest that the caller spends on one call, without what a fallback adds."""
        key = _in_time(edge)
        found = self._alone.get(key)
        if found is None:
            found = self._alone[key] = self._reckon(edge, worst_case)
        return found

    def copies(self, edge: EdgeView) -> Range:
        """How many copies of a failing request ``edge`` sends, the first included."""
        found = self._copies.get(id(edge))
        if found is None:
            plain = edge.retry is None and edge.hedge is None
            found = self._copies[id(edge)] = ONE if plain else self._reckon(edge, copies)
        return found

    def attempt_limit(self, edge: EdgeView) -> Range:
        """How long one attempt may take."""
        found = self._limits.get(id(edge))
        if found is None:
            found = self._limits[id(edge)] = extremes(lambda s: attempt_limit(Edge(edge, self, s)))
        return found

    def given(self, edge: EdgeView) -> Range:
        """The shortest time after which the caller may give an attempt up."""
        found = self._given.get(id(edge))
        if found is None:
            found = self._given[id(edge)] = extremes(lambda s: given(Edge(edge, self, s)))
        return found

    def cut_share(self, work: WorkView) -> Range:
        """In how many of a million requests a call is given up although all callees are healthy."""
        found = self._cut.get(id(work))
        if found is None:
            passed = ONE
            for call in work.calls:
                if not call.optional:
                    passed = passed * _power(self._uncut_part(call.edge), call.typical)
            cut = (WHOLE * (1 - passed.high), WHOLE * (1 - passed.low))
            found = self._cut[id(work)] = Range(*cut, passed.missing)
        return found

    def _uncut_part(self, edge: EdgeView) -> Range:
        """The part of one of calls over ``edge`` that no limit cuts while the callee is healthy."""
        key = _by_latency(edge)
        found = self._uncut.get(key)
        if found is None:
            found = self._uncut[key] = self._reckon(edge, _uncut)
        return found

    def calls(self, work: WorkView) -> Range:
        """The longest that an operation waits for its calls, stage after stage."""
        if work.alternatives:
            return largest(self._times(call) for call in work.calls)
        return total(largest(self._times(call) for call in stage) for stage in stages(work.calls))

    def callers(self, work: WorkView) -> tuple[EdgeView, ...]:
        """The edges over which an operation is called."""
        return self._rates.callers((work.node, work.operation))

    def traffic(self, edge: EdgeView) -> Traffic:
        """How many first attempts ``edge`` sees in a second."""
        return self._rates.traffic(edge)

    def processes(self, edge: EdgeView) -> Range:
        """How many processes the caller has, over all instances."""
        return self._rates.processes(edge)

    def rate(self, edge: EdgeView) -> Range:
        """How many first attempts all processes of the caller send over ``edge`` in a second."""
        return self._rates.rate(edge)

    def concurrency(self, edge: EdgeView) -> Concurrency:
        """How many calls of one process share the bulkhead of ``edge`` at a time."""
        bulkhead, processes = edge.bulkhead, self._rates.processes(edge)
        try:
            alone = bulkhead is not None and bulkhead.scope == "operation"
        except UndecidableError as unreadable:
            unknown = Range.at_least(0, unreadable.missing)
            return Concurrency(unknown, unknown)
        sharing = [edge] if alone else self._rates.pair(edge)
        return Concurrency(
            total(self._under_way(other, _median) for other in sharing) / processes,
            total(self._under_way(other, _tail) for other in sharing) / processes,
        )

    @cached_property
    def _rates(self) -> Rates:
        return Rates(self.system)

    def _under_way(self, edge: EdgeView, latency: Callable[[Edge], float]) -> Range:
        """How many calls are under way on ``edge`` at a time, over all processes."""

        def seconds(scenario: Scenario) -> float:
            return latency(Edge(edge, self, scenario)) / SECOND

        return self.rate(edge) * extremes(seconds)

    def _work(self, work: WorkView) -> Range:
        own = work.facts.own_time
        missing = Range.at_least(0, f"{work}.ownTime") if own is None else Range.exactly(own)
        longest = self.calls(work) + missing
        limit = work.facts.limit
        return longest if limit is None else longest.at_most(Range.exactly(limit))

    def _times(self, call: CallView) -> Range:
        longest = self.worst_case(call.edge)
        return longest if call.most == 1 else longest * Range.exactly(call.most)

    def _reckon(self, edge: EdgeView, number: Callable[[Edge], float]) -> Range:
        """A number of one edge at its extremes."""
        found = extremes(lambda scenario: number(Edge(edge, self, scenario)))
        if found.known:
            return found
        return Range(found.low, found.high, missing_data(found.missing, edge, self))

    def _fallback(self, edge: EdgeView) -> Range:
        """What a fallback to another operation adds; its own fallback is not called."""
        try:
            target = None if edge.fallback is None else edge.fallback.operation
        except UndecidableError as unreadable:
            return Range.at_least(0, unreadable.missing)
        if target is None:
            return ZERO
        instead = self.system.by_id.get(EdgeId(edge.id.caller, target.service, target.operation))
        if instead is None:
            return Range.at_least(0, f"the edge to {target.service}[{target.operation}]")
        return self.worst_case_alone(instead)


def stages(calls: Iterable[CallView]) -> list[tuple[CallView, ...]]:
    """Calls by stage, in the order in which the stages run."""
    ordered = sorted(calls, key=_stage)
    return [tuple(group) for _, group in groupby(ordered, key=_stage)]


def _power(part: Range, times: int) -> Range:
    return part if times == 1 else Range(part.low**times, part.high**times, part.missing)


def _in_time(edge: EdgeView) -> _Key:
    """The parts of an edge that decide how long a call takes."""
    limits = (edge.timeout, edge.retry, edge.hedge, edge.bulkhead, edge.rate_limit)
    return (*map(id, limits), id(edge.idempotence))


def _by_latency(edge: EdgeView) -> _Key:
    """The parts of an edge that decide how many healthy calls are cut."""
    return id(edge.timeout), id(edge.retry), id(edge.idempotence), id(edge.latency)


def _uncut(edge: Edge) -> float:
    return 1 - failure_share(edge) / WHOLE


def _median(edge: Edge) -> float:
    return edge.latency.p50


def _tail(edge: Edge) -> float:
    return edge.latency.p99


def _stage(call: CallView) -> int:
    return call.stage
