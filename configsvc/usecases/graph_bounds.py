"""The bounds of a graph: how long calls and ways in take, how requests multiply, what goes on.

An undeclared datum keeps a bound apart into an interval. Times are microseconds.
"""

from collections.abc import Iterator, KeysView
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Final, Self

from configsvc.analysis import Standing, native_system
from configsvc.analysis.abandoned import Abandoned
from configsvc.analysis.binding import binding_path
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import ZERO, Range
from configsvc.analysis.paths import Amplification
from configsvc.analysis.system import System
from configsvc.analysis.view import WorkId, WorkView
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION
from configsvc.resolve import Catalog

BEYOND_MEANING: Final = 10**18
"""As many requests for one as are told apart; a long chain of retries makes more."""


@dataclass(frozen=True, slots=True)
class EdgeBounds:
    """What one call over an edge may cost, the first attempt included.

    `worst_case` is the longest that the caller spends on it; `copies` are the requests that the
    callee gets for it when it fails; `abandoned` is the longest that work goes on for it after the
    caller gave an attempt up.
    """

    worst_case: Range
    copies: Range
    abandoned: Range = ZERO


@dataclass(frozen=True, slots=True)
class WayIn:
    """What a request to an operation may cost that nobody inside calls; a route of a gateway too.

    `path` leads down from it over the calls that take the longest. `abandoned` is the longest that
    work goes on anywhere below after a caller gave up, and `given_up` the edge where it does.
    """

    node: str
    operation: str
    longest: Range
    path: tuple[EdgeId, ...]
    abandoned: Range
    given_up: EdgeId | None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many requests arrive at a node for one at the way in, at the most.

    `path` is the worst way there, from its first edge that multiplies; empty where none does. The
    number is infinite where nothing limits it.
    """

    node: str
    number: float
    path: tuple[EdgeId, ...]


class BoundsOf:
    """The bounds of a catalog, reckoned when they are asked for."""

    def __init__(self, catalog: Catalog) -> None:
        system = native_system(catalog)
        bounds = Bounds(system)
        self._take(system, bounds, Amplification(system, bounds))

    @classmethod
    def standing(cls, standing: Standing) -> Self:
        """The bounds of a catalog under analysis, which has reckoned many of them already."""
        found = cls.__new__(cls)
        analysis = standing.analysis
        found._take(analysis.system, analysis.bounds, analysis.amplification)  # noqa: SLF001
        return found

    def after(self, standing: Standing) -> Self:
        """The bounds of a catalog that was derived from this one."""
        found = self.standing(standing)
        found._abandoned = self._abandoned.derived(found._system, found._bounds)  # noqa: SLF001
        return found

    def _take(self, system: System, bounds: Bounds, amplification: Amplification) -> None:
        self._system = system
        self._bounds = bounds
        self._paths = amplification

    @property
    def operations(self) -> KeysView[WorkId]:
        """Every operation, and every route of a gateway."""
        return self._system.works.keys()

    def edge(self, edge: EdgeId) -> EdgeBounds | None:
        """The bounds of one edge; None where the catalog does not have it."""
        view = self._system.by_id.get(edge)
        if view is None:
            return None
        return EdgeBounds(
            self._bounds.worst_case(view), self._paths.factor(view), self._abandoned.after(view)
        )

    def way_in(self, work: WorkId) -> WayIn | None:
        """The bounds of a way in; None for an operation that is none."""
        view = self._system.works.get(work)
        if view is None or not self._is_way_in(view):
            return None
        abandoned, given_up = self._abandoned.below(work)
        path = binding_path(self._system, self._bounds, work)
        return WayIn(*work, self._bounds.longest(view), path, abandoned, given_up)

    def cost(self, work: WorkId) -> tuple[Range, Range] | None:
        """The longest time of a way in and the longest work for nobody; None where it is none."""
        view = self._system.works.get(work)
        if view is None or not self._is_way_in(view):
            return None
        return self._bounds.longest(view), self._abandoned.below(work)[0]

    def ways_in(self) -> Iterator[WayIn]:
        """Every way in, by node and operation."""
        for work in sorted(self.operations):
            found = self.way_in(work)
            if found is not None:
                yield found

    def arrivals(self, work: WorkId) -> float:
        """How many requests arrive for one at the way in; one where nobody multiplies them.

        Infinite where nothing limits them, else `BEYOND_MEANING` at the most.
        """
        number = self._paths.of(work) if work in self.operations else 1
        return number if number == inf else min(number, BEYOND_MEANING)

    def path_to(self, work: WorkId) -> tuple[EdgeId, ...]:
        """The worst way to an operation."""
        found = self._paths.path_to(work) if work in self.operations else None
        return found.edges if found else ()

    def nodes(self) -> Iterator[Arrivals]:
        """How requests multiply on the way to each node, to its worst operation, by name."""
        worst: dict[str, WorkId] = {}
        for work in sorted(self.operations):
            known = worst.setdefault(work[0], work)
            if self.arrivals(work) > self.arrivals(known):
                worst[work[0]] = work
        for name, work in worst.items():
            yield Arrivals(name, self.arrivals(work), self.path_to(work))

    @cached_property
    def _abandoned(self) -> Abandoned:
        return Abandoned.of(self._system, self._bounds)

    def _is_way_in(self, work: WorkView) -> bool:
        if work.alternatives and work.operation == ANY_OPERATION:
            return False  # all routes of a gateway together; each is there by itself as well
        return bool(work.calls) and not self._bounds.callers(work)
