"""How many calls each edge sees: rates from outside, carried down the call graph."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from configsvc.analysis.difference import Difference
from configsvc.analysis.interval import Range, total
from configsvc.analysis.system import System
from configsvc.analysis.view import CallView, EdgeView, Traffic, WorkId, WorkView
from configsvc.model.names import ANY_OPERATION

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_Sites = list[tuple[WorkView, CallView]]


class Rates:
    """The rates of one system: reckoned once, in the order of the calls; cycles stay unknown."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._traffic: dict[int, Traffic] = {}
        self._edge_rates: dict[int, Range] = {}
        self._processes: dict[str, Range] = {}

    def after(self, system: System, difference: Difference) -> "Rates":
        """The rates of a system that was derived from this one; what still holds is kept."""
        rates = Rates(system)
        if not difference.same_calls:
            return rates
        gone = {id(edge) for edge in difference.gone}
        rates._edge_rates = _without(self._edge_rates, gone)
        changed = (*difference.gone, *difference.fresh)
        pairs = {(edge.id.caller, edge.id.callee) for edge in changed}
        stale = gone.union(id(e) for pair in pairs for e in self._pairs.get(pair, ()))
        rates._traffic = _without(self._traffic, stale)
        callers = {edge.id.caller for edge in changed}
        rates._processes = _without(self._processes, callers)
        vars(rates).update(
            rates=self.rates,
            _pairs=_moved(self._pairs, difference.gone, difference.fresh, _pair),
            _by_callee=self._sites_after(self._by_callee, difference, _target),
            _by_edge=self._sites_after(self._by_edge, difference, _edge),
        )
        return rates

    @staticmethod
    def _sites_after(
        before: dict[K, _Sites], difference: Difference, key: Callable[[CallView], K]
    ) -> dict[K, _Sites]:
        """Sites by what they are about, without those of works that are gone."""
        return _moved(
            before,
            tuple(_sites_of(difference.works_gone)),
            tuple(_sites_of(difference.works_fresh)),
            lambda site: key(site[1]),
            lambda site: id(site[0]),
        )

    def traffic(self, edge: EdgeView) -> Traffic:
        """How many first attempts ``edge`` sees in a second."""
        found = self._traffic.get(id(edge))
        if found is None:
            every, processes, pair = self.rate(edge), self.processes(edge), self.pair(edge)
            over_pair = every if len(pair) == 1 else total(self.rate(e) for e in pair)
            found = Traffic(every / processes, every, over_pair / processes)
            self._traffic[id(edge)] = found
        return found

    def pair(self, edge: EdgeView) -> list[EdgeView]:
        """All edges with the caller and the callee of ``edge``."""
        return self._pairs[edge.id.caller, edge.id.callee]

    def processes(self, edge: EdgeView) -> Range:
        """How many processes the caller of ``edge`` has, over all instances."""
        caller = edge.id.caller
        found = self._processes.get(caller)
        if found is None:
            instances = _declared(edge.caller.instances, f"{caller}.capacity.instances")
            each = _declared(edge.caller.processes, f"{caller}.capacity.processes")
            found = self._processes[caller] = instances * each
        return found

    def callers(self, work: WorkId) -> tuple[EdgeView, ...]:
        """The edges over which an operation is called, each once."""
        edges = (call.edge for _, call in self._by_callee.get(work, ()))
        return tuple({id(edge): edge for edge in edges}.values())

    def rate(self, edge: EdgeView) -> Range:
        """How many first attempts all processes of the caller send over ``edge`` in a second."""
        found = self._edge_rates.get(id(edge))
        if found is None:
            found = self._edge_rates[id(edge)] = self._reckoned(edge)
        return found

    def _reckoned(self, edge: EdgeView) -> Range:
        mine = self._by_edge.get(id(edge), ())
        if not mine:
            return Range.at_least(0, f"the calls of {edge.id}")
        if any(work.alternatives for work, _ in mine):
            return self._through_gateways(edge)
        return self._together(mine)

    def _through_gateways(self, edge: EdgeView) -> Range:
        """What comes through a gateway: all of the external rate if there is one way in."""
        work_id = (edge.id.callee, edge.id.operation)
        ways = sum(work.alternatives for work, _ in self._by_callee[work_id])
        work = self._system.works.get(work_id)
        external = None if work is None else work.external_rate
        name = f"{edge.id.callee}[{edge.id.operation}].externalRate"
        if external is None:
            return Range.at_least(0, name)
        return Range.exactly(external) if ways == 1 else Range(0, external, frozenset({name}))

    def _together(self, sites: Iterable[tuple[WorkView, CallView]]) -> Range:
        return total(
            _times(self.rates[work.node, work.operation], call.typical) for work, call in sites
        )

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], list[EdgeView]]:
        pairs: dict[tuple[str, str], list[EdgeView]] = {}
        for edge in self._system.edges:
            pairs.setdefault((edge.id.caller, edge.id.callee), []).append(edge)
        return pairs

    @cached_property
    def _by_edge(self) -> dict[int, _Sites]:
        sites: dict[int, _Sites] = {}
        for every in self._by_callee.values():
            for site in every:
                sites.setdefault(id(site[1].edge), []).append(site)
        return sites

    @cached_property
    def _by_callee(self) -> dict[WorkId, _Sites]:
        sites: dict[WorkId, _Sites] = {}
        for work in self._system.works.values():
            for site in _sites_of((work,)):
                sites.setdefault(_target(site[1]), []).append(site)
        return sites

    @cached_property
    def rates(self) -> dict[WorkId, Range]:
        """Requests a second that each operation gets from all of its callers."""
        rates: dict[WorkId, Range] = {}
        for component in reversed(self._system.components):
            for work in component:
                rates[work] = self._rate(work, rates)
        return rates

    def _rate(self, work_id: WorkId, rates: dict[WorkId, Range]) -> Range:
        work = self._system.works[work_id]
        if work_id in self._system.cyclic:
            return Range.at_least(work.external_rate or 0, f"the rate in the cycle through {work}")
        sites = self._by_callee.get(work_id, ())
        inside = [(w, c) for w, c in sites if not w.alternatives]
        within = total(_times(rates[w.node, w.operation], c.typical) for w, c in inside)
        if work.external_rate is not None:
            return within + Range.exactly(work.external_rate)
        from_outside = len(inside) < len(sites) or not sites or work_id[1] == ANY_OPERATION
        return within + Range.at_least(0, f"{work}.externalRate") if from_outside else within


