"""Rollouts and agents to decide about."""

from typing import Any

from configsvc.fleet import AgentRow, AgentState, Breaker, Traffic
from configsvc.rollout import Rollout, plan_from_json

MINUTE = 60_000_000
BEGAN = 1_700_000_000_000_000
DIGEST = "c" * 64
OTHER = "0" * 64


def rollout(*stages: dict[str, Any], number: int = 8, **plan: object) -> Rollout:
    """A rollout that has just begun; a tenth of the fleet and then all, where nothing is said."""
    value = {"stages": list(stages or ({"share": "10%"}, {"share": "100%"})), **plan}
    return Rollout.begin(number, "ada", "because", plan_from_json(value), BEGAN)


def row(  # noqa: PLR0913 an agent has many sides
    instance: str,
    state: AgentState = AgentState.APPLIED,
    *,
    service: str = "score",
    wanted: str = DIGEST,
    lost: int | None = None,
    open_breaker: bool = False,
    reason: str = "",
    calls: tuple[float, float] = (0, 0),
    p99: int | None = None,
    **labels: str,
) -> AgentRow:
    """An agent that should hold the candidate, or something else."""
    return AgentRow(
        "prod",
        service,
        instance,
        f"session-{instance}",
        connected_since=0,
        last_heard=0,
        wanted_digest=wanted,
        state=state,
        reason=reason,
        breakers=(Breaker("score -> match *", "open"),) if open_breaker else (),
        labels=labels,
        traffic=(Traffic("match", "*", *calls),) if calls[0] else (),
        latency_p99=p99,
        disconnected=lost,
    )
