"""One agent-facing process: what it reads of the store, whom it serves, and how it stops."""

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from operator import attrgetter
from random import SystemRandom
from typing import Any, Final

from configsvc.access import TokenRecord
from configsvc.agentgate.callers import Callers
from configsvc.agentgate.capacity import Connections
from configsvc.agentgate.connection import Connection
from configsvc.agentgate.counters import Counters
from configsvc.agentgate.doorkeeper import Doorkeeper
from configsvc.agentgate.elsewhere import Elsewhere
from configsvc.agentgate.endpoints import AgentEndpoints
from configsvc.agentgate.events import Advice
from configsvc.agentgate.http import ProblemError, unavailable
from configsvc.agentgate.hub import Hub
from configsvc.agentgate.internal import INTERNAL_LIMITS, InternalEndpoints
from configsvc.agentgate.lookups import Lookups
from configsvc.agentgate.options import AgentGateSettings
from configsvc.agentgate.peers import Peers
from configsvc.agentgate.presence import Presence
from configsvc.agentgate.readings import HeadReading, TokenReading
from configsvc.agentgate.registrar import Found, Registrar
from configsvc.agentgate.relay_feed import RelayFeed
from configsvc.agentgate.relayed import RelayedAgents
from configsvc.agentgate.reports import Reported
from configsvc.agentgate.shelf import InForce, Shelf
from configsvc.agentgate.streams import AgentStream
from configsvc.fleet.ack_writer import AckWriter
from configsvc.push import SLICE, Held, Offer, drain_delays, reconnect_delay, report_window
from configsvc.registry import InstanceReading
from configsvc.store import Clock, Namespaces, Store
from configsvc.store.following import Following

_log = logging.getLogger("configsvc.agentgate")

_TIDY: Final = 10.0
"""Seconds between two looks for tokens that ended, agents lost long ago, and other nodes."""


