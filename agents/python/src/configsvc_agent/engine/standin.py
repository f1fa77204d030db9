"""What is handed out instead of a failure."""

from __future__ import annotations

from typing import Any, Literal

from configsvc_agent.engine.commands import Facts, HandOut, Ports, Refuse, Substitute
from configsvc_agent.engine.events import FallbackRefused, FallbackUsed
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import LastGoodFallback, OperationFallback


def stand_in(
    plan: Plan, facts: Facts, outcome: Outcome, ending: HandOut | Refuse, now: int, ports: Ports
) -> Substitute | HandOut | Refuse:
    """The policy's fallback for a call that would end with ``ending``, or that ending itself."""
    found = _find(plan, facts, now)
    if found is None:
        return ending
    kind, value = found
    if ports.emit is not None:
        ports.emit(FallbackUsed(plan.edge, now, kind, outcome.classes))
    return Substitute(kind, value)


def missed(plan: Plan, facts: Facts, now: int, ports: Ports) -> str | None:
    """Why the operation that the policy names does not stand in, if somebody knows; it is told."""
    if facts.unable is None or not isinstance(plan.policy.fallback, OperationFallback):
        return None
    if ports.emit is not None:
        ports.emit(FallbackRefused(plan.edge, now, facts.unable))
    return facts.unable


def _find(
    plan: Plan, facts: Facts, now: int
) -> tuple[Literal["static", "last-good", "operation"], Any] | None:
    fallback = plan.policy.fallback
    if fallback is None:
        return None
    if isinstance(fallback, OperationFallback):
        return None if facts.substitute is None else ("operation", fallback)
    if isinstance(fallback, LastGoodFallback):
        answer = _last_good(plan, facts, fallback, now)
        return None if answer is None else ("last-good", answer[0])
    return "static", fallback


def _last_good(plan: Plan, facts: Facts, fallback: LastGoodFallback, now: int) -> tuple[Any] | None:
    good = plan.last_good
    if good is None:
        return None
    with good.lock:
        return good.machine.find(facts.cache_key, fallback.max_age, now)
