"""Work that goes on for nobody, after the caller gave an attempt up.

A callee that neither stops when its caller hangs up (`cancels`) nor at the deadline that it was
sent (`honoursDeadline`) works to its end; one that stops leaves behind what its own callees do not
stop. Times are microseconds. Copies that a hedge no longer needs do not count. Of missing data the
nearest are named: those of a deep graph would be too many to carry along.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from configsvc.analysis.bounds import Bounds, stages
from configsvc.analysis.difference import Difference
from configsvc.analysis.interval import ZERO, Range, largest
from configsvc.analysis.system import System
from configsvc.analysis.view import EdgeView, WorkId, WorkView
from configsvc.model.findings import EdgeId


@dataclass(frozen=True, slots=True)
class _Worst:
    """The longest of several times, and where it surely is longest."""

    time: Range
    edge: EdgeId | None

    def or_worse(self, other: "_Worst") -> "_Worst":
        """Both together."""
        sides = (self, other)
        surest = max(sides, key=lambda side: (side.time.low, side.time.high))
        return _Worst(_longest(side.time for side in sides), surest.edge)


_NOWHERE = _Worst(ZERO, None)


class Abandoned:
    """The work of one system that goes on after callers gave up, reckoned once."""

    def __init__(self, system: System, bounds: Bounds) -> None:
        self._system = system
        self._bounds = bounds
        self._total: dict[WorkId, Range] = {}
        self._left: dict[WorkId, Range] = {}
        self._of_calls: dict[WorkId, Range] = {}
        self._below: dict[WorkId, _Worst] = {}
        self._cut: dict[EdgeId, Range] = {}

    @classmethod
    def of(cls, system: System, bounds: Bounds) -> "Abandoned":
        """Reckon everything."""
        found = Abandoned(system, bounds)
        found._cut = _cut_by_limits(system.works.values(), bounds)
        for component in system.components:
            found._take(component)
        return found

    def derived(self, system: System, bounds: Bounds) -> "Abandoned":
        """The same of a system that was derived from this one: only what differs is reckoned."""
        difference = Difference.between(self._system, system)
        if not difference.same_calls:
            return Abandoned.of(system, bounds)
        found = Abandoned(system, bounds)
        found._total, found._left = self._total.copy(), self._left.copy()
        found._of_calls, found._below = self._of_calls.copy(), self._below.copy()
        touched = [work for works in difference.works.values() for work in works]
        edges = {call.edge.id for work in touched for call in work.calls}
        found._cut = {name: cut for name, cut in self._cut.items() if name not in edges}
        found._cut.update(_cut_by_limits(touched, bounds))
        found._retake({(work.node, work.operation) for work in touched}, self._bounds)
        return found

    def _retake(self, stale: set[WorkId], before: Bounds) -> None:
        """Reckon stale operations anew, and those that call them as long as something differs."""
        for component in self._system.components:
            if stale.isdisjoint(component):
                continue
            was = [self._state(work, before) for work in component]
            self._take(component)
            if was != [self._state(work, self._bounds) for work in component]:
                callers = self._system.called_by
                stale.update(caller for work in component for caller in callers.get(work, ()))

    def _state(self, work: WorkId, bounds: Bounds) -> object:
        """All of an operation that callers go by."""
        tables = (self._total, self._left, self._of_calls, self._below)
        return bounds.longest_work(work), *(table.get(work) for table in tables)

    def after(self, edge: EdgeView) -> Range:
        """The longest that work goes on below ``edge`` after its caller gave an attempt up."""
        shortest = self._bounds.given(edge)
        if (cut := self._cut.get(edge.id)) is not None:
            shortest = shortest.at_most(cut)
        longest = self._bounds.subtree(edge)
        if longest.high <= shortest.low:
            return ZERO
        target = (edge.id.callee, edge.id.operation)
        unstopped = _less(self._total.get(target, longest), shortest)
        below = self._of_calls.get(target, ZERO)
        gives_up = longest.low > shortest.high
        return _unless(_stops(edge), unstopped, below if gives_up else _maybe(below))

    def below(self, work: WorkId) -> tuple[Range, EdgeId | None]:
        """The longest for a request to ``work``, and the edge whose caller gave up; None: none."""
        worst = self._below.get(work, _NOWHERE)
        return worst.time, worst.edge

    def _take(self, component: tuple[WorkId, ...]) -> None:
        """Reckon operations that lead to each other, after all that they lead to."""
        cyclic = component[0] in self._system.cyclic
        if cyclic:
            name = f"the work in the cycle through {component[0][0]}"
            unknown = dict.fromkeys(component, Range.at_least(0, name))
            self._total |= unknown
            self._left |= unknown
        calls = [call for work in component for call in self._system.works[work].calls]
        for work in component:
            self._of_calls[work] = self._of_calls_of(work)
        for work in component if not cyclic else ():
            self._total[work] = self._total_of(work)
            self._left[work] = self._left_of(work)
        worst = _NOWHERE
        for call in calls:
            here = self.after(call.edge)
            further = self._below.get((call.edge.id.callee, call.edge.id.operation), _NOWHERE)
            worst = worst.or_worse(_Worst(here, call.edge.id if here.high else None))
            worst = worst.or_worse(further)
        self._below |= dict.fromkeys(component, worst)

    def _total_of(self, work: WorkId) -> Range:
        """The longest until all has ended that a request set off, callees it gave up included."""
        calls = self._system.works[work].calls
        longest = self._bounds.longest_work(work)
        return _nearest(longest, _longest(self.after(call.edge) for call in calls))

    def _left_of(self, work: WorkId) -> Range:
        """What goes on of an operation that is given up at the worst moment."""
        facts = self._system.works[work].facts
        stops = _either(facts.cancels, facts.honours_deadline)
        return _unless(stops, self._total[work], self._of_calls[work])

    def _of_calls_of(self, work: WorkId) -> Range:
        """What goes on of the calls of an operation that stops."""
        calls = self._system.works[work].calls
        return _longest(
            self._left.get((call.edge.id.callee, call.edge.id.operation), ZERO) for call in calls
        )


def _cut_by_limits(works: Iterable[WorkView], bounds: Bounds) -> dict[EdgeId, Range]:
    """After how long a caller's own limit may end a call: what it has left when the call begins.

    The operation has worked and waited for earlier stages by then, and of several calls in turn
    for all but the last.
    """
    cut: dict[EdgeId, Range] = {}
    for work in works:
        if work.facts.limit is None:
            continue
        own = work.facts.own_time
        before = Range.at_least(0, f"{work}.ownTime") if own is None else Range.exactly(own)
        for stage in stages(work.calls):
            for call in stage:
                turns = bounds.worst_case(call.edge) * Range.exactly(call.most - 1)
                left = _less(Range.exactly(work.facts.limit), before + turns)
                cut[call.edge.id] = left.at_most(cut.get(call.edge.id, left))
            before += largest(
                bounds.worst_case(call.edge) * Range.exactly(call.most) for call in stage
            )
    return cut


def _stops(edge: EdgeView) -> bool | None:
    return _either(edge.operation.cancels, edge.operation.honours_deadline)


def _either(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - data
    """Whether one of two holds; None where that is unknown."""
    if one or other:
        return True
    return None if None in (one, other) else False


def _unless(stops: bool | None, unstopped: Range, stopped: Range) -> Range:  # noqa: FBT001 - datum
    if stops is not None:
        return stopped if stops else unstopped
    low, high = min(unstopped.low, stopped.low), max(unstopped.high, stopped.high)
    if low == high:
        return Range.exactly(low)
    flags = frozenset({"operation.cancels", "operation.honoursDeadline"})
    return Range(low, high, flags | (unstopped.missing or stopped.missing))


def _less(time: Range, given: Range) -> Range:
    """What is left of a time after another."""
    low, high = max(0, time.low - given.high), max(0, time.high - given.low)
    if low == high:
        return Range.exactly(low)
    return Range(low, high, time.missing | given.missing)


def _maybe(time: Range) -> Range:
    """A time that may also be nothing, because the caller may not give up at all."""
    return Range(0, time.high, time.missing) if time.high else ZERO


def _longest(times: Iterable[Range]) -> Range:
    """The longest of times; what keeps the highest apart is what is missing."""
    longest = ZERO
    for time in times:
        highest = max(longest, time, key=_high)
        low = max(longest.low, time.low)
        known = low == highest.high
        longest = Range.exactly(low) if known else Range(low, highest.high, highest.missing)
    return longest


def _nearest(first: Range, then: Range) -> Range:
    """One time after another; of missing data only those of the first, if it misses any."""
    low, high = first.low + then.low, first.high + then.high
    if low == high:
        return Range.exactly(low)
    return Range(low, high, first.missing or then.missing)


def _high(time: Range) -> float:
    return time.high
