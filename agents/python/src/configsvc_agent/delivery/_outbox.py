"""Reports that wait to be sent: one per digest, the newest state wins."""

from __future__ import annotations

from threading import Condition

from configsvc_agent.delivery._offer import Report

MAX_PENDING = 16
"""Reports that wait at most; the oldest make room."""


class Outbox:
    """Written by whoever decides about bundles, emptied by the uplink. Safe between threads.

    ``changed`` is notified whenever there is something new to send or to look at.
    """

    def __init__(self) -> None:
        self.changed = Condition()
        self._pending: dict[str, Report] = {}
        self._due = 0.0
        self._session = ""
        self._fetch: tuple[str, float] | None = None

    def put(self, report: Report, due: float = 0.0) -> None:
        """Let ``report`` replace what waits for its digest; send all from the time ``due`` on.

        What is due earlier takes along what would wait longer.
        """
        with self.changed:
            self._due = min(self._due, due) if self._pending else due
            self._pending.pop(report.digest, None)
            self._pending[report.digest] = report
            while len(self._pending) > MAX_PENDING:
                del self._pending[next(iter(self._pending))]
            self.changed.notify_all()

    def connect(self, session: str) -> None:
        """Reports belong to the live stream ``session`` from now on; empty: there is none."""
        with self.changed:
            self._session = session
            self.changed.notify_all()

    def forget_session(self, session: str) -> None:
        """The server does not know ``session``: hold reports back until there is another."""
        with self.changed:
            if self._session == session:
                self._session = ""

    def take(self) -> tuple[str, tuple[Report, ...]]:
        """The live session and what waits; empty without a session."""
        with self.changed:
            return (self._session, tuple(self._pending.values())) if self._session else ("", ())

    @property
    def due(self) -> float:
        """The monotonic time from which on what waits should be sent."""
        with self.changed:
            return self._due

    def sent(self, reports: tuple[Report, ...]) -> None:
        """Forget ``reports``, except where a newer one has replaced them meanwhile."""
        with self.changed:
            for report in reports:
                if self._pending.get(report.digest) is report:
                    del self._pending[report.digest]

    def want(self, digest: str, due: float) -> None:
        """Fetch the bundle with ``digest`` at the monotonic time ``due``, unless it is planned."""
        with self.changed:
            if self._fetch is None or self._fetch[0] != digest:
                self._fetch = digest, due
                self.changed.notify_all()

    def wanted(self) -> tuple[str, float] | None:
        """The digest to fetch and when, None where nothing is missing."""
        with self.changed:
            return self._fetch

    def fetched(self, digest: str) -> None:
        """Forget the wish for ``digest``."""
        with self.changed:
            if self._fetch is not None and self._fetch[0] == digest:
                self._fetch = None
