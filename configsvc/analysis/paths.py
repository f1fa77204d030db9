"""Paths on which copies of a request multiply, found without enumerating paths.

A copy is a retry or a hedge. An operation that fails for good gets, from one request at the way
in, the product of the copies on the path to it. The largest product for each operation follows
from those of its callers, so one pass over the graph in call order suffices; cycles are not
followed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.difference import Difference
from configsvc.analysis.guarded import readable
from configsvc.analysis.interval import ONE, Range
from configsvc.analysis.outcomes import overlap
from configsvc.analysis.system import System
from configsvc.analysis.view import CallView, EdgeView, WorkId
from configsvc.model.findings import EdgeId

_Bound = Callable[[Range], float]

SURFACED = ("5xx", "timeout", "overloaded")
"""What an operation answers when what it needs has failed, unless it declares otherwise."""

UNREACHED = ("connect", "refused", "reset")
"""What a caller sees, besides, of a callee that is itself what failed."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge of a path and the copies that it makes of each request, the first included."""

    edge: EdgeView
    factor: Range


@dataclass(frozen=True, slots=True)
class PathView:
    """A chain of calls that ends at the operation which fails."""

    hops: tuple[Hop, ...]
    edges: tuple[EdgeId, ...] = field(init=False)
    """The edges from the way in to the operation that fails."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", tuple([hop.edge.id for hop in self.hops]))

    @property
    def amplification(self) -> Range:
        """How many requests arrive at the end for one at the beginning."""
        result = ONE
        for hop in self.hops:
            result = result * hop.factor
        return result

    def same(self, other: "PathView") -> bool:
        """Whether another path is of the very same edges, with the same copies."""
        return len(self.hops) == len(other.hops) and all(
            mine.edge is theirs.edge and mine.factor == theirs.factor
            for mine, theirs in zip(self.hops, other.hops, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Arrival:
    """The largest number of copies that arrive at an operation, and over which call."""

    number: float
    hop: Hop | None = None
    parent: WorkId | None = None

    def is_after(self, call: CallView, parent: WorkId | None) -> bool:
        """Whether another call that brings as many comes first by name.

        The order of documents must not decide which of two equal paths is reported.
        """
        if self.hop is None:
            return False
        return (call.edge.id, parent or ()) < (self.hop.edge.id, self.parent or ())


_NO_COPIES = _Arrival(1)


class Amplification:
    """The largest amplification of every operation of a system."""

    def __init__(self, system: System, bounds: Bounds) -> None:
        self._system = system
        self._bounds = bounds
        self._factors: dict[int, Range] = {}

    def after(self, system: System, bounds: Bounds, difference: Difference) -> "Amplification":
        """The amplification of a system that was derived from this one; what holds is kept."""
        amplification = Amplification(system, bounds)
        if not difference.same_calls:
            return amplification
        amplification._factors = self._factors.copy()
        for edge in difference.gone:
            amplification._factors.pop(id(edge), None)
        if self._multiplies_alike(amplification, difference):
            fresh = {edge.id: edge for edge in difference.fresh}
            vars(amplification).update(
                worst_paths=tuple(_over(path, fresh) for path in self.worst_paths),
                retrying_pairs=tuple(_over(path, fresh) for path in self.retrying_pairs),
            )
        return amplification

    def _multiplies_alike(self, after: "Amplification", difference: Difference) -> bool:
        """Whether each edge that differs makes the copies that it made, and fails as it did."""
        known = {edge.id: edge for edge in difference.gone}
        return all(
            (was := known.get(edge.id)) is not None
            and (was.fallback is None) == (edge.fallback is None)
            and self.factor(was) == after.factor(edge)
            for edge in difference.fresh
        )

    def factor(self, edge: EdgeView) -> Range:
        """How many copies ``edge`` makes of a request whose callee fails."""
        found = self._factors.get(id(edge))
        if found is None:
            found = self._factors[id(edge)] = self._factor(edge)
        return found

    @cached_property
    def worst_paths(self) -> tuple[PathView, ...]:
        """To each end of multiplication the worst path by its low bounds, and by its high ones."""
        surest, highest = self._ends(_low), self._ends(_high)
        found = (
            ends[work]
            for work in dict.fromkeys((*surest, *highest))
            for ends in (surest, highest)
            if work in ends
        )
        return tuple({path.edges: path for path in found}.values())

    @cached_property
    def retrying_pairs(self) -> tuple[PathView, ...]:
        """Each edge that makes copies, after the nearest edge above that makes copies of its own.

        Between the two every failure surfaces: the upper edge repeats what the lower one repeats.
        """
        return tuple({path.edges: path for path in self._retrying_pairs()}.values())

    def _retrying_pairs(self) -> Iterator[PathView]:
        above: dict[WorkId, _Chain] = {}
        for work in self._acyclic_in_call_order():
            over = above.get(work)
            for call in self._system.works[work].calls:
                factor = self.factor(call.edge)
                makes_copies = factor.high > 1
                chain = over if over is not None and _surfaces(call) else None
                if chain is None and not makes_copies:
                    continue
                hop = Hop(call.edge, factor)
                if chain is not None and makes_copies:
                    yield PathView(_Chain(hop, chain).hops())
                link = _Chain(hop, None if makes_copies else chain)
                _keep_shorter(above, _target(call), link)

    def of(self, work: WorkId) -> float:
        """How many requests arrive at an operation for one at the way in, at the most."""
        return self._highest.get(work, _NO_COPIES).number

    def path_to(self, work: WorkId) -> PathView | None:
        """The path on which the most requests arrive at an operation; None: none multiplies."""
        return _path(work, self._highest, _high) if self.of(work) > 1 else None

    @cached_property
    def _highest(self) -> dict[WorkId, _Arrival]:
        return self._arrivals(_high, timed=True)

    def _acyclic_in_call_order(self) -> Iterator[WorkId]:
        return (work for work, cycle in self._system.calling if not cycle)

    def _factor(self, edge: EdgeView) -> Range:
        retry = edge.retry
        repeats = retry is None or readable(lambda: overlap(retry.retry_on, surfaced(edge)), True)  # noqa: FBT003
        copies = self._bounds.copies(edge) if repeats else ONE
        return copies + copies if _is_its_own_fallback(edge) else copies

    def _ends(self, bound: _Bound) -> dict[WorkId, PathView]:
        """The worst path to each operation from which nothing multiplies further."""
        arrivals = self._arrivals(bound)
        ends = (
            work
            for work, arrival in arrivals.items()
            if arrival.hop
            and bound(arrival.hop.factor) > 1
            and not self._multiplies_further(work, bound)
        )
        return {work: _path(work, arrivals, bound) for work in ends}

    def _multiplies_further(self, work: WorkId, bound: _Bound) -> bool:
        """Whether copies that arrive at ``work`` are copied again by one of its calls."""
        if work in self._system.cyclic:
            return False
        calls = self._system.works[work].calls
        return any(_surfaces(call) and bound(self.factor(call.edge)) > 1 for call in calls)

    def _may_be_cut(self, work: WorkId) -> bool:
        """Whether the operation may still be at work when its limit, or a caller's, ends."""
        view, longest = self._system.works[work], self._bounds.longest_work(work).high
        limit = view.facts.limit
        if limit is not None and longest >= limit:
            return True
        return any(self._gives_up(edge, longest) for edge in self._bounds.callers(view))

    def _gives_up(self, edge: EdgeView, longest: float) -> bool:
        """Whether the caller may send a copy because an attempt takes ``longest``."""
        if self.factor(edge).high == 1:
            return False
        hedge = edge.hedge
        if hedge is not None:
            return longest > readable(lambda: hedge.delay, 0)
        return longest > self._bounds.attempt_limit(edge).low

    def _arrivals(self, bound: _Bound, *, timed: bool = False) -> dict[WorkId, _Arrival]:
        """The largest number of copies at each operation at which more than one arrives.

        ``timed``: also through calls whose failure does not surface, but whose time may: somebody
        above gives up and repeats what waits for them.
        """
        arrivals: dict[WorkId, _Arrival] = {}
        cut: set[WorkId] = set()
        for work_id, cycle in self._system.calling:
            calls = self._system.works[work_id].calls
            if timed and (work_id in cut or self._may_be_cut(work_id)):
                cut.update((work_id, *map(_target, calls)))
            here = arrivals.get(work_id, _NO_COPIES).number
            for call in calls:
                if cycle and _target(call) in cycle:
                    continue
                passes = here > 1 and (_surfaces(call) or work_id in cut)
                number = bound(self.factor(call.edge))
                if number > 1 or passes:
                    number = here * number if passes else number
                    self._offer(arrivals, number, call, work_id if passes else None)
        return arrivals

    def _offer(
        self, arrivals: dict[WorkId, _Arrival], number: float, call: CallView, parent: WorkId | None
    ) -> None:
        target = _target(call)
        if target not in self._system.works:
            return
        known = arrivals.get(target, _NO_COPIES)
        if number > known.number or (number == known.number and known.is_after(call, parent)):
            hop = Hop(call.edge, self.factor(call.edge))
            arrivals[target] = _Arrival(number, hop, parent)