def _without(known: dict[K, V], keys: Iterable[K]) -> dict[K, V]:
    """A copy without some keys, made without looking at the others."""
    kept = known.copy()
    for key in keys:
        kept.pop(key, None)
    return kept


def _sites_of(works: Iterable[WorkView]) -> Iterator[tuple[WorkView, CallView]]:
    for work in works:
        if work.alternatives and work.operation == ANY_OPERATION:
            continue  # all routes of a gateway together; each is there by itself as well
        for call in work.calls:
            yield work, call


def _moved(
    before: dict[K, list[V]],
    gone: Iterable[V],
    fresh: Iterable[V],
    key: Callable[[V], K],
    identity: Callable[[V], int] = id,
) -> dict[K, list[V]]:
    """Lists by key without the items that are gone and with the fresh ones; others are shared."""
    after, out = before.copy(), {identity(item) for item in gone}
    for item in gone:
        kept = [each for each in before.get(key(item), ()) if identity(each) not in out]
        after[key(item)] = kept
    touched = {key(item) for item in gone}
    for item in fresh:
        here = after.get(key(item), [])
        if key(item) not in touched:
            touched.add(key(item))
            here = here.copy()
        here.append(item)
        after[key(item)] = here
    for name in touched:
        if not after[name]:
            del after[name]
    return after


def _pair(edge: EdgeView) -> tuple[str, str]:
    return edge.id.caller, edge.id.callee


def _target(call: CallView) -> WorkId:
    return call.edge.id.callee, call.edge.id.operation


def _edge(call: CallView) -> int:
    return id(call.edge)


def _times(rate: Range, calls: int) -> Range:
    return rate if calls == 1 else rate * Range.exactly(calls)


def _declared(number: int | None, name: str) -> Range:
    return Range.at_least(1, name) if number is None else Range.exactly(number)
