"""One process's delivery: its threads, from start to stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from configsvc_agent.bundle import Bundle
from configsvc_agent.cache import Cache
from configsvc_agent.delivery._destination import Destination
from configsvc_agent.delivery._discovery import Discovery
from configsvc_agent.delivery._keeper import Keeper
from configsvc_agent.delivery._listener import Listener
from configsvc_agent.delivery._offer import Report
from configsvc_agent.delivery._outbox import Outbox
from configsvc_agent.delivery._override import OverrideFile
from configsvc_agent.delivery._registration import Registration
from configsvc_agent.delivery._status import State, Status
from configsvc_agent.delivery._subscribers import Change
from configsvc_agent.delivery._telemetry import Telemetry
from configsvc_agent.delivery._uplink import Uplink
from configsvc_agent.discovery import Known
from configsvc_agent.settings import Settings, new_instance

if TYPE_CHECKING:
    import ssl

    from configsvc_agent.client import Client

_log = logging.getLogger("configsvc_agent")

LOCAL_PATIENCE = 0.5
"""Seconds that a start waits at most for the local files; the server is never waited for."""


class Delivery:
    """Gets bundles from disk, file and server, and puts them in force through ``apply``.

    ``tell`` hears of every change; neither may wait. One object serves one process and one start.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        agent_version: str,
        context: ssl.SSLContext | None,
        apply: Callable[[Bundle], None],
        tell: Callable[[Change], None],
        telemetry: Telemetry | None = None,
        known: Known | None = None,
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry or Telemetry(tuple, dict, dict)
        self._agent_version = agent_version
        self._context = context
        self.instance = settings.instance or new_instance()
        self._outbox = Outbox()
        self._destination = Destination(settings.url)
        cache = _cache(settings)
        self.discovery = Discovery(known or Known(lambda _callee: None), cache, self._client)
        self._keeper = Keeper(
            namespace=settings.namespace,
            service=settings.service,
            agent_version=agent_version,
            cache=cache,
            outbox=self._outbox,
            apply=apply,
            tell=tell,
        )
        self._restored = Event()
        self._listener = Listener(self._keeper, self.discovery, self._client, self._destination)
        self._uplink = Uplink(
            self._outbox, self._keeper, self._client, self._report, self._telemetry
        )
        file = settings.override_file
        self._override = None if file is None else OverrideFile(file, self._keeper)
        self._threads: list[Thread] = []

    @property
    def bundle(self) -> Bundle:
        """What is in force."""
        return self._keeper.in_force

    def start(self) -> None:
        """Start the threads; returns at once, or after the local files were read."""
        self._run("local", self._local)
        if self._settings.url is None:
            self._keeper.lost("there is no server's address: CONFIGSVC_URL is not set")
        else:
            _warn_of_plain_text(self._settings.url)
            self._run("stream", self._stream)
            self._run("uplink", self._uplink.run)
            self._run("instances", self.discovery.run)
        self._restored.wait(LOCAL_PATIENCE)

    def stop(self, timeout: float) -> None:
        """End the threads, within ``timeout`` seconds as far as they can be ended."""
        deadline = time.monotonic() + timeout
        self.discovery.stop()
        for thread in self._threads:  # callers are to hear of it while the stream is still there
            if thread.name == "configsvc-instances" and thread is not current_thread():
                thread.join(timeout / 2)
        self._listener.stop()
        self._uplink.stop()
        if self._override is not None:
            self._override.stop()
        for thread in self._threads:
            if thread is not current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def status(self) -> Status:
        """Where things stand now."""
        standing = self._keeper.standing
        now = time.monotonic()
        state, reason = standing.judge(now)
        held = standing.held
        return Status(
            service=self._settings.service,
            namespace=self._settings.namespace,
            instance=self.instance,
            state=state,
            reason=reason,
            origin=standing.origin,
            version=0 if held is None else held.version,
            revision=0 if held is None else held.revision,
            digest="" if held is None else held.digest,
            epoch="" if held is None else held.epoch,
            wanted=standing.wanted,
            connected=standing.connected,
            last_heard=None if standing.heard is None else now - standing.heard,
            stored=held is not None
            and not standing.unstored
            and self._settings.cache_dir is not None,
        )

    def register(self, wanted: Registration | None) -> None:
        """Have this process listed so among the instances of its service; None: not at all."""
        self.discovery.register(wanted)

    def wait_registered(self, timeout: float | None) -> bool:
        """Wait until it is listed, at most ``timeout`` seconds; whether it is."""
        return self.discovery.wait_registered(timeout)

    def wait_ready(self, timeout: float | None) -> bool:
        """Wait until the state is ready, at most ``timeout`` seconds; whether it is."""
        with self._keeper.changed:
            return self._keeper.changed.wait_for(self._is_ready, timeout)

    def _is_ready(self) -> bool:
        return self._keeper.standing.judge(time.monotonic())[0] is State.READY

    def _local(self) -> None:
        """Override first, then the last good bundle; then watch the override."""
        try:
            if self._override is not None:
                self._override.look()
            self.discovery.restore()
            self._keeper.restore()
        finally:
            self._restored.set()
        if self._override is not None:
            self._override.run()

    def _stream(self) -> None:
        # What is held decides what the server sends, so the cache is read before the first stream;
        # a disk that hangs must not keep the server out.
        self._restored.wait(10 * LOCAL_PATIENCE)
        self._listener.run()

    def _client(self) -> Client:
        from configsvc_agent.client import Client  # noqa: PLC0415  http and ssl on this thread

        return Client(self._settings, self.instance, self._context, lambda: self._destination.url)

    def _report(self, session: str, reports: tuple[Report, ...]) -> dict[str, object]:
        return {
            "namespace": self._settings.namespace,
            "service": self._settings.service,
            "instance": self.instance,
            "session": session,
            "reports": [report.to_json() for report in reports],
            "health": self.status().state.value,
            "agent": {"language": "python", "version": self._agent_version},
            **self._telemetry.parts(),
        }

    def _run(self, name: str, body: Callable[[], None]) -> None:
        thread = Thread(target=body, name=f"configsvc-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()


def _warn_of_plain_text(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and not (host == "localhost" or host.startswith(("127.", "::1"))):
        _log.warning("the token travels to %s unencrypted; use https", host)


def _cache(settings: Settings) -> Cache | None:
    if settings.cache_dir is None:
        return None
    return Cache(settings.cache_dir, namespace=settings.namespace, service=settings.service)