@dataclass(frozen=True, slots=True)
class _Chain:
    """Hops down from the nearest one that makes copies; the last of them, and those above it."""

    hop: Hop
    above: "_Chain | None"
    length: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", 1 if self.above is None else self.above.length + 1)

    @property
    def edges(self) -> tuple[EdgeId, ...]:
        """The edges from the uppermost down."""
        return tuple(hop.edge.id for hop in self.hops())

    def hops(self) -> tuple[Hop, ...]:
        """The hops from the uppermost down."""
        found = [self.hop]
        chain = self.above
        while chain is not None:
            found.append(chain.hop)
            chain = chain.above
        return tuple(reversed(found))


def _keep_shorter(above: dict[WorkId, _Chain], target: WorkId, chain: _Chain) -> None:
    known = above.get(target)
    if known is None or (chain.length, chain.edges) < (known.length, known.edges):
        above[target] = chain


def _target(call: CallView) -> WorkId:
    return call.edge.id.callee, call.edge.id.operation


def _surfaces(call: CallView) -> bool:
    """Whether the caller fails when the call does."""
    return not call.optional and not call.default and call.edge.fallback is None


def _is_its_own_fallback(edge: EdgeView) -> bool:
    """Whether a call that failed is made once more, with all its copies, as its own fallback."""
    fallback = edge.fallback
    named = None if fallback is None else readable(lambda: fallback.operation, None)
    return named is not None and (named.service, named.operation) == (
        edge.id.callee,
        edge.id.operation,
    )


