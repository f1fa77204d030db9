"""Sends reports and fetches what was missed, on a connection beside the stream."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING

from configsvc_agent.bundle import MAX_BUNDLE
from configsvc_agent.cache import Position
from configsvc_agent.delivery._keeper import Keeper
from configsvc_agent.delivery._offer import Report
from configsvc_agent.delivery._outbox import Outbox
from configsvc_agent.delivery._telemetry import Telemetry
from configsvc_agent.errors import AgentError
from configsvc_agent.stream import Reconnect

if TYPE_CHECKING:
    from configsvc_agent.client import Client

_log = logging.getLogger("configsvc_agent")

PAUSE = 5.0
"""Seconds of rest after an error that nobody expected."""

_COME_BACK = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class Uplink:
    """The body of the uplink's thread. ``body`` makes a report of a session and its parts."""

    def __init__(
        self,
        outbox: Outbox,
        keeper: Keeper,
        client: Callable[[], Client],
        body: Callable[[str, tuple[Report, ...]], Mapping[str, object]],
        telemetry: Telemetry,
    ) -> None:
        self._outbox = outbox
        self._keeper = keeper
        self._make_client = client
        self._client: Client | None = None
        self._body = body
        self._telemetry = telemetry
        self._schedule = Reconnect()
        self._failed_session = ""
        self._not_before = 0.0
        self._stopping = Event()

    def run(self) -> None:
        """Work until :meth:`stop`."""
        while not self._stopping.is_set():
            self._await_work()
            if self._stopping.is_set():
                break
            try:
                self._fetch_if_due()
                self._report_if_due()
                self._look_if_due()
            except Exception:  # noqa: BLE001  a mistake here must not end reporting for good
                _log.exception("reporting failed")
                self._stopping.wait(PAUSE)
        if self._client is not None:
            self._client.close()

    def stop(self) -> None:
        """End the thread after the request under way; safe from any thread, more than once."""
        self._stopping.set()
        with self._outbox.changed:
            self._outbox.changed.notify_all()

    def _await_work(self) -> None:
        with self._outbox.changed:
            while not self._stopping.is_set():
                wait = self._until_due()
                if wait is not None and wait <= 0:
                    return
                self._outbox.changed.wait(wait)

    def _until_due(self) -> float | None:
        """Seconds until there is something to do, None while nothing is planned."""
        due = []
        wanted = self._outbox.wanted()
        if wanted is not None:
            due.append(wanted[1])
        session, reports = self._outbox.take()
        if reports:
            due.append(self._report_due(session))
        elif session:
            due.append(self._telemetry.due)
        return min(due) - time.monotonic() if due else None

    def _report_due(self, session: str) -> float:
        due = self._outbox.due
        return max(due, self._not_before) if session == self._failed_session else due

    # ── fetching ─────────────────────────────────────────────────────────────────────────────────

    def _fetch_if_due(self) -> None:
        wanted = self._outbox.wanted()
        if wanted is None or wanted[1] > time.monotonic():
            return
        digest, _ = wanted
        # Asked once: if it fails, the next heartbeat tells whether the digest is still wanted.
        self._outbox.fetched(digest)
        try:
            fetched = self._connected().fetch(digest, limit=MAX_BUNDLE)
        except AgentError as error:
            _log.warning("fetching the bundle %s failed: %s", digest[:12], error)
            return
        position = Position(fetched.epoch, fetched.version, digest, fetched.revision)
        self._keeper.missed(position, fetched.data)

    # ── reporting ────────────────────────────────────────────────────────────────────────────────

    def _report_if_due(self) -> None:
        session, reports = self._outbox.take()
        if not reports or self._report_due(session) > time.monotonic():
            return
        try:
            self._connected().report(self._body(session, reports))
        except AgentError as error:
            self._failed(session, reports, error)
        else:
            self._outbox.sent(reports)
            self._failed_session = ""
            self._schedule = Reconnect()

    def _look_if_due(self) -> None:
        """Tell what there is to tell of calls; what cannot be told now is old by the next look."""
        session, reports = self._outbox.take()
        if reports or not session or self._telemetry.due > time.monotonic():
            return
        if not self._telemetry.look():
            return
        try:
            self._connected().report(self._body(session, ()))
        except AgentError as error:
            if getattr(error, "status", None) == HTTPStatus.CONFLICT:
                self._outbox.forget_session(session)
            _log.debug("what calls did was not told: %s", error)

    def _failed(self, session: str, reports: tuple[Report, ...], error: AgentError) -> None:
        """Try again later, wait for another session, or give up what the server will never take."""
        status = getattr(error, "status", None)
        if status == HTTPStatus.CONFLICT:
            self._outbox.forget_session(session)
            return
        if status is not None and not _is_worth_another_try(status):
            _log.error("the server does not take the report, so it is dropped: %s", error)
            self._outbox.sent(reports)
            return
        self._schedule.postpone(getattr(error, "retry_after", 0.0))
        self._failed_session = session
        self._not_before = time.monotonic() + self._schedule.next_wait(random.random())
        _log.warning("a report waits to be sent again: %s", error)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = self._make_client()
        return self._client


def _is_worth_another_try(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _COME_BACK
