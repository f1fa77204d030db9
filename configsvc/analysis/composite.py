"""What a check reads of an operation, a node or a path: several edges at once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import Protocol

from configsvc.analysis.facts import NodeFactsReader
from configsvc.analysis.interval import Range, largest, total
from configsvc.analysis.paths import Hop, PathView
from configsvc.analysis.readers import Surroundings, settle
from configsvc.analysis.scenario import Name, Scenario
from configsvc.analysis.system import System
from configsvc.analysis.text import rate, span, yes_no
from configsvc.analysis.view import CallView, EdgeView, NodeView, PolicyView, WorkId, WorkView
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key
from configsvc.model.policies import Leaf, Target
from configsvc.model.services import Discovery
from configsvc.resolve.matching import PathTemplate, Requests


class GraphBounds(Surroundings, Protocol):
    """What follows from the whole graph for operations and edges."""

    def worst_case_alone(self, edge: EdgeView, /) -> Range:
        """Return the longest time in microseconds that the caller spends on one call."""

    def rate(self, edge: EdgeView, /) -> Range:
        """Return how many first attempts all processes of the caller send in a second."""

    def processes(self, edge: EdgeView, /) -> Range:
        """Return how many processes the caller has, over all instances."""

    def copies(self, edge: EdgeView, /) -> Range:
        """Return how many copies of a failing request ``edge`` sends, the first included."""

    def cut_share(self, work: WorkView, /) -> Range:
        """Return in how many of a million requests a call is given up although all is well."""

    def calls(self, work: WorkView, /) -> Range:
        """Return the longest time in microseconds that an operation waits for its calls."""

    def longest(self, work: WorkView, /) -> Range:
        """Return the longest time in microseconds that an operation works on one request."""

    def callers(self, work: WorkView, /) -> tuple[EdgeView, ...]:
        """Return the edges over which an operation is called."""


class Work:
    """One operation of one node, and the calls that it makes."""

    __slots__ = ("_bounds", "_scenario", "_view")

    def __init__(self, view: WorkView, bounds: GraphBounds, scenario: Scenario) -> None:
        self._view = view
        self._bounds = bounds
        self._scenario = scenario

    @property
    def calls(self) -> tuple[CallView, ...]:
        """The calls, in the order of the document."""
        return self._view.calls

    @property
    def alternatives(self) -> bool:
        """Whether a request makes one of the calls, as a route's does, and not all of them."""
        return self._view.alternatives

    @property
    def callers(self) -> tuple[EdgeView, ...]:
        """The edges over which it is called."""
        return self._bounds.callers(self._view)

    @property
    def cut_share(self) -> float:
        """Parts per million of requests in which a call is given up although all is well.

        A call fails if each of its attempts is cut; optional calls do not count.
        """
        share = self._bounds.cut_share(self._view)
        return settle(self._scenario, "share of requests with a call cut", share, None)

    @property
    def limit(self) -> float:
        """Its own deadline in microseconds; infinite where none is declared."""
        return inf if self._view.facts.limit is None else self._view.facts.limit

    @property
    def slo(self) -> float:
        """The time in microseconds in which an answer is promised; infinite without a promise."""
        return inf if self._view.slo is None else self._view.slo

    @property
    def composes(self) -> bool:
        """Whether it is an endpoint of a BFF."""
        return self._view.composes

    @property
    def honours_deadline(self) -> bool:
        """Whether it stops working at the deadline that its caller sends."""
        honours = self._view.facts.honours_deadline
        if honours is not None:
            return honours
        return self._scenario.assume("honoursDeadline", (True, False), show=yes_no)

    @property
    def waiting(self) -> float:
        """The longest time in microseconds that it waits for its calls, stage after stage."""
        return settle(self._scenario, "time for its calls", self._bounds.calls(self._view), span)

    @property
    def waiting_without_optional(self) -> float:
        """As `waiting`, as if optional calls took no time."""
        critical = replace(
            self._view, calls=tuple(call for call in self._view.calls if not call.optional)
        )
        longest = self._bounds.calls(critical)
        return settle(self._scenario, "time for its critical calls", longest, span)

    @property
    def longest(self) -> float:
        """The longest that it works on one request, its calls included, in microseconds."""
        return settle(self._scenario, "longest work", self._bounds.longest(self._view), span)


