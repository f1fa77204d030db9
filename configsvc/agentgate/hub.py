"""Who is connected: streams and waiting polls by service, session and token."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

from configsvc.agentgate.exchange import Exchange
from configsvc.agentgate.streams import AgentStream
from configsvc.push import Queue

Service = tuple[str, str]
"""Namespace and service."""

K = TypeVar("K")
V = TypeVar("V")


class _Groups(Generic[K, V]):
    """Sets by key; an empty one takes no room."""

    def __init__(self) -> None:
        self._groups: defaultdict[K, set[V]] = defaultdict(set)

    def add(self, key: K, value: V) -> None:
        self._groups[key].add(value)

    def discard(self, key: K, value: V) -> None:
        group = self._groups.get(key)
        if group is not None:
            group.discard(value)
            if not group:
                del self._groups[key]

    def get(self, key: K) -> list[V]:
        return list(self._groups.get(key, ()))

    def __contains__(self, key: object) -> bool:
        return key in self._groups


class Waiter:
    """A long poll that waits for another bundle than the one it has.

    Args:
        exchange: what is answered.
        service: whose bundle.
        answer: answers the poll; called once, on a change or at the end of the wait.
        leave: called when nobody waits any more, for whatever reason.
    """

    def __init__(
        self,
        exchange: Exchange,
        service: Service,
        answer: Callable[[Exchange], None],
        leave: Callable[["Waiter"], None],
    ) -> None:
        self.service = service
        self._exchange = exchange
        self._answer = answer
        self._leave = leave
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Wait for so long at most."""
        self._exchange.watch(self)
        self._timer = loop.call_later(seconds, self.wake)

    def wake(self) -> None:
        """Answer now."""
        self.closed()
        self._answer(self._exchange)

    def blocked(self) -> None:
        """See `Outlet`; nothing is written while waiting."""

    def unblocked(self) -> None:
        """See `Outlet`."""

    def closed(self) -> None:
        """See `Outlet`."""
        if self._timer is not None:
            self._timer.cancel()
        self._leave(self)


class Hub:
    """Everybody who is connected to this process and waits for bundles.

    Args:
        loop: the running loop.
        tell: writes to streams whose service has something else in force.
        told: called when nobody waits to be told, and between the slices of a paced push.
        rate: streams a second that are told; 0 for as many as there is time for.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[list[AgentStream]], None],
        told: Callable[[], None],
        rate: int = 0,
    ) -> None:
        self._loop = loop
        self._tell = tell
        self._told = told
        self._untold: Queue[AgentStream] = Queue(rate)
        self._telling = False
        self._streams: _Groups[Service, AgentStream] = _Groups()
        self._by_token: _Groups[str, AgentStream] = _Groups()
        self._sessions: dict[str, AgentStream] = {}
        self._waiters: _Groups[Service, Waiter] = _Groups()
        self._waiting: set[Waiter] = set()

    def add(self, stream: AgentStream) -> None:
        """A stream was opened."""
        self._sessions[stream.session] = stream
        self._streams.add(stream.identity[:2], stream)
        self._by_token.add(stream.token_id, stream)

    def remove(self, stream: AgentStream) -> None:
        """A stream has ended."""
        self._sessions.pop(stream.session, None)
        self._streams.discard(stream.identity[:2], stream)
        self._by_token.discard(stream.token_id, stream)
        self._untold.discard(stream)

    def await_change(self, waiter: Waiter) -> None:
        """A poll waits for a change of its service."""
        self._waiting.add(waiter)
        self._waiters.add(waiter.service, waiter)

    def leave(self, waiter: Waiter) -> None:
        """A poll waits no more."""
        self._waiting.discard(waiter)
        self._waiters.discard(waiter.service, waiter)

    def session(self, session: str) -> AgentStream | None:
        """The stream of a session."""
        return self._sessions.get(session)

    def streams(self) -> list[AgentStream]:
        """All streams."""
        return list(self._sessions.values())

    def with_token(self, token_ids: Iterable[str]) -> list[AgentStream]:
        """The streams that were opened with one of these tokens."""
        return [stream for token_id in token_ids for stream in self._by_token.get(token_id)]

    def wanted(self, namespace: str, service: str) -> bool:
        """True if somebody waits for bundles of a service. May be called from any thread."""
        return (namespace, service) in self._streams or (namespace, service) in self._waiters

    @property
    def waiting(self) -> int:
        """Polls that wait."""
        return len(self._waiting)

    def __len__(self) -> int:
        return len(self._sessions)

    def untold(self, stream: AgentStream) -> bool:
        """Whether a stream waits for its turn to be told of something new."""
        return stream in self._untold

    def tell(self, namespace: str, services: Collection[str]) -> None:
        """Wake polls and tell the streams of services, a slice at a time.

        Between two slices others get a turn: reports, new connections, heartbeats, a newer change.
        A stream that waits for its turn is told once, and then of what is in force by then.
        """
        for service in services:
            for waiter in self._waiters.get((namespace, service)):
                waiter.wake()
            self._untold.add(self._streams.get((namespace, service)))
        if not self._telling:
            self._telling = True
            self._step()

    def _step(self) -> None:
        part = self._untold.take()
        self._telling = bool(part)
        if part:
            self._loop.call_later(self._untold.pause, self._step)
            self._tell(part)
        if not part or self._untold.pause:
            self._told()

    def wake_all(self) -> None:
        """Answer every waiting poll."""
        for waiter in list(self._waiting):
            waiter.wake()
