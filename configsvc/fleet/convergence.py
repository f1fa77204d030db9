"""How far each change has come at the agents of one process."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from configsvc.fleet.acks import MAX_LAGGARDS, AckCounts, Laggard, bounded_reasons
from configsvc.fleet.histogram import Histogram
from configsvc.fleet.rows import AgentRow, AgentState, BundleReport

MAX_CHANGES: Final = 32
"""Changes that are followed at once, the newest of all namespaces; the rest keep their counts."""

MAX_LOST: Final = 20_000
"""Lost agents that may come back to what they had open; those lost longest are only counted."""


@dataclass(slots=True)
class _Target:
    """One agent that a change was meant for."""

    service: str
    instance: str
    state: AgentState = AgentState.PENDING
    reason: str = ""


@dataclass(slots=True)
class _Change:
    """One change; `targets` are the agents that have not applied it, by session."""

    namespace: str
    revision: int
    committed: int
    updated: int
    targets: dict[str, _Target] = field(default_factory=dict)
    applied: int = 0
    gone: Counter[AgentState] = field(default_factory=Counter)
    latency: Histogram = field(default_factory=Histogram)
    dirty: bool = True

    def settle(self, session: str, state: AgentState, reason: str, now: int) -> int | None:
        """Note what became of it at one agent; return the latency if that applied it."""
        self.updated, self.dirty = now, True
        if state is not AgentState.APPLIED:
            target = self.targets[session]
            target.state, target.reason = state, reason
            return None
        del self.targets[session]
        self.applied += 1
        latency = max(0, now - self.committed)
        self.latency.record(latency)
        return latency

    def counts(self) -> AckCounts:
        """What to write down of it."""
        states = self.gone + Counter(each.state for each in self.targets.values())
        states[AgentState.APPLIED] = self.applied
        rejected = (e.reason for e in self.targets.values() if e.state is AgentState.REJECTED)
        return AckCounts(
            namespace=self.namespace,
            revision=self.revision,
            committed=self.committed,
            states=states,
            reasons=bounded_reasons(Counter(rejected)),
            latency=Histogram.total([self.latency]),
            laggards=tuple(
                Laggard(each.service, each.instance, each.state, each.reason)
                for each in islice(self.targets.values(), MAX_LAGGARDS)
            ),
            updated=self.updated,
        )


class Convergence:
    """Follows the newest changes through acknowledgements. Not for several threads at once.

    A change targets the agents connected when it was made whose bundle it altered, and those that
    come back later with an older one. What an agent says of a bundle settles every earlier change
    that it had open, since a bundle is taken whole and later pushes take the place of earlier ones.
    """

    def __init__(self) -> None:
        self._changes: dict[tuple[str, int], _Change] = {}
        self._lost: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def target(
        self, namespace: str, revision: int, committed: int, agents: Iterable[AgentRow], now: int
    ) -> None:
        """Note agents that a change is meant for; those already noted stay as they are."""
        change = self._change(namespace, revision, committed, now)
        for row in agents:
            change.targets.setdefault(row.session, _Target(row.service, row.instance))
        change.updated, change.dirty = now, True

    def report(self, row: AgentRow, report: BundleReport, now: int) -> list[int]:
        """Count what an agent says of a bundle.

        Returns:
            Microseconds from commit to now of each change that this agent has applied thereby.
        """
        return self._settle(row, report.version, report.state, report.reason, now)

    def leave(self, row: AgentRow, now: int) -> None:
        """Note that an agent was lost: what it had open is stale until it comes back."""
        for change in self._open(row):
            if change.targets[row.session].state is AgentState.PENDING:
                change.settle(row.session, AgentState.STALE, "", now)
            self._lost[row.identity] = row.session
        while len(self._lost) > MAX_LOST:
            self._give_up(self._lost.popitem(last=False)[1])

    def replace(self, session: str, now: int) -> None:
        """Note that a stream ended whose agent has a newer one, under which it is counted."""
        for change in self._changes.values():
            if change.targets.pop(session, None) is not None:
                change.updated, change.dirty = now, True

    def forget(self, session: str, now: int) -> None:
        """Hand an agent over: another process will count what it had open."""
        for change in self._changes.values():
            target = change.targets.get(session)
            if target is not None and target.state is AgentState.PENDING:
                del change.targets[session]
                change.updated, change.dirty = now, True

    def returned(self, row: AgentRow, now: int) -> None:
        """Put an agent that came back on a new stream in the place of what was lost of it.

        What it holds already by then it has applied, though the acknowledgement was lost.
        """
        lost = self._lost.pop(row.identity, None)
        if lost is None:
            return
        for change in self._changes.values():
            target = change.targets.pop(lost, None)
            if target is not None:
                change.targets[row.session] = _Target(row.service, row.instance)
                change.updated, change.dirty = now, True
        if row.state is AgentState.APPLIED:
            self._settle(row, row.wanted_version, AgentState.APPLIED, "", now)

    @property
    def moved(self) -> bool:
        """True if `changed` would return anything."""
        return any(change.dirty for change in self._changes.values())

    def changed(self) -> list[AckCounts]:
        """The counts of changes that moved since the last call, oldest first."""
        moved = [change for change in self._changes.values() if change.dirty]
        for change in moved:
            change.dirty = False
        return [change.counts() for change in moved]

    def put_back(self, counts: Iterable[AckCounts]) -> None:
        """Count these as changed again, because they could not be written."""
        for each in counts:
            change = self._changes.get((each.namespace, each.revision))
            if change is not None:
                change.dirty = True

    def counts(self, namespace: str, revision: int) -> AckCounts | None:
        """The present counts of a change, None if it is not followed here."""
        change = self._changes.get((namespace, revision))
        return change.counts() if change else None

    def _give_up(self, session: str) -> None:
        """Count an agent that does not come back, and forget who it was."""
        for change in self._changes.values():
            target = change.targets.pop(session, None)
            if target is not None:
                change.gone[target.state] += 1

    def _settle(
        self, row: AgentRow, version: int, state: AgentState, reason: str, now: int
    ) -> list[int]:
        """Settle what the agent has open up to a version."""
        changes = (change for change in self._open(row) if change.revision <= version)
        latencies = [change.settle(row.session, state, reason, now) for change in changes]
        return [latency for latency in latencies if latency is not None]

    def _open(self, row: AgentRow) -> list[_Change]:
        """The changes that an agent has not applied."""
        return [
            change
            for change in self._changes.values()
            if change.namespace == row.namespace and row.session in change.targets
        ]

    def _change(self, namespace: str, revision: int, committed: int, now: int) -> _Change:
        key = (namespace, revision)
        if key not in self._changes:
            while len(self._changes) >= MAX_CHANGES:
                del self._changes[min(self._changes, key=self._committed)]
            self._changes[key] = _Change(namespace, revision, committed, now)
        return self._changes[key]

    def _committed(self, key: tuple[str, int]) -> int:
        return self._changes[key].committed
