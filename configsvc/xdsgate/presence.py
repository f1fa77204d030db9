"""Which clients there are and what became of what they were sent: the books of this process."""

import logging
from collections.abc import Callable

from configsvc.fleet import AgentReport, AgentRow, AgentState, BundleReport, Convergence, Roster
from configsvc.xdsgate.session import Session

_log = logging.getLogger("configsvc.xdsgate")


class Presence:
    """Rows of clients and counts of changes. ``moved`` is called after a change of the counts."""

    def __init__(self, convergence: Convergence, moved: Callable[[], None]) -> None:
        self.roster = Roster()
        self.convergence = convergence
        self._moved = moved

    def joined(self, session: Session, now: int) -> None:
        """A stream was opened; it has been told what it should have.

        A client that comes back is one more that the latest change must reach.
        """
        client = session.client
        row = AgentRow(*client.identity, client.label, session.name, now, now)
        row.language, row.agent_version = "xds", client.program
        self.roster.connect(row)
        self.told(session, now, targets=False)
        self.convergence.returned(row, now)
        self._moved()

    def told(self, session: Session, now: int, *, targets: bool) -> None:
        """A client should have something else from now on; ``targets``: by a change."""
        row, wanted = self.roster.get(session.name), session.wanted
        if row is None or wanted is None:
            return
        self.roster.want(session.name, wanted.revision, wanted.version, wanted.committed)
        if targets and wanted.snapshot is not None:
            namespace = row.namespace
            self.convergence.target(namespace, wanted.revision, wanted.committed, [row], now)
        if session.held_back:
            self.refused(session, now)
        self._moved()

    def accepted(self, session: Session, now: int) -> None:
        """A client has acknowledged everything."""
        self._report(session, AgentState.APPLIED, "", now)

    def refused(self, session: Session, now: int) -> None:
        """A client goes on with what it had, because it refused something of what it should."""
        reason = session.refusals.reason(session.held_back)
        namespace, name = session.client.identity
        _log.warning(
            "a change was refused, the configuration before it stays in force: %s",
            reason,
            extra={"namespace": namespace, "service": name, "instance": session.client.label},
        )
        self._report(session, AgentState.REJECTED, reason, now)

    def left(self, session: Session, now: int) -> None:
        """A stream has ended."""
        row = self.roster.get(session.name)
        if row is None:
            return
        if self.roster.replaced(row):
            self.convergence.replace(session.name, now)
        else:
            self.convergence.leave(row, now)
        self.roster.disconnect(session.name, now)
        self._moved()

    def _report(self, session: Session, state: AgentState, reason: str, now: int) -> None:
        row, wanted = self.roster.get(session.name), session.wanted
        if row is None or wanted is None:
            return
        report = BundleReport(wanted.revision, wanted.version, state, reason)
        self.roster.report(AgentReport(session.name, (report,), health="ready"), now)
        self.convergence.report(row, report, now)
        self._moved()