def surfaced(edge: EdgeView) -> tuple[str, ...]:
    """Outcomes that the caller sees when the callee, or what it needs, fails for good."""
    declared = edge.operation.emits
    answers = SURFACED if declared is None else declared
    return answers if edge.operation.calls else (*answers, *UNREACHED)


def _path(work: WorkId, arrivals: Mapping[WorkId, _Arrival], bound: _Bound) -> PathView:
    """The way back from ``work``, without the edges before the first that multiplies."""
    hops: list[Hop] = []
    at: WorkId | None = work
    while at is not None and (arrival := arrivals.get(at, _NO_COPIES)).hop is not None:
        hops.append(arrival.hop)
        at = arrival.parent
    hops.reverse()
    first = next(i for i, hop in enumerate(hops) if bound(hop.factor) > 1)
    return PathView(tuple(hops[first:]))


def _over(path: PathView, fresh: Mapping[EdgeId, EdgeView]) -> PathView:
    """The path over the same edges, some of which stand for others now."""
    if fresh.keys().isdisjoint(path.edges):
        return path
    return PathView(tuple(Hop(fresh.get(hop.edge.id, hop.edge), hop.factor) for hop in path.hops))


def _low(value: Range) -> float:
    return value.low


def _high(value: Range) -> float:
    return value.high
