"""The Envoy-facing process: whom it serves, what it reads of the store, and how it stops."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from configsvc.access import Principal, UnauthenticatedError
from configsvc.envoy import Key, Snapshot
from configsvc.errors import ConfigsvcError
from configsvc.store import Clock, Records, Store, layout
from configsvc.xdsgate.counters import Counters
from configsvc.xdsgate.planes import Compiler, Identity, Wanted
from configsvc.xdsgate.presence import Presence
from configsvc.xdsgate.refusals import Refusals, is_local
from configsvc.xdsgate.session import Client, Session
from configsvc.xdsgate.subscription import Subscription

_log = logging.getLogger("configsvc.xdsgate")

T = TypeVar("T")

_TICK: Final = 1.0
"""Seconds between two looks whether a key has ended."""


class Authenticate(Protocol):
    """Tells whose token a text is; raises `UnauthenticatedError`, and what the store raises."""

    def __call__(self, text: str, /) -> Principal:
        """See above."""


class Gate:
    """Everything of the process but its sockets. Used by its event loop's thread.

    Args:
        store: opened in this process; closed by whoever opened it.
        compiler: compiles for the clients.
        authenticate: tells whose token it is.
        clock: microseconds since the Unix epoch.
        presence: the books.
        verify: seconds between two looks whether tokens are still good.
    """

    def __init__(
        self,
        store: Store,
        compiler: Compiler,
        authenticate: Authenticate,
        clock: Clock,
        presence: Presence,
        verify: float,
    ) -> None:
        self.presence = presence
        self.counters = Counters()
        self._refusals: Records[Refusals] = Records(store, Refusals.to_json, Refusals.from_json)
        self._compiler = compiler
        self._authenticate = authenticate
        self._clock = clock
        self._verify = verify
        self._sessions: dict[str, Session] = {}
        self._wanted: dict[Identity, Wanted] = {}
        self._last_good: dict[Identity, Snapshot] = {}
        self._stale: set[Identity] = set()
        self._work = asyncio.Event()
        self._loaded = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="xdsgate-store")
        self._count = 0

    def start(self) -> None:
        """Begin to compile and to verify."""
        self._spawn(self._keep_compiling())
        self._spawn(self._keep_verifying())
        self._spawn(self._keep_ticking())

    async def stop(self) -> None:
        """End every stream and every thread."""
        for session in self._sessions.values():
            session.end("the server is stopping")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._executor.shutdown()

    # ── clients ──────────────────────────────────────────────────────────────────────────────────

    async def admit(self, token: str) -> Identity:
        """Whose token it is; raises `UnauthenticatedError`, and what the store raises."""
        principal = await self._in_thread(self._authenticate, token)
        assert principal.agent is not None  # noqa: S101 only agents' tokens are asked for
        return (principal.agent.namespace, principal.agent.service)

    async def open(self, client: Client, *, delta: bool) -> Session:
        """Open a stream; it is sent something once it asks."""
        refusals = await self._read_refusals(client)
        self._count += 1
        self.counters.streams_opened += 1
        name = f"xds-{self._count}"
        session = Session(name, client, Subscription(delta=delta), refusals, self)
        self._sessions[name] = session
        wanted = self._wanted.get(client.identity)
        if wanted is None:
            self.invalidate(client.identity)
        else:
            session.want(wanted, self._last_good.get(client.identity))
        self.presence.joined(session, self._clock())
        return session

    def metrics(self) -> Mapping[str, float]:
        """What was counted, see `configsvc.fleet.metrics.XDS_METRICS`."""
        return self.counters.to_json(len(self._sessions))

    def pushed(self) -> None:
        """A response was written to a stream."""
        self.counters.pushed(self._clock())

    def answered(self, *, refused: bool) -> None:
        """See `Books`."""
        self.counters.answered(refused=refused)

    def close(self, session: Session) -> None:
        """A stream has ended; what nobody asks for any more is forgotten."""
        self._sessions.pop(session.name, None)
        self.presence.left(session, self._clock())
        identity = session.client.identity
        if not any(each.client.identity == identity for each in self._sessions.values()):
            self._wanted.pop(identity, None)
            self._last_good.pop(identity, None)

    def accepted(self, session: Session, snapshot: Snapshot) -> None:
        """See `Books`."""
        self._last_good[session.client.identity] = snapshot
        self.presence.accepted(session, self._clock())

    def refused(self, session: Session, refused: Mapping[Key, str], reason: str) -> None:
        """See `Books`."""
        self.presence.refused(session, self._clock())
        if not is_local(reason):
            self._spawn(self._write_refusals(session))

    # ── what clients should have ─────────────────────────────────────────────────────────────────

    def changed(self, namespace: str) -> None:
        """A namespace has another head, or other instances."""
        for session in self._sessions.values():
            if session.client.identity[0] == namespace:
                self.invalidate(session.client.identity)

    def invalidate(self, identity: Identity) -> None:
        """Compile for a client anew, soon; what is asked for meanwhile is compiled once."""
        self._stale.add(identity)
        self._work.set()

    def loaded(self) -> None:
        """All instances were read: from now on nobody is told that a service has none."""
        self._loaded.set()

    async def _keep_compiling(self) -> None:
        await self._loaded.wait()
        while True:
            await self._work.wait()
            self._work.clear()
            while self._stale:
                await self._compile(self._stale.pop())

    async def _compile(self, identity: Identity) -> None:
        before = self._wanted.get(identity)
        try:
            wanted = await self._in_thread(self._compiler.compile, identity, before)
        except Exception:  # noqa: BLE001 a mistake in one namespace must not keep others from news
            _log.exception("cannot compile, clients keep what they have", extra=_extra(identity))
            return
        sessions = [s for s in self._sessions.values() if s.client.identity == identity]
        if not sessions:
            return
        self._wanted[identity] = wanted
        targets = before is not None and before.version != wanted.version
        for session in sessions:
            session.want(wanted, self._last_good.get(identity))
            self.presence.told(session, self._clock(), targets=targets)

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            now = self._clock()
            self.presence.roster.expire(now)
            for identity, wanted in self._wanted.items():
                until = wanted.snapshot.until if wanted.snapshot else None
                if until is not None and until < now:
                    self.invalidate(identity)

    # ── tokens ───────────────────────────────────────────────────────────────────────────────────

    async def _keep_verifying(self) -> None:
        while True:
            await asyncio.sleep(self._verify)
            for token in {session.client.token for session in self._sessions.values()}:
                await self._verify_again(token)

    async def _verify_again(self, token: str) -> None:
        """End the streams of a token that is good no more; a store that is away ends none."""
        try:
            await self._in_thread(self._authenticate, token)
        except UnauthenticatedError as exc:
            for session in self._sessions.values():
                if session.client.token == token:
                    session.end(str(exc))
        except ConfigsvcError as exc:
            _log.warning("a token was not verified again: %s", exc)

    # ── refusals ─────────────────────────────────────────────────────────────────────────────────

    async def _read_refusals(self, client: Client) -> Refusals:
        key = layout.refusals(*client.identity, client.label)
        kept = await self._in_thread(self._refusals.get, key)
        return kept.value if kept else Refusals()

    async def _write_refusals(self, session: Session) -> None:
        key = layout.refusals(*session.client.identity, session.client.label)
        try:
            await self._in_thread(self._refusals.put, key, session.refusals)
        except ConfigsvcError as exc:
            _log.warning("a refusal was not written down: %s", exc)

    # ── threads and tasks ────────────────────────────────────────────────────────────────────────

    def _in_thread(self, work: Callable[..., T], *arguments: object) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _extra(identity: Identity) -> dict[str, str]:
    namespace, name = identity
    return {"namespace": namespace, "service": name}
