"""The numbers of a run by which experiments judge it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from configsvc.model.experiments import Fault, Measure
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import MILLISECOND
from configsvc.simulate.record import CallRecord, EdgeRecord, Run, WorkRecord
from configsvc.simulate.system import System, WorkId
from configsvc_agent.engine import CallPolicy, Edge


@dataclass(frozen=True, slots=True)
class Watched:
    """What of a run is looked at: the edge that is called, and the operation that fails."""

    edge: EdgeId
    last: WorkId
    policy: CallPolicy
    fault: Fault


@dataclass(frozen=True, slots=True)
class _Seen:
    """The records of what is watched."""

    watched: Watched
    edge: EdgeRecord
    work: WorkRecord
    ended: int
    calls: list[CallRecord] = field(default_factory=list)

    @property
    def failing(self) -> list[CallRecord]:
        """The calls since the fault that got no answer, be it that they have not ended."""
        since = self.watched.fault.start
        return [call for call in self.calls if not call.ok and call.started >= since]


def measured(run: Run, measure: Measure, watched: Watched) -> float:
    """One number of a run."""
    edge = run.edges.get(watched.edge, EdgeRecord())
    work = run.works.get(watched.last, WorkRecord())
    return _MEASURES[measure](_Seen(watched, edge, work, run.ended, edge.calls))


def watched(system: System, edge: EdgeId, last: WorkId, fault: Fault) -> Watched:
    """What to look at in a run over ``edge`` while ``last`` has a fault."""
    policy = system.policies[Edge(edge.caller, edge.callee, edge.operation)]
    return Watched(edge, last, policy, fault)


def configured_attempts(policy: CallPolicy) -> int:
    """Attempts that the policy means a call to have; one where it may not be repeated."""
    retry = policy.retry
    if retry is None:
        return 1
    repeats = policy.idempotent is not False or retry.non_idempotent != "never"
    return retry.attempts if repeats else 1


def _missing_attempts(seen: _Seen) -> float:
    made = max((call.attempts for call in seen.failing), default=0)
    return configured_attempts(seen.watched.policy) - made if seen.failing else 0


def _missing_copies(seen: _Seen) -> float:
    hedge = seen.watched.policy.hedge
    made = max((call.copies for call in seen.failing), default=0)
    return 0 if hedge is None or not seen.failing else hedge.copies - made


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _failed(calls: list[CallRecord]) -> float:
    return _share(sum(not call.ok for call in calls), len(calls))


def _failed_afterwards(seen: _Seen) -> float:
    """Of the last third of the calls that began after the fault; all of them if it never ends."""
    fault = seen.watched.fault
    over = fault.start + (fault.duration or 0)
    later = [call for call in seen.calls if call.started >= over]
    return _failed(later[len(later) * 2 // 3 :])


def _probing(seen: _Seen) -> float:
    """Half-open time over half-open and open time; a breaker's closed times do not count."""
    spent: Counter[str] = Counter()
    moves = seen.edge.moves
    for move, following in pairwise(moves):
        spent[move.state] += following.at - move.at
    return _share(spent["half-open"], spent["half-open"] + spent["open"])


def _retries_together(seen: _Seen) -> float:
    together = Counter(at // MILLISECOND for at in seen.edge.retries)
    return _share(max(together.values(), default=0), len(seen.edge.retries))


def _out_of_time(seen: _Seen) -> float:
    return sum(not c.attempts and c.outcome == "timeout" for c in seen.calls)


def _openings(seen: _Seen) -> float:
    return sum(move.state == "open" for move in seen.edge.moves)


_MEASURES: Final[Mapping[Measure, Callable[[_Seen], float]]] = {
    Measure.MISSING_ATTEMPTS: _missing_attempts,
    Measure.ATTEMPTS: lambda seen: max((call.attempts for call in seen.calls), default=0),
    Measure.MISSING_COPIES: _missing_copies,
    Measure.ATTEMPTS_PER_CALL: lambda seen: _share(seen.edge.attempts, len(seen.calls)),
    Measure.ARRIVALS_PER_CALL: lambda seen: _share(seen.work.arrivals, len(seen.calls)),
    Measure.OPENINGS: _openings,
    Measure.PROBING: _probing,
    Measure.REFUSED_TWICE: lambda seen: seen.edge.refused_twice,
    Measure.REFUSED: lambda seen: _share(seen.edge.refused_first, len(seen.calls)),
    Measure.LIMITED: lambda seen: _share(seen.edge.limited_first, len(seen.calls)),
    Measure.FAILED_AFTERWARDS: _failed_afterwards,
    Measure.UNFINISHED: lambda seen: sum(call.ended is None for call in seen.calls),
    Measure.COPIES_AT_ONCE: lambda seen: seen.work.copies,
    Measure.AT_ONCE: lambda seen: seen.work.most_at_once,
    Measure.ABANDONED_WORK: lambda seen: seen.work.after_giving_up / MILLISECOND,
    Measure.TIMED_OUT: lambda seen: _share(seen.edge.outcomes["timeout"], seen.edge.attempts),
    Measure.RETRIES_TOGETHER: _retries_together,
    Measure.OUT_OF_TIME: _out_of_time,
}
