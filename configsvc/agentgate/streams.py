"""One agent's stream: its subscription, its connection and its heartbeats."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from configsvc.agentgate.events import GONE, Advice, drain_event, heartbeat_event
from configsvc.agentgate.exchange import Wire
from configsvc.agentgate.shelf import InForce
from configsvc.push import Held, Offer, PushKind, Subscription, has_outlived, heartbeat_delay


class Surroundings(Protocol):
    """What a stream needs of the process it lives in."""

    heartbeat: int
    lifetime: int
    loop: asyncio.AbstractEventLoop
    random: Callable[[], float]

    def now(self) -> int:
        """Microseconds since the Unix epoch."""

    def advice(self) -> Advice:
        """How one more agent should behave, as many as there are."""

    def untold(self, stream: "AgentStream") -> bool:
        """Whether the stream waits for its turn to be told of something new."""

    def in_force(self, namespace: str) -> InForce | None:
        """What the namespace has in force."""

    def event(self, offer: Offer, *, reset: bool) -> bytes | None:
        """The event that brings a bundle; None if its bytes must be loaded first."""

    def send_away(self, stream: "AgentStream") -> None:
        """Have the stream's agent connect anew, wherever that leads."""

    def load(self, stream: "AgentStream", digest: str) -> None:
        """Load a bundle's bytes, then `refresh` the stream."""

    def pushed(self, stream: "AgentStream", size: int) -> None:
        """Take note that a bundle was written."""

    def ended(self, stream: "AgentStream") -> None:
        """Take note that the stream has ended."""

    def readable(self, stream: "AgentStream") -> None:
        """Take note that the agent reads again."""

    def instances_told(self, stream: "AgentStream") -> int:
        """The number of all instances that the agent was told of."""


class AgentStream:
    """What is written to one agent, and when.

    Args:
        identity: namespace, service and instance.
        session: the id under which it reports.
        token_id: the token that it was opened with.
        held: what the agent says that it stored.
        around: the process it lives in.
        labels: what the agent says of itself.
    """

    __slots__ = (
        "_around",
        "_connection",
        "_timer",
        "callees",
        "endpoints",
        "identity",
        "labels",
        "missed",
        "service",
        "session",
        "subscription",
        "token_id",
        "told",
    )

    def __init__(
        self,
        identity: tuple[str, str, str],
        session: str,
        token_id: str,
        held: Held | None,
        around: Surroundings,
        labels: Mapping[str, str],
    ) -> None:
        self.identity = identity
        self.service = identity[:2]
        self.session = session
        self.token_id = token_id
        self.labels = labels
        self.subscription = Subscription(held)
        self.callees: frozenset[str] = frozenset()
        """Of whose instances it is told; `missed` those of which it could not be."""
        self.missed: set[str] = set()
        self.endpoints = 0
        """The number of the instances that the agent says to hold; `told`: it was answered."""
        self.told = False
        self._around = around
        self._connection: Wire | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, connection: Wire) -> None:
        """Begin to write; the head of the answer is written already."""
        self._connection = connection
        self._schedule()
        if not self.refresh():
            self._write_heartbeat()  # the agent learns at once that it holds what it should

    def refresh(self) -> bool:
        """Write what the agent needs by now, if its connection takes it; False: it has it all."""
        return self.take(self.offer())

    def take(self, offer: Offer | None) -> bool:
        """As `refresh`, where it is known what the agent should hold; None: its service is gone."""
        if self.subscription.want(offer) is None:
            return False
        self._write_next()
        return True

    def advance(self, offer: Offer, event: bytes) -> bool:
        """As `take`, for an agent to which this is simply the next bundle; False: it is not.

        Whoever calls it counts what was written, once for many streams.
        """
        connection = self._connection
        if connection is None or not self.subscription.advance(offer):
            return False
        connection.write(event)
        return True

    def offer(self) -> Offer | None:
        """What the agent should hold; None if its service has no bundle."""
        namespace, service, instance = self.identity
        known = self._around.in_force(namespace)
        return known.offer(service, instance, self.labels) if known else None

    @property
    def open(self) -> bool:
        """Whether anything can be written to it."""
        return self._connection is not None

    def write(self, event: bytes) -> bool:
        """Write an event, unless the agent does not keep up or has gone."""
        if self._connection is None or self.subscription.blocked:
            return False
        self._connection.write(event)
        return True

    def drain(self, retry: int, url: str) -> None:
        """Send the agent away for so many microseconds, to a URL if one is given."""
        if self._connection is not None:
            self._connection.write(drain_event(retry, url))
            self._connection.close()

    def cut(self) -> None:
        """End the stream now."""
        if self._connection is not None:
            self._connection.abort()

    # ── called by the connection ─────────────────────────────────────────────────────────────

    def blocked(self) -> None:
        """See `Outlet`."""
        self.subscription.block()

    def unblocked(self) -> None:
        """See `Outlet`."""
        self.subscription.unblock()
        self._write_next()
        self._around.readable(self)

    def closed(self) -> None:
        """See `Outlet`."""
        self._connection = None
        if self._timer is not None:
            self._timer.cancel()
        self._around.ended(self)

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _write_next(self) -> None:
        push = self.subscription.next()
        if push is None or self._connection is None:
            return
        if push.kind is PushKind.GONE or push.offer is None:
            self.subscription.sent(push)
            self._connection.write(GONE)
            return
        event = self._around.event(push.offer, reset=push.reset)
        if event is None:
            self._around.load(self, push.offer.digest)
            return
        self.subscription.sent(push)
        self._connection.write(event)
        self._around.pushed(self, len(event))

    def _schedule(self) -> None:
        delay = heartbeat_delay(self._around.heartbeat, self._around.random)
        self._timer = self._around.loop.call_later(delay / 1_000_000, self._beat)

    def _beat(self) -> None:
        around = self._around
        if not self.subscription.blocked and has_outlived(
            around.heartbeat, around.lifetime, around.random
        ):
            around.send_away(self)
            return
        self._schedule()
        self._write_heartbeat()

    def _write_heartbeat(self) -> None:
        known = self._around.in_force(self.identity[0])
        if self._connection is None or self.subscription.blocked or known is None:
            return
        offer = self.offer()
        if self._around.untold(self):  # its turn comes: it need not fetch
            offer = self.subscription.wanted
        digest, endpoints = offer.digest if offer else "", self._around.instances_told(self)
        advice = self._around.advice()
        self._connection.write(
            heartbeat_event(known.epoch, known.revision, digest, endpoints, advice)
        )
