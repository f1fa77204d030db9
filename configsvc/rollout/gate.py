"""Whether a rollout may go on: what fails it, what it still waits for, what it does next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from configsvc.fleet import AgentState
from configsvc.model.quantities import WHOLE, format_duration, format_share
from configsvc.rollout.observing import Observation
from configsvc.rollout.plan import Gate
from configsvc.rollout.progress import Phase, Rollout

MINUTE: Final = 60_000_000
"""Microseconds between two steps of a stage whose share is added minute by minute."""


RETURN: Final = MINUTE
"""Microseconds in which an agent comes back that was sent away, or whose server was lost."""


class Next(StrEnum):
    """What a rollout does next."""

    WAIT = "wait"
    WIDEN = "widen"
    ADVANCE = "advance"
    PROMOTE = "promote"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is next, and why."""

    next: Next
    reason: str = ""


def decide(rollout: Rollout, seen: Observation, now: int) -> Decision:
    """Say what a rollout does next; no data is no pass.

    A gate that fails does so at once; one that passes needs the whole stage to be reached, its
    time to be over, enough agents to have applied, and none whose answer is missing.
    """
    if rollout.phase is not Phase.ROLLING:
        return Decision(Next.WAIT, rollout.reason)
    failure = _failure(rollout, seen) or _lost(rollout.plan.gate, seen, now)
    if failure:
        return Decision(Next.FAIL, failure)
    if not rollout.complete:
        left = rollout.widened + MINUTE - now
        return Decision(Next.WIDEN) if left <= 0 else _wait_for("the next minute's share", left)
    left = rollout.widened + rollout.current.bake - now
    if left > 0:
        return _wait_for("the stage to bake", left)
    missing = _missing(rollout, seen) or _unsure(seen, now)
    if missing:
        return Decision(Next.WAIT, missing)
    if not rollout.last:
        return Decision(Next.ADVANCE)
    if rollout.plan.automatic:
        return Decision(Next.PROMOTE)
    return Decision(Next.WAIT, "every stage has passed: promote it")


def _failure(rollout: Rollout, seen: Observation) -> str:
    rejected = seen.count(AgentState.REJECTED)
    if rejected:
        reason = max(seen.rejections, key=lambda each: (seen.rejections[each], each))
        return f"{rejected} of {seen.members} agents rejected it: {reason}"
    return _exceeded(rollout.plan.gate, seen)


def _exceeded(gate: Gate, seen: Observation) -> str:
    """Which threshold was passed."""
    if gate.open_breakers is not None and seen.open_breakers > gate.open_breakers:
        return f"{seen.open_breakers} agents have an open breaker, at most {gate.open_breakers} may"
    if gate.error_rate is not None and seen.failures * WHOLE > gate.error_rate * seen.calls:
        rate = format_share(round(seen.failures / seen.calls * 1_000) * 1_000)
        return f"{rate} of calls fail, at most {format_share(gate.error_rate)} may"
    slow = sum(gate.latency_p99 is not None and each > gate.latency_p99 for each in seen.latencies)
    if gate.latency_p99 is not None and 2 * slow > len(seen.latencies):
        agents = f"{slow} of {len(seen.latencies)} agents"
        return f"at {agents} over 1% of calls take longer than {format_duration(gate.latency_p99)}"
    return ""


def _lost(gate: Gate, seen: Observation, now: int) -> str:
    """Whether too many vanished once they had it: what ends a process cannot be reported by it."""
    lost = sum(now - at >= RETURN for at in seen.vanished)
    everybody = seen.members + len(seen.vanished)
    if lost * WHOLE <= gate.lost * everybody:
        return ""
    share = format_share(gate.lost)
    return f"{lost} of {everybody} agents vanished after they were given it, at most {share} may"


def _unsure(seen: Observation, now: int) -> str:
    """Whether some may still come back."""
    count = sum(now - at < RETURN for at in seen.vanished)
    everybody = seen.members + len(seen.vanished)
    return f"{count} of {everybody} agents vanished a moment ago" if count else ""


def _missing(rollout: Rollout, seen: Observation) -> str:
    """What there is no data about yet."""
    if seen.incomplete:
        return f"no answer from {', '.join(seen.incomplete)}"
    pending = seen.count(AgentState.PENDING)
    if pending:
        return f"{pending} of {seen.members} agents have not answered"
    applied, needed = seen.count(AgentState.APPLIED), rollout.plan.gate.min_reports
    if applied < needed:
        return f"{applied} of at least {needed} agents have applied it"
    gate = rollout.plan.gate
    measured = gate.error_rate is not None or gate.latency_p99 is not None
    if measured and not (seen.calls and seen.latencies):
        return "no agent has told of calls yet"
    return ""


def _wait_for(what: str, left: int) -> Decision:
    return Decision(Next.WAIT, f"{format_duration(-(-left // 1_000_000) * 1_000_000)} for {what}")
