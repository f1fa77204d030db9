"""Registers this process, fetches lists of instances that were missed, and keeps them on disk."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Condition
from typing import TYPE_CHECKING

from configsvc_agent.cache import Cache, CacheError
from configsvc_agent.delivery._registration import Registration
from configsvc_agent.discovery import InstancesError, Known, Listed
from configsvc_agent.errors import AgentError
from configsvc_agent.stream import Reconnect

if TYPE_CHECKING:
    from configsvc_agent.client import Client

_log = logging.getLogger("configsvc_agent")

FETCH_JITTER = 1.0
"""Seconds up to which a fetch waits, so that agents that lost one event do not come together."""

KEEP_EVERY = 1.0
"""Seconds between two writes of the lists to the disk."""

_PAUSE = 5.0
_NEVER = float("inf")


class Discovery:
    """The body of the thread for instances. What is to be done is told by any thread.

    ``client`` makes the client for it.
    """

    def __init__(
        self,
        known: Known,
        cache: Cache | None,
        client: Callable[[], Client],
    ) -> None:
        self.known = known
        self.changed = Condition()
        self._cache = cache
        self._make_client = client
        self._client: Client | None = None
        self._schedule = Reconnect()
        self._stopping = False
        self._session = ""
        self._epoch = ""
        self._wanted: Registration | None = None
        self._done: tuple[Registration, str] | None = None
        self._refused: tuple[Registration, str] | None = None
        self._register_at = 0.0
        self._fetch_at = _NEVER
        self._keep_at = _NEVER
        self._kept_at = -KEEP_EVERY

    # ── told by others ───────────────────────────────────────────────────────────────────────────

    def restore(self) -> None:
        """Begin with the lists of the last time, unless the server is quicker."""
        if self._cache is None:
            return
        try:
            data = self._cache.load_instances()
            if data is not None:
                self.known.restore(data)
        except (CacheError, InstancesError) as error:
            _log.warning("starting without the last known instances: %s", error)

    def connected(self, session: str, epoch: str) -> None:
        """A stream is open: what is to be registered is registered by its session."""
        with self.changed:
            self._session, self._epoch = session, epoch
            self._register_at = 0.0
            self.changed.notify_all()

    def lost(self) -> None:
        """There is no stream."""
        with self.changed:
            self._session = ""

    def told(self, listed: Listed) -> None:
        """The server says something of a callee's instances."""
        followed = self.known.take(listed, self._epoch)
        with self.changed:
            if followed:
                self._plan_keeping()
            else:
                self._plan_fetch()
            self.changed.notify_all()

    def heartbeat(self, endpoints: str) -> None:
        """The number of what this agent should have been told."""
        with self.changed:
            if endpoints != str(self.known.endpoints):
                self._plan_fetch()
                self.changed.notify_all()

    def register(self, wanted: Registration | None) -> None:
        """Have this process registered so from now on; ``None``: not at all."""
        with self.changed:
            self._wanted = wanted
            self._register_at = 0.0
            self.changed.notify_all()

    @property
    def registered(self) -> bool:
        """Whether the server has taken what is wanted, by the stream that is open."""
        with self.changed:
            return self._done is not None and self._done == (self._wanted, self._session)

    def wait_registered(self, timeout: float | None) -> bool:
        """Wait until it is registered, at most ``timeout`` seconds; whether it is."""
        with self.changed:
            return self.changed.wait_for(
                lambda: self._done is not None and self._done == (self._wanted, self._session),
                timeout,
            )

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Work until :meth:`stop`."""
        while self._await_work():
            try:
                self._register_if_due()
                self._fetch_if_due()
                self._keep_if_due()
            except Exception:  # noqa: BLE001  a mistake here must not end discovery for good
                _log.exception("discovery failed")
                with self.changed:
                    self.changed.wait_for(lambda: self._stopping, _PAUSE)
        self._take_off()
        self._keep()
        if self._client is not None:
            self._client.close()

    def stop(self) -> None:
        """End the thread: it takes the instance off the list first. Safe from any thread."""
        with self.changed:
            self._stopping = True
            self.changed.notify_all()

    def _await_work(self) -> bool:
        with self.changed:
            while not self._stopping:
                wait = self._due() - time.monotonic()
                if wait <= 0:
                    return True
                self.changed.wait(None if wait == _NEVER else wait)
        return False

    def _due(self) -> float:
        registering = self._register_at if self._must_register() else _NEVER
        return min(registering, self._fetch_at if self._session else _NEVER, self._keep_at)

    def _must_register(self) -> bool:
        if not self._session:
            return False
        if self._wanted is None:
            return self._done is not None
        wish = self._wanted, self._session
        return wish not in (self._done, self._refused)

    def _plan_keeping(self) -> None:
        at = max(time.monotonic(), self._kept_at + KEEP_EVERY)
        self._keep_at = min(self._keep_at, at)

    def _plan_fetch(self) -> None:
        if self._fetch_at == _NEVER:
            self._fetch_at = time.monotonic() + FETCH_JITTER * random.random()

    def _register_if_due(self) -> None:
        with self.changed:
            wanted, session, done = self._wanted, self._session, self._done
            if not self._must_register() or self._register_at > time.monotonic():
                return
        try:
            if wanted is not None:
                self._connected().register(session, wanted.to_json())
            elif done is not None:
                self._connected().deregister(done[1])
        except AgentError as error:
            self._not_registered(wanted, session, error)
            return
        with self.changed:
            self._done = None if wanted is None else (wanted, session)
            self._schedule = Reconnect()
            self.changed.notify_all()

    def _not_registered(self, wanted: Registration | None, session: str, error: AgentError) -> None:
        """Try again in a while, unless the server would say the same again."""
        status = getattr(error, "status", None)
        final = (
            status is not None and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.TOO_MANY_REQUESTS
        )
        with self.changed:
            if wanted is None:
                self._done = None if final else self._done
            elif final:
                self._refused = wanted, session
            self._schedule.postpone(getattr(error, "retry_after", 0.0))
            self._register_at = time.monotonic() + self._schedule.next_wait(random.random())
        _log.log(
            logging.ERROR if final else logging.WARNING, "the instance is not registered: %s", error
        )

    def _fetch_if_due(self) -> None:
        with self.changed:
            if self._fetch_at > time.monotonic() or not self._session:
                return
            # Asked once: if it fails, the next heartbeat tells whether anything is still missing.
            self._fetch_at, epoch = _NEVER, self._epoch
        try:
            lists = [Listed.read(each) for each in self._connected().instances()]
        except AgentError as error:
            _log.warning("fetching the instances of callees failed: %s", error)
            return
        self.known.take_all(lists, epoch)
        with self.changed:
            self._plan_keeping()

    def _keep_if_due(self) -> None:
        if self._keep_at <= time.monotonic():
            self._keep()

    def _keep(self) -> None:
        with self.changed:
            due, self._keep_at, self._kept_at = self._keep_at, _NEVER, time.monotonic()
        if self._cache is None or due == _NEVER:
            return
        try:
            self._cache.store_instances(self.known.encode())
        except CacheError as error:
            _log.warning("the instances of callees are not on disk: %s", error)

    def _take_off(self) -> None:
        """A clean stop: callers hear of it at once."""
        if self._done is None:
            return
        try:
            self._connected().deregister(self._done[1])
        except AgentError as error:
            _log.warning("the instance stays listed until its grace is over: %s", error)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = self._make_client()
        return self._client
