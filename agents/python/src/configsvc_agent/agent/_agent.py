"""The agent of one service in one process: what a service developer sees."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast

from configsvc_agent import __version__
from configsvc_agent.agent._deliverer import Deliverer, not_started
from configsvc_agent.agent._edges import Edges, Hook, Hooks
from configsvc_agent.agent._guarded import GuardedEdge, Tools
from configsvc_agent.agent._hedging import HedgeThreads
from configsvc_agent.agent._metrics import Metrics
from configsvc_agent.agent._others import Others
from configsvc_agent.agent._serving import Admitted, Entrance, Incoming, Refused
from configsvc_agent.bundle import ANY_OPERATION, Bundle, built_in
from configsvc_agent.delivery import (
    Callback,
    Change,
    Registration,
    State,
    Status,
    Subscriber,
    subscribe,
)
from configsvc_agent.discovery import Balancer, Balancers
from configsvc_agent.drivers import Classifier
from configsvc_agent.values import NOTHING

if TYPE_CHECKING:
    import ssl
    from typing import Unpack

    from configsvc_agent.agent._explain import Explanation
    from configsvc_agent.settings import Options

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=Callback)
H = TypeVar("H", bound=Hook)


_started: weakref.WeakSet[Agent] = weakref.WeakSet()


class Agent:
    """Holds the last good bundle of ``service`` and guards its calls by it.

    Settings come from the arguments or ``CONFIGSVC_*`` variables, see :class:`Options`. Nothing
    happens before :meth:`start`, which never waits for the server; until a bundle is there, calls
    obey the built-in time limits. All methods are safe between threads. In a forked child a started
    agent starts anew, as an instance of its own, when it is first used.

    Raises:
        SettingsError: a setting that cannot be right, such as a service that is no DNS label.
    """

    def __init__(
        self,
        service: str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        **options: Unpack[Options],
    ) -> None:
        from configsvc_agent.settings import read_settings  # noqa: PLC0415  it needs pathlib

        self._settings = read_settings(service, os.environ, options)
        self._context = ssl_context
        self._hooks = Hooks()
        self._subscribers: tuple[Subscriber, ...] = ()
        self._lock = threading.Lock()
        self._delivery: Deliverer | None = None
        self._forked = False
        self._others = Others(self._named)
        self._edges = self._new_edges(built_in(self._settings.namespace, service))
        self._entrance = Entrance(service, self._edges.bundle, self.now)
        self._balancers = Balancers(self._edges.bundle, self.now, random.random)
        self._registration: Registration | None = None

    # ── life ─────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> Self:
        """Start delivery; once started, nothing more happens. Waits 0.5 s for the disk at most."""
        with self._lock:
            if self._delivery is None:
                self._delivery = self._new_delivery()
                self._delivery.register(self._registration)
                _started.add(self)
                self._delivery.start()
        return self

    def stop(self, timeout: float = 2.0) -> None:
        """End delivery, within ``timeout`` seconds; what is in force stays in force."""
        with self._lock:
            delivery, self._delivery = self._delivery, None
            self._forked = False
            _started.discard(self)
        if delivery is not None:
            delivery.stop(timeout)
        for each in self._subscribers:
            each.close()
        self._subscribers = tuple(
            Subscriber(each.callback, each.loop, each.failures) for each in self._subscribers
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await _in_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await _in_thread(self.stop)

    # ── how it stands ────────────────────────────────────────────────────────────────────────────

    @property
    def service(self) -> str:
        """Whose agent this is."""
        return self._settings.service

    @property
    def bundle(self) -> Bundle:
        """What is in force now; the built-in default while there is no other."""
        return self._edges.bundle

    @property
    def state(self) -> State:
        """``ready``, ``stale`` or ``failed``."""
        return self.status().state

    def status(self) -> Status:
        """Where things stand now, and why."""
        delivery = self._alive()
        if delivery is not None:
            return delivery.status()
        return not_started(self._settings.service, self._settings.namespace)

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Wait at most ``timeout`` seconds until the state is ready; whether it is."""
        delivery = self._alive()
        return delivery is not None and delivery.wait_ready(timeout)

    async def ready(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109  as wait_ready
        """As :meth:`wait_ready`, without blocking the event loop."""
        return await _in_thread(functools.partial(self.wait_ready, timeout))

    # ── listening ────────────────────────────────────────────────────────────────────────────────

    def on_change(self, callback: C) -> C:
        """Call ``callback(change)`` whenever another bundle is in force; usable as a decorator.

        Each callback has a thread of its own: it may raise, which is logged and counted, or block,
        and then hears of later changes as one. An ``async def`` callback runs in the event loop in
        which it was registered.
        """
        with self._lock:
            self._subscribers = (*self._subscribers, subscribe(callback))
        return callback

    def on_event(self, hook: H) -> H:
        """Call ``hook(event)`` for what happens on calls (:mod:`configsvc_agent.engine.events`).

        It runs where the call runs: it must be quick. What it raises is logged once and counted.
        """
        self._hooks.add(hook)
        self._edges.listen()
        return hook

    # ── calling ──────────────────────────────────────────────────────────────────────────────────

    def call(
        self,
        callee: str,
        operation: str,
        fn: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """``fn(*args, **kwargs)`` as a call of ``operation`` of ``callee``, under its policy.

        ``fn`` learns its time limit from :func:`~configsvc_agent.current_attempt` and may be called
        more than once. What it returns is read as a response where it looks like one.

        Raises:
            CallError: a policy refused or cut the call; the text names the policy.
            Exception: what ``fn`` raised last.
        """
        edge = self._edges.routes.get((callee, operation)) or self.edge(callee, operation)
        return edge.call(fn, *args, **kwargs)

    def acall(
        self,
        callee: str,
        operation: str,
        fn: Callable[P, Awaitable[T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """As :meth:`call` for a coroutine function; an attempt is cancelled when its time is up.

        To be awaited: it hands on the edge's own coroutine, because one more costs as much as a
        rate limit.
        """
        edge = self._edges.routes.get((callee, operation)) or self.edge(callee, operation)
        return edge.acall(fn, *args, **kwargs)

    def guard(
        self, callee: str, operation: str = ANY_OPERATION, *, classify: Classifier | None = None
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Decorate a function or coroutine function: each call of it is guarded.

        ``classify`` says what its results and errors mean to the policies; else responses and the
        standard library's errors are known. Where a policy names this operation as the fallback of
        another one, the function is called with the arguments of the call that failed, under the
        policy of this operation.
        """

        def decorate(fn: Callable[P, T]) -> Callable[P, T]:
            import inspect  # noqa: PLC0415  slow to import

            self._others.add(callee, operation, fn, classify)
            if inspect.iscoroutinefunction(fn):

                @functools.wraps(fn)
                async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401  fn's
                    edge = self.edge(callee, operation, classify=classify)
                    return await edge.acall(fn, *args, **kwargs)

                return cast("Callable[P, T]", guarded)

            @functools.wraps(fn)
            def guarded_sync(*args: P.args, **kwargs: P.kwargs) -> T:
                return self.edge(callee, operation, classify=classify).call(fn, *args, **kwargs)

            return guarded_sync

        return decorate

    def edge(
        self, callee: str, operation: str = ANY_OPERATION, *, classify: Classifier | None = None
    ) -> GuardedEdge:
        """The edge to ``operation`` of ``callee``; to be asked for anew for each call."""
        if self._forked:
            self._alive()
        return self._edges.named(callee, operation, classify)

    def edge_at(
        self,
        host: str,
        port: int | None,
        method: str,
        path: str,
        *,
        classify: Classifier | None = None,
    ) -> GuardedEdge | None:
        """The edge that an HTTP request means; None for a foreign host, which is to be left alone.

        ``path`` may carry a query string.
        """
        if self._forked:
            self._alive()
        return self._edges.at(host, port, method, path, classify)

    def now(self) -> int:
        """The monotonic clock in microseconds by which deadlines are meant."""
        return self._edges.now()

    def admit(self, request: Incoming) -> Admitted | Refused:
        """Whether a request to this service may be served, by its own limits."""
        if self._forked:
            self._alive()
        return self._entrance.admit(request)

    # ── discovery ────────────────────────────────────────────────────────────────────────────────

    def register(
        self, *, port: int, host: str | None = None, labels: Mapping[str, str] = NOTHING
    ) -> None:
        """List this process among the instances of the service, for as long as the agent runs.

        Callers reach it at ``port`` of the address from which it connects to the server, or of
        ``host``, an IP address inside the service's ``discovery.allow``. Returns at once; it is
        registered with each stream and taken off by :meth:`stop`. Calling again changes it.
        """
        self._registration = Registration(port, host, labels)
        self._tell_registration()

    def deregister(self) -> None:
        """Take this process off the list of instances, and go on otherwise."""
        self._registration = None
        self._tell_registration()

    def wait_registered(self, timeout: float | None = None) -> bool:
        """Wait at most ``timeout`` seconds until the server lists this process; whether it does."""
        delivery = self._alive()
        return delivery is not None and delivery.wait_registered(timeout)

    def balancer(self, callee: str) -> Balancer | None:
        """What chooses among the instances of ``callee``.

        ``None`` where the callee has one stable address or no instance is known. The integrations
        for httpx, requests and aiohttp use it; for a client of another kind ``choose`` gives the
        address for an attempt, and ``began`` and ``ended`` say what became of it.
        """
        return self._balancers.of(callee)

    # ── seeing ───────────────────────────────────────────────────────────────────────────────────

    def explain(self, callee: str, operation: str = ANY_OPERATION) -> Explanation:
        """The effective policy of an edge, each value with the resource that set it."""
        from configsvc_agent.agent._explain import Explanation  # noqa: PLC0415  when asked

        bundle, status = self.bundle, self.status()
        known = bundle.callees.get(callee)
        return Explanation(
            caller=self.service,
            callee=callee,
            operation=ANY_OPERATION if known is None else known.operation(operation).name,
            declared=known is not None,
            policy=bundle.policy(callee, operation),
            origin=status.origin,
            version=bundle.version,
            digest=bundle.digest,
        )

    def metrics(self) -> Metrics:
        """Counters and latencies of every edge since the process started."""
        edges, foreign = self._edges.metrics()
        failures = sum(subscriber.failures for subscriber in self._subscribers)
        return Metrics(edges, foreign, failures, self._hooks.failures)

    def breakers(self) -> tuple[tuple[str, str], ...]:
        """Every breaker of this process: its edge, and ``closed``, ``open`` or ``half-open``."""
        return self._edges.breakers()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _tell_registration(self) -> None:
        delivery = self._alive()
        if delivery is not None:
            delivery.register(self._registration)

    def _named(self, callee: str, operation: str, classify: Classifier | None) -> GuardedEdge:
        return self.edge(callee, operation, classify=classify)

    def _new_edges(self, bundle: Bundle) -> Edges:
        tools = Tools(executor=HedgeThreads())
        return Edges(self._settings.service, bundle, self._hooks, tools, self._others)

    def _new_delivery(self) -> Deliverer:
        from configsvc_agent.delivery._telemetry import Telemetry  # noqa: PLC0415  with the start
        from configsvc_agent.delivery.threads import Delivery  # noqa: PLC0415  with the start

        return Delivery(
            self._settings,
            agent_version=__version__,
            context=self._context,
            apply=self._apply,
            tell=self._tell,
            telemetry=Telemetry(self.breakers, self._edges.calls, self._edges.latencies),
            known=self._balancers.known,
        )

    def _apply(self, bundle: Bundle) -> None:
        self._balancers.apply(bundle)
        self._edges.apply(bundle)
        self._entrance.apply(bundle)

    def _tell(self, change: Change) -> None:
        for subscriber in self._subscribers:
            subscriber.tell(change)

    def _alive(self) -> Deliverer | None:
        """The delivery, started anew where a fork has left none."""
        if self._forked:
            self._forked = False
            self.start()
        return self._delivery

    def _in_child(self) -> None:
        """Right after a fork: no thread and no lock of the parent is to be relied on."""
        self._lock = threading.Lock()
        self._delivery = None
        self._forked = True
        self._edges = self._new_edges(self._edges.bundle)
        self._entrance = Entrance(self.service, self._edges.bundle, self.now)
        self._balancers = Balancers(self._edges.bundle, self.now, random.random)
        self._balancers.apply(self._edges.bundle)
        self._subscribers = tuple(Subscriber(each.callback) for each in self._subscribers)


async def _in_thread(fn: Callable[[], T]) -> T:
    import asyncio  # noqa: PLC0415  only services that use it pay for it

    return await asyncio.to_thread(fn)


def _after_fork() -> None:
    for agent in list(_started):
        with contextlib.suppress(Exception):
            agent._in_child()  # noqa: SLF001  the one function that acts for the child


os.register_at_fork(after_in_child=_after_fork)
