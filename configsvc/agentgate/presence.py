"""Which agents there are and what became of what they were sent: the books of this process."""

import logging
from collections.abc import Callable, Iterable
from itertools import groupby, islice
from operator import itemgetter

from configsvc.agentgate.counters import Counters
from configsvc.agentgate.reports import Reported
from configsvc.agentgate.streams import AgentStream
from configsvc.fleet import AgentRow, AgentState, BundleReport, Convergence, Roster
from configsvc.push import Held, Need, Offer, need

_log = logging.getLogger("configsvc.agentgate")

_Told = tuple[Offer | None, bool]
"""What an agent should hold, and whether it was missing that."""


class Presence:
    """Keeps rows of agents and counts of changes in step. Times are microseconds.

    Args:
        counters: where acknowledgements are counted.
        now: the present.
    """

    def __init__(self, counters: Counters, now: Callable[[], int]) -> None:
        self._now = now
        self.roster = Roster()
        self.convergence = Convergence()
        self._counters = counters
        self._unbooked: dict[str, _Told] = {}

    def joined(self, stream: AgentStream, held: Held | None, offer: Offer, now: int) -> None:
        """A stream was opened by an agent that holds something, or nothing.

        Whoever comes back with an older bundle is one more that the change must reach; an agent
        that starts with nothing is none: it was not there when the change was made.
        """
        current = held is not None and need(held, offer) is Need.NOTHING
        row = AgentRow(
            *stream.identity,
            stream.session,
            connected_since=now,
            last_heard=now,
            version=offer.version if current else held.version if held else 0,
            digest=offer.digest if current else (held.digest or "") if held else "",
            labels=stream.labels,
        )
        self.roster.connect(row)
        self._want(row, offer)
        if held is not None and not current:
            self.convergence.target(row.namespace, offer.version, offer.committed, [row], now)
        self.convergence.returned(row, now)

    def told(self, session: str, offer: Offer | None, *, needs: bool) -> None:
        """An agent should hold something else from now on; it is entered in the books later.

        Args:
            session: its stream.
            offer: what it should hold; None if its service is gone.
            needs: False if it has that already; changes it was never sent are then no more meant
                for it, because they were taken back.
        """
        if session in self._unbooked:
            self._catch_up(session)
        self._unbooked[session] = (offer, needs)

    def advanced(self, streams: Iterable[AgentStream], offer: Offer) -> None:
        """As `told`, for agents that were all written the same."""
        told = (offer, True)
        for stream in streams:
            if stream.session in self._unbooked:
                self._catch_up(stream.session)
            self._unbooked[stream.session] = told

    def book(self, limit: int = 1 << 30) -> bool:
        """Enter so many of those who were told; True if there are more.

        Agents are written to first and counted afterwards, unless one answers meanwhile: it is
        entered before its answer is.
        """
        told = list(islice(self._unbooked.items(), limit))
        for what, group in groupby(told, itemgetter(1)):
            self._enter([session for session, _ in group], what)
        return bool(self._unbooked)

    def _catch_up(self, session: str) -> None:
        told = self._unbooked.get(session)
        if told is not None:
            self._enter([session], told)

    def _enter(self, sessions: Iterable[str], told: _Told) -> None:
        """Enter agents of one service that were told the same."""
        offer, needs = told
        moved: list[AgentRow] = []
        for session in sessions:
            del self._unbooked[session]
            row = self.roster.get(session)
            if row is None:
                continue
            if offer is None or offer.digest != row.wanted_digest:  # else by another number
                moved.append(row)
            self._want(row, offer)
        now = self._now()
        if not needs or offer is None:
            for row in moved:
                self.convergence.forget(row.session, now)
        elif moved:
            namespace = moved[0].namespace
            self.convergence.target(namespace, offer.version, offer.committed, moved, now)

    def reported(self, reported: Reported, now: int) -> None:
        """An agent reports; its stream is open, or it has none and polls."""
        self._catch_up(reported.report.session)
        row = self.roster.get(reported.report.session)
        if row is None:
            self.roster.report_poll(reported.identity, reported.report, now)
        else:
            self.roster.report(reported.report, now)
            for each in reported.report.reports:
                if _is_foreign(each, row):
                    continue
                for latency in self.convergence.report(row, each, now):
                    self._counters.ack_latency.record(latency)
        self._note(reported)

    def left(self, session: str, now: int) -> None:
        """A stream has ended."""
        self._catch_up(session)
        row = self.roster.get(session)
        if row is None:
            return
        if self.roster.replaced(row):
            self.convergence.replace(session, now)
        else:
            self.convergence.leave(row, now)
        self.roster.disconnect(session, now)

    def sent_away(self, session: str, now: int) -> None:
        """An agent is told to go to another process, which will count it."""
        self._catch_up(session)
        self.convergence.forget(session, now)

    def _want(self, row: AgentRow, offer: Offer | None) -> None:
        if offer is None:
            self.roster.want(row.session, 0, "", 0)
        else:
            self.roster.want(row.session, offer.version, offer.digest, offer.committed)

    def _note(self, reported: Reported) -> None:
        self._counters.add("reports")
        for each in reported.report.reports:
            if each.state is not AgentState.REJECTED:
                continue
            self._counters.add("rejections")
            _log.warning(
                "an agent rejected a bundle",
                extra={
                    "namespace": reported.namespace,
                    "service": reported.service,
                    "instance": reported.instance,
                    "version": each.version,
                    "digest": each.digest,
                    "reason": each.reason,
                },
            )


def _is_foreign(report: BundleReport, row: AgentRow) -> bool:
    """Whether a report is about no bundle that this stream may have brought.

    An agent says on each new stream what it holds. After the store was restored that may be a
    higher version of a former lineage, which says nothing of the changes made since.
    """
    return report.version >= row.wanted_version and report.digest != row.wanted_digest