class Gate:
    """Everything of one agent-facing process but its sockets. Used by its event loop's thread.

    Args:
        settings: how it is served.
        store: opened in this process; closed by whoever opened it.
        loop: the running loop.
        capacity: connections at once.
        clock: microseconds since the Unix epoch.
        random: uniform in [0, 1).
    """

    def __init__(
        self,
        settings: AgentGateSettings,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        *,
        capacity: int,
        clock: Clock,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.loop = loop
        self.now = clock
        self.random = random or SystemRandom().random
        self.heartbeat = settings.heartbeat
        self.lifetime = settings.stream_lifetime
        self.pid = os.getpid()
        self.counters = Counters()
        self.connections = Connections(capacity, self.counters)
        self.doorkeeper = Doorkeeper()
        self.hub = Hub(loop, self._tell, self._told, settings.push_rate)
        self.presence = Presence(self.counters, clock)
        self.store = store
        self.relayed = RelayedAgents()
        self._elsewhere = Elsewhere(store, settings.advertised)
        self.endpoints = AgentEndpoints(self)
        self.internal = InternalEndpoints(self)
        self._limits = settings.limits
        # Process ids return, in a container after each start: counts must not overwrite others'.
        nonce = secrets.token_hex(4)
        self._process = f"{settings.process_name()}-{nonce}"
        self.owner = f"{self.pid:x}-{nonce}"
        self._shelf = Shelf()
        self._draining = False
        self._booking = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._unloaded = {"heads", "tokens", "instances"}
        self._loaded = asyncio.Event()
        self._tidy_timer: asyncio.TimerHandle | None = None
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="agentgate-store")
        self._peers = Peers(settings.run_directory, loop)
        self._acks = AckWriter(
            store,
            self._process,
            self.presence.convergence,
            partial(self.counters.add, "ack_writes_failed"),
            loop,
            self._executor,
        )
        tokens = TokenReading(store, self._on_loop(self._all_tokens), self._on_loop(self._tokens))
        self._lookups = Lookups(store, tokens, loop, self._executor)
        self.namespaces = Namespaces(store, clock, lambda: secrets.token_hex(8))
        self.relays = RelayFeed(store, self.namespaces, loop, self.random, self.heartbeat)
        self.registrar = Registrar(
            self.owner,
            store,
            lambda session: self.hub.session(session) is not None,
            self.spawn,
            self.wait_for,
        )
        self._callers = Callers(
            self.registrar.mirror, self.bundle, self.spawn, self.loop.call_later
        )
        heads = self._head_reading(store)
        instances = InstanceReading(store, self.namespaces.names, self._on_loop(self._instances))
        self._followings = [
            Following(store, reading, self.random) for reading in (heads, tokens, instances)
        ]

    def _head_reading(self, store: Store) -> HeadReading:
        return HeadReading(
            store,
            self.namespaces,
            self.hub.wanted,
            self._on_loop(self._in_force),
            self._on_loop(self._heads_loaded),
        )

    # ── life ─────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Begin to follow the store; requests are answered once it was read."""
        for following in self._followings:
            following.start()
        self.spawn(self.registrar.keep())
        self._executor.submit(self._elsewhere.look)
        self._tidy_timer = self.loop.call_later(_TIDY, self._tidy)

    async def loaded(self) -> None:
        """Wait until the store was read."""
        await self._loaded.wait()

    def agent_connection(self) -> Connection:
        """A new connection of an agent."""
        return Connection(self.endpoints, self._limits, self.loop)

    def internal_connection(self) -> Connection:
        """A new connection of another process of this node."""
        return Connection(self.internal, INTERNAL_LIMITS, self.loop)

    def drain(self) -> None:
        """Send everybody away, each after a time of its own; nothing new is served."""
        self._draining = True
        streams = self.hub.streams()
        _log.info("draining", extra={"streams": len(streams), "polls": self.hub.waiting})
        for stream, delay in zip(streams, drain_delays(len(streams), self.random), strict=False):
            self.send_away(stream, delay)
        self.relays.drain()
        self.hub.wake_all()
        self.connections.retire()

    def send_away(self, stream: AgentStream, delay: int = 0) -> None:
        """See `Surroundings`; the agent waits for `delay` microseconds and its own jitter."""
        self.counters.add("streams_sent_away")
        self.presence.sent_away(stream.session, self.now())
        stream.drain(delay, self._elsewhere.url(self.random))

    async def stop(self) -> None:
        """Write what was counted, and end every thread."""
        if self._tidy_timer is not None:
            self._tidy_timer.cancel()
        await self._acks.finish()
        await asyncio.to_thread(self.relays.stop)
        for following in self._followings:
            await asyncio.to_thread(following.stop)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._peers.close()
        self._executor.shutdown()

    # ── what the store says ──────────────────────────────────────────────────────────────────

    def _on_loop(self, take: Callable[..., None]) -> Callable[..., None]:
        """Have another thread's calls run on the loop."""

        def call(*arguments: object) -> None:
            self.loop.call_soon_threadsafe(take, *arguments)

        return call

    def _in_force(self, new: InForce) -> None:
        """Tell the agents of every service whose bundle is another one now, and no others."""
        self.counters.add("namespaces_set_back", new.set_back)
        changed = self._shelf.put(new)
        self.hub.tell(new.namespace, changed)

    def _tell(self, streams: list[AgentStream]) -> None:
        """Write first; the books are kept when everybody was written to."""
        for service, group in groupby(streams, attrgetter("service")):
            staged, common = self._shelf.common(*service)
            event = self._shelf.event(common) if common and not staged else None
            others = list(group)
            if common is not None and event is not None:
                others = self._advance(others, common, event)
            for stream in others:
                self._tell_one(stream, stream.offer() if staged else common)

    def _advance(self, streams: list[AgentStream], offer: Offer, event: bytes) -> list[AgentStream]:
        """Write to all for whom this is simply the next bundle; return the others."""
        advanced: list[AgentStream] = []
        others: list[AgentStream] = []
        for stream in streams:
            (advanced if stream.advance(offer, event) else others).append(stream)
        self.counters.add("pushes", len(advanced))
        self.counters.add("pushed_bytes", len(advanced) * len(event))
        self.presence.advanced(advanced, offer)
        self._callers.want(advanced, offer.digest)
        return others

    def _tell_one(self, stream: AgentStream, offer: Offer | None) -> None:
        former = stream.subscription.wanted
        needs = stream.take(offer)
        if offer != former:  # whom a rollout does not concern is told nothing
            self.presence.told(stream.session, offer, needs=needs)

    def _told(self) -> None:
        """Everybody was written to."""
        if not self._booking:
            self._book()

    def _book(self) -> None:
        """Enter in the books who was told, a slice at a time."""
        self._booking = self.presence.book(SLICE)
        if self._booking:
            self.loop.call_soon(self._book)
        self._acks.poke()

    def _heads_loaded(self) -> None:
        self._has_loaded("heads")

    def _all_tokens(self, records: Mapping[str, TokenRecord]) -> None:
        self._has_loaded("tokens")
        self._cut(self.doorkeeper.replace(records))

    def _has_loaded(self, what: str) -> None:
        self._unloaded.discard(what)
        if not self._unloaded:
            self._loaded.set()

    def _instances(self, everything: bool, found: Found) -> None:  # noqa: FBT001  as the reading
        changed = self.registrar.take(found, everything=everything)
        if everything:
            self._callers.read_anew(changed)
            self._has_loaded("instances")
        elif changed:
            self._callers.changed(changed)

    def _tokens(self, records: Mapping[str, TokenRecord | None]) -> None:
        self._cut(self.doorkeeper.learn(records))

    def _cut(self, token_ids: frozenset[str]) -> None:
        """End the streams of tokens that are good no more."""
        for stream in self.hub.with_token(token_ids):
            namespace, service, instance = stream.identity
            _log.info(
                "a token was withdrawn: stream cut",
                extra={"namespace": namespace, "service": service, "instance": instance},
            )
            stream.cut()

    def _tidy(self) -> None:
        now = self.now()
        self._tidy_timer = self.loop.call_later(_TIDY, self._tidy)
        self._executor.submit(self._elsewhere.look)
        self.presence.roster.expire(now)
        self._cut(self.doorkeeper.expired(now))

    # ── what the endpoints ask ───────────────────────────────────────────────────────────────

    def refusal(self) -> ProblemError | None:
        """See `Process`."""
        if self._draining:
            return unavailable("the server is stopping: connect again, another process answers")
        if not self._loaded.is_set():
            return unavailable("the server has not read its store yet: try again in a moment")
        return None

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """See `Process`."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def look_up(self, token_id: str) -> None:
        """See `Process`."""
        record = await self._lookups.token(token_id)
        if record is not None:
            self.doorkeeper.learn_unknown(record)

    async def bundle(self, digest: str) -> bytes:
        """See `Process`."""
        data = self._shelf.data(digest)
        if data is None:
            data = await self._lookups.bundle(digest)
            self._shelf.keep(digest, data)
        return data

    async def instances(self, namespace: str, digest: str) -> bytes:
        """See `Process`."""
        return await self._callers.answer(namespace, digest)

    async def wait_for(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  what it returns
        """Have a thread do what waits for the store."""
        return await self.loop.run_in_executor(self._executor, work)

    async def forward(self, pid: int, report: bytes) -> int:
        """See `Process`."""
        self.counters.add("reports_forwarded")
        return await self._peers.forward(pid, report)

    def opened(self, stream: AgentStream, held: Held | None, offer: Offer) -> None:
        """See `Process`."""
        self.counters.add("streams_opened")
        self.hub.add(stream)
        self.presence.joined(stream, held, offer, self.now())
        if self.presence.convergence.moved:
            self._acks.poke()

    def started(self, stream: AgentStream, offer: Offer) -> None:
        """See `Process`."""
        self._callers.want([stream], offer.digest)

    def report(self, reported: Reported) -> None:
        """See `Process` and `Inside`."""
        self.presence.reported(reported, self.now())
        if self.presence.convergence.moved:
            self._acks.poke()

    def metrics(self) -> dict[str, Any]:
        """See `Inside`."""
        streams = self.hub.streams()
        return self.counters.to_json(
            connections=len(self.connections),
            streams=len(streams),
            streams_blocked=sum(stream.subscription.blocked for stream in streams),
            polls_waiting=self.hub.waiting,
        )

    # ── what streams ask ─────────────────────────────────────────────────────────────────────

    def advice(self) -> Advice:
        """See `Surroundings`."""
        count = len(self.hub)
        return Advice(reconnect_delay(count, self.random), report_window(count))

    def untold(self, stream: AgentStream) -> bool:
        """See `Surroundings`."""
        return self.hub.untold(stream)

    def in_force(self, namespace: str) -> InForce | None:
        """See `Surroundings`."""
        return self._shelf.in_force(namespace)

    def event(self, offer: Offer, *, reset: bool) -> bytes | None:
        """See `Surroundings`."""
        return self._shelf.event(offer, reset=reset)

    def load(self, stream: AgentStream, digest: str) -> None:
        """See `Surroundings`."""
        self.spawn(self._load(stream, digest))

    async def _load(self, stream: AgentStream, digest: str) -> None:
        try:
            await self.bundle(digest)
        except ProblemError as problem:
            _log.error("a bundle cannot be read: %s", problem, extra={"digest": digest})
            stream.cut()  # the agent keeps what it has and comes back
            return
        stream.refresh()

    def pushed(self, stream: AgentStream, size: int) -> None:
        """See `Surroundings`."""
        self.counters.add("pushes")
        self.counters.add("pushed_bytes", size)
        held = stream.subscription.held
        if stream.told and held is not None and held.digest is not None:
            self._callers.want([stream], held.digest)

    def readable(self, stream: AgentStream) -> None:
        """See `Surroundings`."""
        self._callers.readable(stream)

    def instances_told(self, stream: AgentStream) -> int:
        """See `Surroundings`."""
        return self._callers.endpoints(stream)

    def ended(self, stream: AgentStream) -> None:
        """See `Surroundings`."""
        self.counters.add("pushes_merged", stream.subscription.merged)
        self.hub.remove(stream)
        self._callers.left(stream)
        if not self._draining:  # those who are sent away come back somewhere else
            self.registrar.ended(stream.identity)
        self.presence.left(stream.session, self.now())
        if self.presence.convergence.moved:
            self._acks.poke()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("work in the background failed", exc_info=error)
