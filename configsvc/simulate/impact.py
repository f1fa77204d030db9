"""What a hang, an error burst and a slow callee do on one edge: three short runs, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from configsvc.model.experiments import Fault, FaultKind, Load
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import SECOND, Duration, Share
from configsvc.resolve import Catalog
from configsvc.simulate.driving import Arrivals, simulate
from configsvc.simulate.reading import system_of
from configsvc.simulate.record import CallRecord, EdgeRecord, Move, WorkRecord
from configsvc.simulate.system import WorkId
from configsvc_agent.engine import CallPolicy

USUAL_RATE: Final = 20.0
"""Calls a second of one process where nothing is known about its traffic."""

MOST_CALLS: Final = 1_500
"""Calls of one run; a busier edge is watched for a shorter time."""

MOST_STEPS: Final = 60_000
LENGTH: Final = 60 * SECOND
"""How long an edge is watched: a sixth healthy, a third with the fault, half of it afterwards."""

BUCKETS: Final = 60
"""Into how many equal parts of the time the calls are counted."""

_SLOW: Final = 2 * SECOND

PhaseName = Literal["before", "during", "after"]


@dataclass(frozen=True, slots=True)
class Phase:
    """The calls that began before, during or after the fault; times are microseconds.

    ``p50``, ``p99`` and ``longest`` are how long they took, failures included. None: none ended.
    """

    name: PhaseName
    calls: int
    ok: int
    failed: int
    p50: int | None
    p99: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """The calls that began from ``at`` on, until the next bucket, and how long they took."""

    at: int
    ok: int
    failed: int
    longest: int | None


@dataclass(frozen=True, slots=True)
class FaultImpact:
    """What one fault did.

    ``outcomes`` are of calls, ``refused`` of attempts that never left. ``most_at_once`` is what the
    callee worked on at the same time, ``abandoned`` the longest that it worked for nobody.
    ``opened`` and ``recovered``: when the breaker first opened, and when it closed for good.
    """

    kind: FaultKind
    says: str
    start: int
    end: int
    attempts: int
    outcomes: dict[str, int]
    refused: dict[str, int]
    most_at_once: int
    abandoned: int
    moves: tuple[Move, ...]
    phases: tuple[Phase, ...]
    series: tuple[Bucket, ...]
    cut_off: bool

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return sum(phase.calls for phase in self.phases)

    @property
    def opened(self) -> int | None:
        """When the breaker first opened."""
        return next((move.at for move in self.moves if move.state == "open"), None)

    @property
    def recovered(self) -> int | None:
        """When the breaker closed after its last opening; None: it did not, or never opened."""
        last = self.moves[-1] if self.moves else None
        return last.at if last is not None and last.state == "closed" else None


@dataclass(frozen=True, slots=True)
class EdgeImpact:
    """What three faults did to the calls of one process over one edge."""

    edge: EdgeId
    seed: int
    rate: float
    length: int
    faults: tuple[FaultImpact, ...]


def edge_impact(
    catalog: Catalog, edge: EdgeId, *, rate: float | None = None, seed: int = 1
) -> EdgeImpact:
    """Run the edge's effective policy against a hang, an error burst and a slow callee.

    Args:
        catalog: where the policies are.
        edge: which calls; the callee answers by itself, as its operation's latency says.
        rate: calls a second of one process (None: `USUAL_RATE`).
        seed: decides every draw.

    Raises:
        NotSimulatedError: the edge's policies are ambiguous or contradict each other.
    """
    system = system_of(catalog, [edge], only=frozenset())
    (policy,) = system.policies.values()
    target: WorkId = (edge.callee, edge.operation)
    slow = _slowness(policy, system.operations[target].limit)
    each_second = rate or USUAL_RATE
    length = min(LENGTH, int(MOST_CALLS * SECOND / each_second))
    load = Load(rate=each_second, duration=Duration(length))
    found = []
    for fault, says in _faults(slow, length):
        run = simulate(
            system,
            [Arrivals(edge, load)],
            [(target, fault)],
            seed=seed,
            most_steps=MOST_STEPS,
        )
        record, work = run.edges.get(edge, EdgeRecord()), run.works.get(target, WorkRecord())
        found.append(_impact(fault, says, record, work, length, cut_off=run.cut_off))
    return EdgeImpact(edge, seed, each_second, length, tuple(found))


def _faults(slow: Duration, length: int) -> Iterable[tuple[Fault, str]]:
    start, duration = Duration(length // 6), Duration(length // 3)
    yield Fault("hang", start, duration), "the callee does not answer"
    yield (
        Fault("errors", start, duration, share=Share(1_000_000)),
        "the callee answers every request with 503",
    )
    says = f"the callee takes {slow / SECOND:g} s for every answer"
    yield Fault("slow", start, duration, amount=slow), says


def _slowness(policy: CallPolicy, own: int | None) -> Duration:
    """Just within the limits of an attempt and of the callee itself: slow, not yet a failure."""
    every = (policy.timeout.attempt, policy.timeout.overall, own)
    limits = [limit for limit in every if limit is not None]
    return Duration(min(limits) * 9 // 10 if limits else _SLOW)


def _impact(
    fault: Fault, says: str, edge: EdgeRecord, work: WorkRecord, length: int, *, cut_off: bool
) -> FaultImpact:
    end = fault.start + (fault.duration or 0)
    outcomes: dict[str, int] = {}
    for call in edge.calls:
        how = "unfinished" if call.ended is None else call.outcome
        outcomes[how] = outcomes.get(how, 0) + 1
    return FaultImpact(
        kind=fault.kind,
        says=says,
        start=fault.start,
        end=end,
        attempts=edge.attempts,
        outcomes=dict(sorted(outcomes.items())),
        refused=dict(sorted(edge.refused.items())),
        most_at_once=work.most_at_once,
        abandoned=work.after_giving_up,
        moves=tuple(edge.moves),
        phases=(
            _phase("before", [c for c in edge.calls if c.started < fault.start]),
            _phase("during", [c for c in edge.calls if fault.start <= c.started < end]),
            _phase("after", [c for c in edge.calls if c.started >= end]),
        ),
        series=tuple(_series(edge.calls, length)),
        cut_off=cut_off,
    )


def _phase(name: PhaseName, calls: list[CallRecord]) -> Phase:
    times = sorted(c.ended - c.started for c in calls if c.ended is not None)
    ok = sum(call.ok for call in calls)
    return Phase(
        name, len(calls), ok, len(calls) - ok, _at(times, 50), _at(times, 99), _at(times, 100)
    )


def _at(times: list[int], percent: int) -> int | None:
    """The smallest time that ``percent`` of all are within."""
    return times[max(-(-len(times) * percent // 100) - 1, 0)] if times else None


def _series(calls: list[CallRecord], length: int) -> Iterable[Bucket]:
    parts: list[list[CallRecord]] = [[] for _ in range(BUCKETS)]
    for call in calls:
        parts[min(call.started * BUCKETS // length, BUCKETS - 1)].append(call)
    for index, part in enumerate(parts):
        ok = sum(call.ok for call in part)
        longest = max((c.ended - c.started for c in part if c.ended is not None), default=None)
        yield Bucket(index * length // BUCKETS, ok, len(part) - ok, longest)
