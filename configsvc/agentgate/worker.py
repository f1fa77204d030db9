"""The gunicorn worker that runs a gate: gunicorn owns processes and sockets, uvloop the rest."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import time
from typing import Final

import uvloop
from gunicorn.workers.base import Worker

from configsvc.agentgate.capacity import connection_capacity
from configsvc.agentgate.certificate import Certificate
from configsvc.agentgate.gate import Gate
from configsvc.agentgate.listening import detect_dead_peers
from configsvc.agentgate.options import AgentGateSettings
from configsvc.store import Store

_log = logging.getLogger("configsvc.agentgate")

_BACKLOG: Final = 65_535
"""Connections that may wait to be taken: as many as the system allows (net.core.somaxconn)."""

_COLLECTION: Final = (10_000, 20, 1_000)
"""Thresholds of the garbage collector (see `gc`): a search through everything stops the loop for
150 ms where there are ten thousand agents, and what their coming and going leaves is no garbage in
cycles.
"""

_BEAT: Final = 1.0
_CLOSING: Final = 0.05
_LOADING: Final = 3.0
"""Seconds for which agents wait in the backlog for the store to be read, before they get 503."""


class AgentGateWorker(Worker):  # type: ignore[misc]  # gunicorn has no type information
    """One agent-facing process. The application carries `settings` and `open_store`."""

    _at_once = False

    def init_signals(self) -> None:
        """See gunicorn; SIGTERM drains, SIGINT and SIGQUIT end at once."""
        super().init_signals()
        signal.set_wakeup_fd(-1)

    def load_wsgi(self) -> None:
        """Open the store. Where that fails gunicorn stops, instead of trying for ever."""
        self._store: Store = self.app.open_store()

    def run(self) -> None:
        """Serve until told to stop."""
        gc.freeze()
        gc.set_threshold(*_COLLECTION)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve(self.app.settings, self._store))
        finally:
            self._store.close()

    async def _serve(self, settings: AgentGateSettings, store: Store) -> None:
        loop = asyncio.get_running_loop()
        stop = self._stop_on_signals(loop)
        certificate = _certificate(settings)
        capacity = connection_capacity(settings.limits.connections)
        gate = Gate(settings, store, loop, capacity=capacity, clock=_now)
        gate.start()
        for listener in self.sockets:
            detect_dead_peers(listener.sock)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(gate.stop)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gate.loaded(), _LOADING)
            stack.callback(settings.socket_path().unlink, missing_ok=True)
            internal = await _serve_internally(gate, settings)
            stack.callback(internal.close)
            servers = [
                await loop.create_server(
                    gate.agent_connection,
                    sock=listener.sock,
                    ssl=certificate.context if certificate else None,
                    ssl_handshake_timeout=settings.limits.read if certificate else None,
                    backlog=_BACKLOG,
                )
                for listener in self.sockets
            ]
            _log.info(
                "serving agents",
                extra={"capacity": capacity, "bind": settings.bind},
            )
            await self._beat_until(stop, certificate)
            for server in servers:
                server.close()
            gate.drain()
            await self._let_end(gate, settings.grace)

    async def _beat_until(self, stop: asyncio.Event, certificate: Certificate | None) -> None:
        """Show gunicorn that the loop turns, until it is time to stop or gunicorn is gone."""
        while self.alive and self.ppid == os.getppid():
            self.notify()
            if certificate is not None:
                certificate.refresh()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _BEAT)

    async def _let_end(self, gate: Gate, grace: float) -> None:
        """Wait until everybody has gone, at most for the grace."""
        deadline = time.monotonic() + grace
        while gate.connections and time.monotonic() < deadline and not self._at_once:
            self.notify()
            await asyncio.sleep(_CLOSING)

    def _stop_on_signals(self, loop: asyncio.AbstractEventLoop) -> asyncio.Event:
        stop = asyncio.Event()

        def leave(number: int) -> None:
            self.alive = False
            self._at_once = self._at_once or number != signal.SIGTERM
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, leave, number)
        return stop


def _certificate(settings: AgentGateSettings) -> Certificate | None:
    if settings.certificate is None:
        return None
    return Certificate(settings.certificate, settings.key or settings.certificate)


async def _serve_internally(gate: Gate, settings: AgentGateSettings) -> asyncio.AbstractServer:
    """Answer the other processes of this node."""
    path = settings.socket_path()
    path.unlink(missing_ok=True)
    return await gate.loop.create_unix_server(gate.internal_connection, str(path))


def _now() -> int:
    return time.time_ns() // 1000
