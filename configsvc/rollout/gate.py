"""Whether a rollout may go on: what fails it, what it still waits for, what it does next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from configsvc.fleet import AgentState
from configsvc.model.quantities import format_duration
from configsvc.rollout.observing import Observation
from configsvc.rollout.progress import Phase, Rollout

MINUTE: Final = 60_000_000
"""Microseconds between two steps of a stage whose share is added minute by minute."""


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
    failure = _failure(rollout, seen)
    if failure:
        return Decision(Next.FAIL, failure)
    if not rollout.complete:
        left = rollout.widened + MINUTE - now
        return Decision(Next.WIDEN) if left <= 0 else _wait_for("the next minute's share", left)
    left = rollout.widened + rollout.current.bake - now
    if left > 0:
        return _wait_for("the stage to bake", left)
    missing = _missing(rollout, seen)
    if missing:
        return Decision(Next.WAIT, missing)
    if not rollout.last:
        return Decision(Next.ADVANCE)
    if rollout.plan.automatic:
        return Decision(Next.PROMOTE)
    return Decision(Next.WAIT, "every stage has passed: promote it")


def _failure(rollout: Rollout, seen: Observation) -> str:
    gate = rollout.plan.gate
    rejected = seen.count(AgentState.REJECTED)
    if rejected:
        reason = max(seen.rejections, key=lambda each: (seen.rejections[each], each))
        return f"{rejected} of {seen.members} agents rejected it: {reason}"
    if gate.open_breakers is not None and seen.open_breakers > gate.open_breakers:
        return f"{seen.open_breakers} agents have an open breaker, at most {gate.open_breakers} may"
    return ""


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
    return ""


def _wait_for(what: str, left: int) -> Decision:
    return Decision(Next.WAIT, f"{format_duration(-(-left // 1_000_000) * 1_000_000)} for {what}")