class Node:
    """One service, gateway or BFF, and the edges that end and start at it."""

    __slots__ = ("_bounds", "_scenario", "_totals", "_view")

    def __init__(
        self,
        view: NodeView,
        bounds: GraphBounds,
        scenario: Scenario,
        totals: dict[str, Range] | None = None,
    ) -> None:
        self._view = view
        self._bounds = bounds
        self._scenario = scenario
        self._totals = {} if totals is None else totals

    @property
    def discovery(self) -> Discovery:
        """How its callers find it, and which instances they leave out."""
        return self._view.discovery

    @property
    def facts(self) -> NodeFactsReader:
        """Its capacity and limits."""
        return NodeFactsReader(self._view.facts, "", self._scenario)

    @property
    def incoming(self) -> tuple[EdgeView, ...]:
        """The edges that end at it."""
        return self._view.incoming

    @property
    def outgoing(self) -> tuple[EdgeView, ...]:
        """The edges that start at it."""
        return self._view.outgoing

    def serves(self, path: str) -> bool:
        """Whether one of its operations takes requests for ``path``."""
        wanted = Requests((), PathTemplate.parse(path))
        return any(requests.intersects(wanted) for requests in self._view.requests)

    @property
    def emits(self) -> tuple[str, ...]:
        """The outcomes that its operations declare, each once."""
        if any(emits is None for emits in self._view.emits):
            return self._scenario.assume("operations.emits", (self._emitted(), ("5xx",)))
        return self._emitted()

    def _emitted(self) -> tuple[str, ...]:
        every = (outcome for emits in self._view.emits for outcome in emits or ())
        return tuple(dict.fromkeys(every))

    @property
    def load(self) -> float:
        """First attempts a second that all callers send it."""
        return self.total("rate of all callers", self.incoming, _arriving, rate)

    def total(
        self,
        key: str,
        edges: Iterable[EdgeView],
        number: Callable[[GraphBounds, EdgeView], Range],
        show: Name,
    ) -> float:
        """The sum of a number over edges; what is missing on several of them is one gap."""
        return settle(self._scenario, key, self._total(key, edges, number), show)

    def largest(
        self,
        key: str,
        groups: Mapping[str, Iterable[EdgeView]],
        number: Callable[[GraphBounds, EdgeView], Range],
        show: Name,
    ) -> tuple[str, float]:
        """The group of edges with the largest sum of a number, and the sum, as one gap."""
        sums = {name: self._total(f"{key} {name}", g, number) for name, g in groups.items()}
        name = max(sums, key=lambda name: (sums[name].low, sums[name].high))
        return name, settle(self._scenario, key, largest(sums.values()), show)

    def _total(
        self,
        key: str,
        edges: Iterable[EdgeView],
        number: Callable[[GraphBounds, EdgeView], Range],
    ) -> Range:
        found = self._totals.get(key)
        if found is None:
            found = self._totals[key] = total(number(self._bounds, edge) for edge in edges)
        return found


def _arriving(bounds: GraphBounds, edge: EdgeView) -> Range:
    return bounds.rate(edge)


class Document:
    """One policy document that has a target, beside the graph that it is about."""

    __slots__ = ("_system", "_view")

    def __init__(self, view: PolicyView, system: System) -> None:
        self._view = view
        self._system = system

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self._view.key

    @property
    def target(self) -> Target:
        """Which calls it is about."""
        return self._view.target

    @property
    def fields(self) -> Mapping[str, Leaf]:
        """What is written in it, by leaf."""
        return self._view.fields

    @property
    def callee_side(self) -> bool:
        """Whether the callee enforces it."""
        return self._view.callee_side

    @property
    def nodes(self) -> Collection[str]:
        """The names of everything that calls or is called."""
        return self._system.nodes.keys()

    @property
    def gateways(self) -> frozenset[str]:
        """The names of the gateways."""
        return self._system.gateways

    @property
    def operations(self) -> Collection[WorkId]:
        """What can be called, by node and operation."""
        return self._system.works.keys()

    @property
    def pairs(self) -> Collection[tuple[str, str]]:
        """Who declares to call whom."""
        return self._system.pairs

    @property
    def called(self) -> Collection[str]:
        """The names of those that somebody declares to call."""
        return self._system.called


class Path:
    """A chain of calls on which copies multiply."""

    __slots__ = ("_scenario", "view")

    def __init__(self, view: PathView, scenario: Scenario) -> None:
        self.view = view
        self._scenario = scenario

    @property
    def edges(self) -> tuple[EdgeId, ...]:
        """The edges from the way in to the operation that fails."""
        return self.view.edges

    @property
    def hops(self) -> tuple[tuple[Hop, float], ...]:
        """Each edge with the copies that it makes of a request, the first included.

        What is missing on several hops is one gap: all of them make few copies, or all make many.
        """
        most = (
            self._scenario.assume(
                "copies",
                (False, True),
                missing=self.view.amplification.missing,
                show=None,
            )
            if not self.view.amplification.known
            else False
        )
        return tuple((hop, hop.factor.high if most else hop.factor.low) for hop in self.view.hops)
