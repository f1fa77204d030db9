"""What is going on in a namespace right now, as those see it who watch."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

from configsvc.access import Principal, Right
from configsvc.analysis import Report
from configsvc.fleet import AgentRow, AgentState, FleetAnswer
from configsvc.model.findings import EdgeId
from configsvc.rollout import Rollout
from configsvc.store import Head, Namespaces, Revision
from configsvc.usecases.moment import Moment
from configsvc.usecases.rollout_steps import rollout_of
from configsvc.usecases.workspace import Workspaces

SHORTEST: Final = 0.25
"""Seconds between two looks at a namespace, however many watch."""

SHARE: Final = 0.1
"""The part of its time that a process may spend looking: a large fleet is looked at less often."""

KEPT: Final = 64
"""Namespaces whose last picture is kept."""

_EDGE: Final = re.compile(r"(\S+) -> (\S+) (\S+)")

Identity = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class EdgeState:
    """How an edge fares, summed over the agents of its caller.

    Args:
        breakers: how many of its circuit breakers are in which state.
        rate: calls per second.
        failures: those of them per second that did not end well.
    """

    breakers: Mapping[str, int]
    rate: float
    failures: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A namespace at one moment; `newest` is the record of the head, `rollout` the last begun."""

    head: Head | None = None
    newest: Revision | None = None
    rollout: Rollout | None = None
    report: Report | None = None
    agents: Mapping[Identity, AgentRow] | None = None
    edges: Mapping[EdgeId, EdgeState] | None = None
    incomplete: tuple[str, ...] = ()


@dataclass(slots=True)
class _Watched:
    """A namespace somebody watches; `lock` is held while a thread looks at it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    picture: Picture = field(default_factory=Picture)
    due: float = -inf


class LiveView:
    """Looks at namespaces for all who watch them in this process: one look serves them all."""

    def __init__(
        self,
        namespaces: Namespaces,
        workspaces: Workspaces,
        ask: Callable[[str], FleetAnswer],
        moment: Moment,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._namespaces = namespaces
        self._workspaces = workspaces
        self._ask = ask
        self._moment = moment
        self._monotonic = monotonic
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.Lock()  # of the table; never waits for a look

    def look(self, who: Principal, namespace: str) -> Picture:
        """The newest picture of a namespace; it is the same object until the next look.

        Raises:
            ForbiddenError: the reader may not read the namespace.
        """
        who.require(namespace, Right.READ)
        watched = self._of(namespace)
        with watched.lock:  # one thread looks, the others wait for what it saw
            began = self._monotonic()
            if began >= watched.due:
                watched.picture = self._picture(namespace, watched.picture)
                took = self._monotonic() - began
                watched.due = began + max(SHORTEST, took / SHARE)
            return watched.picture

    def _of(self, namespace: str) -> _Watched:
        with self._lock:
            watched = self._watched.pop(namespace, None) or _Watched()
            self._watched[namespace] = watched
            while len(self._watched) > KEPT:
                del self._watched[next(iter(self._watched))]
            return watched

    def _picture(self, namespace: str, before: Picture) -> Picture:
        head = self._namespaces.head(namespace)
        newest, rollout, report = before.newest, before.rollout, before.report
        if head is None:
            newest = rollout = report = None
        elif before.head != head or report is None:
            newest = self._namespaces.record(namespace, head.revision)
            begun = self._namespaces.rollouts(namespace, limit=1)
            rollout = rollout_of(begun[0]) if begun else None
            workspace = self._workspaces.at_head(namespace)
            report = self._workspaces.report(workspace, self._moment.today())
        found = self._ask(namespace)
        agents = {row.identity: row for row in found.rows}
        edges = edge_states(found.rows)
        return Picture(head, newest, rollout, report, agents, edges, found.incomplete)


def edge_states(rows: Iterable[AgentRow]) -> dict[EdgeId, EdgeState]:
    """How the edges fare that agents have reported about; agents that are gone do not count."""
    breakers: dict[EdgeId, dict[str, int]] = {}
    rates: dict[EdgeId, tuple[float, float]] = {}
    for row in rows:
        if row.state is AgentState.STALE:
            continue
        for breaker in row.breakers:
            if (match := _EDGE.fullmatch(breaker.edge)) is not None:
                states = breakers.setdefault(EdgeId(*match.groups()), {})
                states[breaker.state] = states.get(breaker.state, 0) + 1
        for each in row.traffic:
            edge = EdgeId(row.service, each.callee, each.operation)
            rate, failures = rates.get(edge, (0.0, 0.0))
            rates[edge] = (rate + each.rate, failures + each.failures)
    return {
        edge: EdgeState(breakers.get(edge, {}), *rates.get(edge, (0.0, 0.0)))
        for edge in breakers.keys() | rates.keys()
    }
