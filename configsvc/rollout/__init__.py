"""Staged rollouts: a change reaches a part of the fleet first, and the rest if that goes well.

Pure: values in, values out. Whoever calls reads the fleet and the store, and writes what follows.
"""

from configsvc.rollout.gate import Decision, Next, decide
from configsvc.rollout.membership import is_member
from configsvc.rollout.observing import Observation, observe
from configsvc.rollout.plan import (
    Gate,
    InvalidPlanError,
    OnFailure,
    Plan,
    Stage,
    plan_from_json,
    plan_to_json,
)
from configsvc.rollout.progress import (
    Phase,
    Rollout,
    RolloutPhaseError,
    rollout_from_json,
    rollout_to_json,
)

__all__ = [
    "Decision",
    "Gate",
    "InvalidPlanError",
    "Next",
    "Observation",
    "OnFailure",
    "Phase",
    "Plan",
    "Rollout",
    "RolloutPhaseError",
    "Stage",
    "decide",
    "is_member",
    "observe",
    "plan_from_json",
    "plan_to_json",
    "rollout_from_json",
    "rollout_to_json",
]
