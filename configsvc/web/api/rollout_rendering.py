"""Rollouts as JSON."""

from typing import Any

from configsvc.model.quantities import format_share
from configsvc.rollout import Observation, Rollout, plan_to_json
from configsvc.usecases import Published, RolloutView, rfc3339
from configsvc.web.api.rendering import key_json


def rollout_json(rollout: Rollout) -> dict[str, Any]:
    """A rollout with its plan."""
    return {
        "id": rollout.id,
        "author": rollout.author,
        "message": rollout.message,
        "plan": plan_to_json(rollout.plan),
        "phase": rollout.phase.value,
        "stage": rollout.stage,
        "share": format_share(rollout.share),
        "began": rfc3339(rollout.began),
        "widened": rfc3339(rollout.widened),
        "reason": rollout.reason,
    }


def rollout_view_json(view: RolloutView) -> dict[str, Any]:
    """A rollout, what it changes, and how it stands in the fleet."""
    decision = view.decision
    return {
        **rollout_json(view.rollout),
        "resources": [key_json(key) for key in view.resources],
        "services": list(view.services),
        "fleet": _seen_json(view.seen) if view.seen else None,
        "decision": {"action": decision.next.value, "reason": decision.reason}
        if decision
        else None,
    }


def moved_json(outcome: Published) -> dict[str, Any]:
    """The revision that a move made."""
    return {
        "namespace": outcome.namespace,
        "revision": outcome.revision,
        "changed": outcome.changed,
        "services": list(outcome.services),
    }


def _seen_json(seen: Observation) -> dict[str, Any]:
    return {
        "agents": seen.agents,
        "members": seen.members,
        "states": {state.value: count for state, count in seen.states.items()},
        "rejections": dict(seen.rejections),
        "openBreakers": seen.open_breakers,
        "lost": len(seen.vanished),
        "incomplete": list(seen.incomplete),
    }
