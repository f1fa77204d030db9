"""The agents of one process: those connected, and those lost within a day."""

from collections import OrderedDict
from typing import Final

from configsvc.fleet.rows import POLL_SESSION, AgentReport, AgentRow, AgentState, BundleReport

REMEMBERED: Final = 24 * 3600 * 1_000_000
"""How long an agent that is connected nowhere is shown, microseconds."""

MAX_REMEMBERED: Final = 20_000
"""How many of those are kept; the longest lost go first."""

MAX_POLLS: Final = 20_000
"""How many agents without a stream are kept; of those the longest unheard count as lost first."""

POLL_GRACE: Final = 90_000_000
"""An agent without a stream counts as connected for so long after it was last heard."""

_Identity = tuple[str, str, str]


class Roster:
    """Rows of agents, kept by one process for its own streams. Not for several threads at once."""

    def __init__(self) -> None:
        self._streams: dict[str, AgentRow] = {}
        self._newest: dict[_Identity, str] = {}
        self._polls: OrderedDict[_Identity, AgentRow] = OrderedDict()
        self._lost: OrderedDict[_Identity, AgentRow] = OrderedDict()

    def __len__(self) -> int:
        return len(self._streams)

    def connect(self, row: AgentRow) -> None:
        """Add the row of a stream that was opened; it replaces what was lost of the same agent."""
        before = self._lost.pop(row.identity, None)
        if before is not None:
            row.language, row.agent_version = before.language, before.agent_version
            row.breakers, row.health = before.breakers, before.health
        self._streams[row.session] = row
        self._newest[row.identity] = row.session

    def replaced(self, row: AgentRow) -> bool:
        """Whether an agent has a newer stream: it may come back before the old one is given up."""
        return self._newest.get(row.identity, row.session) != row.session

    def get(self, session: str) -> AgentRow | None:
        """The row of an open stream."""
        return self._streams.get(session)

    def want(self, session: str, version: int, digest: str, committed: int) -> None:
        """Note what the agent should hold; it is pending unless it is known to hold that.

        An empty digest says that its service has no bundle.
        """
        row = self._streams[session]
        if row.wanted_digest == digest:  # by another number: what it did with it stays true
            row.wanted_version = version
            return
        row.wanted_version, row.wanted_digest, row.wanted_since = version, digest, committed
        held = digest and row.digest == digest
        row.state = AgentState.APPLIED if held else AgentState.PENDING
        row.reason = ""

    def report(self, report: AgentReport, now: int) -> None:
        """Take a report of an agent whose stream is open."""
        _take(self._streams[report.session], report, now)

    def report_poll(self, identity: _Identity, report: AgentReport, now: int) -> None:
        """Take a report of an agent without a stream."""
        row = self._polls.get(identity)
        if row is None:
            self._lost.pop(identity, None)
            row = AgentRow(*identity, POLL_SESSION, connected_since=now, last_heard=now)
            self._polls[identity] = row
        self._polls.move_to_end(identity)
        for each in report.reports:
            row.wanted_version, row.wanted_digest = each.version, each.digest
        _take(row, report, now)
        while len(self._polls) > MAX_POLLS:
            self._lose_poll(next(iter(self._polls.values())))

    def disconnect(self, session: str, now: int) -> None:
        """Note that a stream ended; the agent stays listed as stale for a day."""
        row = self._streams.pop(session, None)
        if row is not None and not self.replaced(row):
            del self._newest[row.identity]
            self._lose(row, now)

    def expire(self, now: int) -> None:
        """Lose agents that stopped asking, and forget those lost a day ago."""
        for row in list(self._polls.values()):
            if now - row.last_heard > POLL_GRACE:
                self._lose_poll(row)
        while self._lost:
            oldest = next(iter(self._lost.values()))
            if now - (oldest.disconnected or 0) <= REMEMBERED:
                return
            self._lost.popitem(last=False)

    def rows(self, namespace: str | None = None) -> list[AgentRow]:
        """Every agent of a namespace (None: of all), connected or lost."""
        return [
            row
            for rows in (self._streams, self._polls, self._lost)
            for row in rows.values()
            if namespace is None or row.namespace == namespace
        ]

    def _lose(self, row: AgentRow, now: int) -> None:
        row.state = AgentState.STALE
        row.traffic, row.latency_p99 = (), None
        row.disconnected = now
        self._lost[row.identity] = row
        self._lost.move_to_end(row.identity)
        if len(self._lost) > MAX_REMEMBERED:
            self._lost.popitem(last=False)

    def _lose_poll(self, row: AgentRow) -> None:
        del self._polls[row.identity]
        self._lose(row, row.last_heard)


def _take(row: AgentRow, report: AgentReport, now: int) -> None:
    row.last_heard = now
    row.health = report.health or row.health
    row.language = report.language or row.language
    row.agent_version = report.agent_version or row.agent_version
    if report.breakers is not None:
        row.breakers = report.breakers
    if report.traffic is not None:
        row.traffic, row.latency_p99 = report.traffic, report.latency_p99
    for each in report.reports:
        _take_bundle(row, each)


def _take_bundle(row: AgentRow, report: BundleReport) -> None:
    """An outcome counts for the row's state only if it is about the bundle wanted now."""
    if report.state is not AgentState.REJECTED:
        row.version, row.digest = report.version, report.digest
    if report.digest == row.wanted_digest:
        row.state, row.reason = report.state, report.reason
