"""Bounds over the call graph: the longest work of each operation, the calls of each edge.

Times are microseconds. A datum that nobody declared keeps a bound apart into an interval; no path
is enumerated and no cycle followed.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import groupby

from configsvc.analysis.arithmetic import worst_case
from configsvc.analysis.interval import ZERO, Range, largest, total
from configsvc.analysis.readers import Edge
from configsvc.analysis.scenario import Scenario, extremes
from configsvc.analysis.view import (
    CallView,
    Concurrency,
    EdgeView,
    System,
    Traffic,
    WorkId,
    WorkView,
)
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION
from configsvc.model.quantities import SECOND


class Bounds:
    """The bounds of one system, reckoned when they are asked for and then kept."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._works: dict[WorkId, Range] = {}
        self._edges: dict[EdgeId, Range] = {}
        self._traffic: dict[EdgeId, Traffic] = {}

    def subtree(self, edge: EdgeView) -> Range:
        """The longest that the callee works on one request over ``edge``."""
        return self.longest_work((edge.id.callee, edge.id.operation))

    def longest_work(self, work_id: WorkId) -> Range:
        """The longest that an operation works on one request, its calls included."""
        if work_id not in self._works:
            work = self._system.works.get(work_id)
            unknown = Range.at_least(0, f"{work_id[0]}[{work_id[1]}].ownTime")
            self._works[work_id] = unknown if work is None else self._longest(work)
        return self._works[work_id]

    def longest(self, work: WorkView) -> Range:
        """The longest that ``work`` takes; a route itself takes no time."""
        if work.alternatives:
            return self.calls(work)
        return self.longest_work((work.node, work.operation))

    def worst_case(self, edge: EdgeView) -> Range:
        """The longest that the caller spends on one call, its fallback included."""
        found = self._edges.get(edge.id)
        if found is None:
            found = self._worst_case(edge) + self._fallback(edge)
            self._edges[edge.id] = found
        return found

    def calls(self, work: WorkView) -> Range:
        """The longest that an operation waits for its calls, stage after stage."""
        if work.alternatives:
            return largest(self._times(call) for call in work.calls)
        return total(largest(self._times(call) for call in stage) for stage in stages(work.calls))

    def callers(self, work: WorkView) -> tuple[EdgeView, ...]:
        """The edges over which an operation is called."""
        sites = self._callers.get((work.node, work.operation), ())
        return tuple({call.edge.id: call.edge for _, call in sites}.values())

    def traffic(self, edge: EdgeView) -> Traffic:
        """How many first attempts ``edge`` sees in a second."""
        found = self._traffic.get(edge.id)
        if found is None:
            found = self._traffic[edge.id] = self._traffic_of(edge)
        return found

    def rate(self, work: WorkId) -> Range:
        """Requests a second that an operation gets from all of its callers."""
        return self._rates[work]

    def _longest(self, work: WorkView) -> Range:
        own = work.facts.own_time
        missing = Range.at_least(0, f"{work}.ownTime")
        longest = self.calls(work) + (missing if own is None else Range.exactly(own))
        limit = work.facts.limit
        return longest if limit is None else longest.at_most(Range.exactly(limit))

    def _times(self, call: CallView) -> Range:
        return self.worst_case(call.edge) * Range.exactly(call.most)

    def _worst_case(self, edge: EdgeView) -> Range:
        def reckon(scenario: Scenario) -> float:
            return worst_case(Edge(edge, self, scenario))

        return extremes(reckon)

    def _fallback(self, edge: EdgeView) -> Range:
        """What a fallback to another operation adds; its own fallback is not called."""
        target = None if edge.fallback is None else edge.fallback.operation
        if target is None:
            return ZERO
        instead = self._system.by_id.get(EdgeId(edge.id.caller, target.service, target.operation))
        if instead is None:
            return Range.at_least(0, f"the edge to {target.service}[{target.operation}]")
        return self._worst_case(instead)

    def _traffic_of(self, edge: EdgeView) -> Traffic:
        all_calls, processes = self._edge_rate(edge), _processes(edge)
        pair = self._pairs[edge.id.caller, edge.id.callee]
        over_pair = all_calls if len(pair) == 1 else total(self._edge_rate(e) for e in pair)
        return Traffic(all_calls / processes, all_calls, over_pair / processes)

    def concurrency(self, edge: EdgeView) -> Concurrency:
        """How many calls of one process share the bulkhead of ``edge`` at a time."""
        alone = edge.bulkhead is not None and edge.bulkhead.scope == "operation"
        sharing = [edge] if alone else self._pairs[edge.id.caller, edge.id.callee]
        processes = _processes(edge)
        return Concurrency(
            total(self._under_way(other, _median) for other in sharing) / processes,
            total(self._under_way(other, _tail) for other in sharing) / processes,
        )

    def _under_way(self, edge: EdgeView, latency: Callable[[Edge], float]) -> Range:
        """How many calls are under way on ``edge`` at a time, over all processes."""

        def seconds(scenario: Scenario) -> float:
            return latency(Edge(edge, self, scenario)) / SECOND

        return self._edge_rate(edge) * extremes(seconds)

    def _edge_rate(self, edge: EdgeView) -> Range:
        sites = self._callers.get((edge.id.callee, edge.id.operation), ())
        mine = [(work, call) for work, call in sites if call.edge is edge]
        if not mine:
            return Range.at_least(0, f"the calls of {edge.id}")
        if any(work.alternatives for work, _ in mine):
            return self._gateway_rate(edge, sum(work.alternatives for work, _ in sites))
        return total(self._site_rate(work, call) for work, call in mine)

    def _gateway_rate(self, edge: EdgeView, gateways: int) -> Range:
        """What comes through a gateway: all of the external rate if there is one way in."""
        work = self._system.works.get((edge.id.callee, edge.id.operation))
        external = None if work is None else work.external_rate
        name = f"{edge.id.callee}[{edge.id.operation}].externalRate"
        if external is None:
            return Range.at_least(0, name)
        return Range.exactly(external) if gateways == 1 else Range(0, external, frozenset({name}))

    def _site_rate(self, work: WorkView, call: CallView) -> Range:
        return self._rates[work.node, work.operation] * Range.exactly(call.typical)

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], list[EdgeView]]:
        pairs: dict[tuple[str, str], list[EdgeView]] = {}
        for edge in self._system.edges:
            pairs.setdefault((edge.id.caller, edge.id.callee), []).append(edge)
        return pairs

    @cached_property
    def _callers(self) -> dict[WorkId, list[tuple[WorkView, CallView]]]:
        callers: dict[WorkId, list[tuple[WorkView, CallView]]] = {}
        for work in self._system.works.values():
            if work.alternatives and work.operation == ANY_OPERATION:
                continue  # all routes of a gateway together; each is there by itself as well
            for call in work.calls:
                target = (call.edge.id.callee, call.edge.id.operation)
                callers.setdefault(target, []).append((work, call))
        return callers

    @cached_property
    def _rates(self) -> dict[WorkId, Range]:
        rates: dict[WorkId, Range] = {}
        for component in reversed(self._system.components):
            for work in component:
                rates[work] = self._rate(work, rates)
        return rates

    def _rate(self, work_id: WorkId, rates: dict[WorkId, Range]) -> Range:
        work = self._system.works[work_id]
        name = f"{work}.externalRate"
        if work_id in self._system.cyclic:
            return Range.at_least(work.external_rate or 0, f"the rate in the cycle through {work}")
        sites = self._callers.get(work_id, ())
        inside = [(w, c) for w, c in sites if not w.alternatives]
        within = total(rates[w.node, w.operation] * Range.exactly(c.typical) for w, c in inside)
        if work.external_rate is not None:
            return within + Range.exactly(work.external_rate)
        from_outside = len(inside) < len(sites) or not sites or work_id[1] == ANY_OPERATION
        return within + Range.at_least(0, name) if from_outside else within


def stages(calls: Iterable[CallView]) -> list[tuple[CallView, ...]]:
    """Calls by stage, in the order in which the stages run."""
    ordered = sorted(calls, key=_stage)
    return [tuple(group) for _, group in groupby(ordered, key=_stage)]


def _median(edge: Edge) -> float:
    return edge.latency.p50


def _tail(edge: Edge) -> float:
    return edge.latency.p99


def _stage(call: CallView) -> int:
    return call.stage


def _processes(edge: EdgeView) -> Range:
    """How many processes the caller has."""
    instances, processes = edge.caller.instances, edge.caller.processes
    caller = edge.id.caller
    return _declared(instances, f"{caller}.capacity.instances") * _declared(
        processes, f"{caller}.capacity.processes"
    )


def _declared(number: int | None, name: str) -> Range:
    return Range.at_least(1, name) if number is None else Range.exactly(number)
