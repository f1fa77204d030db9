"""What a check reads of an operation, a node or a path: several edges at once."""

from typing import Protocol

from configsvc.analysis.facts import NodeFactsReader
from configsvc.analysis.interval import Range, total
from configsvc.analysis.paths import Hop, PathView
from configsvc.analysis.readers import Edge, Surroundings, settle
from configsvc.analysis.scenario import Scenario
from configsvc.analysis.text import decimal, rate, span
from configsvc.analysis.view import CallView, EdgeView, NodeView, WorkView
from configsvc.model.findings import EdgeId
from configsvc.model.services import Discovery, Latency


class GraphBounds(Surroundings, Protocol):
    """What follows from the whole graph for operations and edges."""

    def worst_case(self, edge: EdgeView, /) -> Range:
        """Return the longest time in microseconds that the caller spends on one call."""

    def calls(self, work: WorkView, /) -> Range:
        """Return the longest time in microseconds that an operation waits for its calls."""


class CallReader:
    """One call that an operation makes."""

    __slots__ = ("_bounds", "_scenario", "view")

    def __init__(self, view: CallView, bounds: GraphBounds, scenario: Scenario) -> None:
        self.view = view
        self._bounds = bounds
        self._scenario = scenario.within(str(view.edge.id))

    @property
    def edge(self) -> Edge:
        """The edge that it goes over."""
        return Edge(self.view.edge, self._bounds, self._scenario)

    @property
    def worst_case(self) -> float:
        """The longest time in microseconds that one such call takes, its fallback included."""
        return settle(self._scenario, "longest call", self._bounds.worst_case(self.view.edge), span)


class Work:
    """One operation of one node, and the calls that it makes."""

    __slots__ = ("_bounds", "_scenario", "view")

    def __init__(self, view: WorkView, bounds: GraphBounds, scenario: Scenario) -> None:
        self.view = view
        self._bounds = bounds
        self._scenario = scenario

    @property
    def calls(self) -> tuple[CallReader, ...]:
        """The calls, in the order of the document."""
        return tuple(CallReader(call, self._bounds, self._scenario) for call in self.view.calls)

    @property
    def waiting(self) -> float:
        """The longest time in microseconds that it waits for its calls, stage after stage."""
        return settle(self._scenario, "time for its calls", self._bounds.calls(self.view), span)

    @property
    def own_time(self) -> float:
        """Its longest own work in microseconds, without calls."""
        own = self.view.facts.own_time
        known = Range.at_least(0, "ownTime") if own is None else Range.exactly(own)
        return settle(self._scenario, "own time", known, span)

    @property
    def latency(self) -> Latency:
        """Its latency as declared."""
        return self.view.latency


class Node:
    """One service, gateway or BFF, and the edges that end and start at it."""

    __slots__ = ("_bounds", "_scenario", "view")

    def __init__(self, view: NodeView, bounds: GraphBounds, scenario: Scenario) -> None:
        self.view = view
        self._bounds = bounds
        self._scenario = scenario

    @property
    def discovery(self) -> Discovery:
        """How its callers find it, and which instances they leave out."""
        return self.view.discovery

    @property
    def facts(self) -> NodeFactsReader:
        """Its capacity and limits."""
        return NodeFactsReader(self.view.facts, "", self._scenario)

    @property
    def incoming(self) -> tuple[Edge, ...]:
        """The edges that end at it."""
        return tuple(self._edge(edge) for edge in self.view.incoming)

    @property
    def outgoing(self) -> tuple[Edge, ...]:
        """The edges that start at it."""
        return tuple(self._edge(edge) for edge in self.view.outgoing)

    @property
    def load(self) -> float:
        """First attempts a second that all callers send it."""
        arriving = total(self._bounds.traffic(edge).all for edge in self.view.incoming)
        return settle(self._scenario, "rate of all callers", arriving, rate)

    def _edge(self, edge: EdgeView) -> Edge:
        return Edge(edge, self._bounds, self._scenario.within(str(edge.id)))


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
        """Each edge with the copies that it makes of a request, the first included."""
        return tuple((hop, self._copies(hop)) for hop in self.view.hops)

    def _copies(self, hop: Hop) -> float:
        return settle(self._scenario, f"copies on {hop.edge.id}", hop.factor, decimal)
