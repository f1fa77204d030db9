"""All edges of one process: which bundle they obey, their guards and their figures."""

from __future__ import annotations

import threading
from collections.abc import Callable

from configsvc_agent.agent._guarded import GuardedEdge, Tools
from configsvc_agent.agent._metrics import EdgeMetrics, EdgeStats, added
from configsvc_agent.agent._others import Others
from configsvc_agent.agent._responses import RESPONSES
from configsvc_agent.bundle import ANY_OPERATION, Bundle
from configsvc_agent.drivers import Classifier
from configsvc_agent.engine.events import Event
from configsvc_agent.engine.policy import CallPolicy, Edge
from configsvc_agent.engine.registry import Machines
from configsvc_agent.log import log

Hook = Callable[[Event], None]

MAX_ROUTES = 10_000
"""Spellings of an edge that are remembered; beyond, they are found anew."""


class Edges:
    """Finds the guard of an edge; puts bundles in force for all of them. Safe between threads."""

    def __init__(
        self, caller: str, bundle: Bundle, hooks: Hooks, tools: Tools, others: Others
    ) -> None:
        self._caller = caller
        self._hooks = hooks
        self._tools = tools
        self.now = tools.timing.clock
        self._lock = threading.Lock()
        self._machines = Machines(lock=threading.Lock)
        self._guards: dict[tuple[Edge, Classifier], GuardedEdge] = {}
        self._stats: dict[Edge, EdgeStats] = {}
        self._others = others
        self.routes: dict[tuple[str, str], GuardedEdge] = {}
        """By callee and operation as callers spell them: what is asked first on each call."""
        self._foreign = 0
        self.bundle = bundle
        self.apply(bundle)

    def apply(self, bundle: Bundle) -> None:
        """Put ``bundle`` in force for calls that begin from now on."""
        policies = {
            Edge(self._caller, callee.name, operation.name): operation.policy
            for callee in bundle.callees.values()
            for operation in (*callee.operations.values(), callee.other)
        }
        self.bundle = bundle
        self._machines.install(policies, self.now(), undeclared=bundle.undeclared.policy)
        self.routes = {}

    def named(self, callee: str, operation: str, classifier: Classifier | None) -> GuardedEdge:
        """The edge to ``callee``; an operation that it does not declare counts as ``*``."""
        if classifier is None:
            found = self.routes.get((callee, operation))
            return self._route(callee, operation) if found is None else found
        return self._guard(self._edge(callee, operation), classifier)

    def _route(self, callee: str, operation: str) -> GuardedEdge:
        """Find an edge by the rules and remember what was found."""
        routes = self.routes
        found = self._guard(self._edge(callee, operation), RESPONSES)
        if len(routes) >= MAX_ROUTES:
            routes.clear()
        routes[callee, operation] = found
        return found

    def at(
        self,
        host: str,
        port: int | None,
        method: str,
        path: str,
        classifier: Classifier | None,
    ) -> GuardedEdge | None:
        """The edge that an HTTP request means; None for a foreign host, which is counted."""
        callee = self.bundle.callee_at(host, port)
        if callee is None:
            with self._lock:
                self._foreign += 1
            return None
        return self.named(callee.name, callee.match(method, path).name, classifier)

    def policy(self, callee: str, operation: str) -> CallPolicy:
        """What a call to ``callee`` obeys now."""
        return self._machines.policy(self._edge(callee, operation))

    def metrics(self) -> tuple[tuple[EdgeMetrics, ...], int]:
        """The figures of every edge, and how many requests went to foreign hosts."""
        with self._lock:
            stats, foreign = dict(self._stats), self._foreign
        edges = (
            each.snapshot(
                edge.caller,
                edge.callee,
                edge.operation,
                declared=edge.callee in self.bundle.callees,
            )
            for edge, each in sorted(stats.items(), key=lambda item: str(item[0]))
        )
        return tuple(edges), foreign

    def calls(self) -> dict[tuple[str, str], tuple[int, int]]:
        """By callee and operation: how many calls ended, and how many of them not well."""
        with self._lock:
            stats = dict(self._stats)
        return {(edge.callee, edge.operation): each.counts() for edge, each in stats.items()}

    def latencies(self) -> dict[int, int]:
        """Of all calls on all edges, a histogram: by a bucket's upper bound, how many it counts."""
        with self._lock:
            stats = list(self._stats.values())
        return added(each.buckets() for each in stats)

    def breakers(self) -> tuple[tuple[str, str], ...]:
        """Every breaker's edge and state, for reports."""
        return tuple(
            (f"{key.caller} -> {key.callee} {key.operation or ANY_OPERATION}", state)
            for key, state in self._machines.breakers()
        )

    def _edge(self, callee: str, operation: str) -> Edge:
        known = self.bundle.callees.get(callee)
        name = ANY_OPERATION if known is None else known.operation(operation).name
        return Edge(self._caller, callee, name)

    def _guard(self, edge: Edge, classifier: Classifier) -> GuardedEdge:
        with self._lock:
            found = self._guards.get((edge, classifier))
            if found is None:
                stats = self._stats.setdefault(edge, EdgeStats())
                found = self._guards[edge, classifier] = GuardedEdge(
                    self._machines,
                    edge,
                    classifier,
                    stats,
                    self._others,
                    self._tools,
                    self._hooks.listener(stats),
                    attempts=bool(self._hooks),
                )
            found.obey()
            return found

    def listen(self) -> None:
        """There is another hook: let guards tell of every attempt from now on."""
        with self._lock:
            self._guards = {}
            self.routes = {}


class Hooks:
    """Whoever listens to what happens on calls; what they raise is logged and counted."""

    def __init__(self) -> None:
        self._hooks: tuple[Hook, ...] = ()
        self.failures = 0

    def __bool__(self) -> bool:
        return bool(self._hooks)

    def add(self, hook: Hook) -> None:
        """Let ``hook`` hear every event from now on."""
        self._hooks = (*self._hooks, hook)

    def listener(self, stats: EdgeStats) -> Hook:
        """What one edge's guard tells: its figures, then every hook."""

        def listen(event: Event) -> None:
            stats.happened(event)
            for hook in self._hooks:
                self._tell(hook, event)

        return listen

    def _tell(self, hook: Hook, event: Event) -> None:
        try:
            hook(event)
        except Exception:  # noqa: BLE001  a hook's mistake is not the call's
            if not self.failures:
                log().exception("the hook %r failed; further failures are only counted", hook)
            self.failures += 1
