"""The shapes of staged rollouts: plans as they are sent, and how far one has come."""

from typing import Final

from configsvc.rollout import OnFailure, Phase
from configsvc.rollout.plan import MAX_LABELS, MAX_STAGES
from configsvc.web.api.contract.shapes.terms import (
    COUNT,
    FLAG,
    REVISION,
    TEXT,
    TIME,
    Shape,
    listed,
    mapped,
    nullable,
    one_of,
    page,
    record,
    ref,
)

_SHARE: Final[Shape] = {
    "type": "string",
    "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})?%$",
    "examples": ["10%"],
}
_DURATION: Final[Shape] = {"type": "string", "maxLength": 64, "examples": ["10m"]}
_LABEL: Final[Shape] = {"type": "string", "maxLength": 63}
_REASON: Final[Shape] = {"type": "string", "maxLength": 500}

_ROLLOUT: Final[dict[str, Shape]] = {
    "id": REVISION,
    "author": TEXT,
    "message": TEXT,
    "plan": ref("RolloutPlan"),
    "phase": one_of(Phase),
    "stage": COUNT,
    "share": _SHARE,
    "began": TIME,
    "widened": TIME,
    "reason": TEXT,
}

SHAPES: Final[dict[str, Shape]] = {
    "RolloutPlan": record(
        {"stages": listed(ref("RolloutStage"), minItems=1, maxItems=MAX_STAGES)},
        {
            "gate": ref("RolloutGate"),
            "maxPerMinute": _SHARE,
            "onFailure": one_of(OnFailure),
            "promote": one_of(("automatic", "manual")),
        },
        says="How a change reaches the fleet. Each stage adds agents, bakes, and passes its gate "
        "before the next; the last one is followed by everybody. `maxPerMinute` bounds the share "
        "of the fleet that is added in a minute; `onFailure` is what a failed gate leads to.",
    ),
    "RolloutStage": record(
        {},
        {
            "share": _SHARE,
            "labels": {**mapped(_LABEL), "maxProperties": MAX_LABELS},
            "bake": _DURATION,
        },
        says="Whom a stage adds: up to a share of the whole fleet, or agents with all labels.",
    ),
    "RolloutGate": record(
        {},
        {
            "minReports": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            "errorRate": _SHARE,
            "openBreakers": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
            "latencyP99": _DURATION,
            "lost": _SHARE,
        },
        says="What must be true of the agents reached. A rejection always fails it; no data is no "
        "pass. `errorRate` and `latencyP99` are of the calls that those agents report, "
        "`openBreakers` is how many of them may have an open one, `lost` what share of them may "
        "vanish afterwards (10% unless given).",
    ),
    "RolloutReason": record({}, {"reason": _REASON}),
    "RolloutMove": record(
        {
            "id": REVISION,
            "action": TEXT,
            "phase": one_of(Phase),
            "stage": COUNT,
            "share": _SHARE,
            "reason": TEXT,
        },
        says="What a revision did to a rollout.",
    ),
    "Rollout": record(_ROLLOUT, says="A rollout; `id` is the revision that began it."),
    "Rollouts": page(ref("Rollout"), following=REVISION),
    "RolloutView": record(
        {
            **_ROLLOUT,
            "resources": listed(record({"kind": ref("Kind"), "name": TEXT})),
            "services": listed(TEXT),
            "fleet": nullable(ref("RolloutFleet")),
            "decision": nullable(record({"action": TEXT, "reason": TEXT})),
        },
        says="A rollout, what it changes, how its members stand to it, and what is next and why. "
        "`fleet` and `decision` are null once it has ended.",
    ),
    "RolloutFleet": record(
        {
            "agents": COUNT,
            "members": COUNT,
            "states": mapped(COUNT),
            "rejections": mapped(COUNT),
            "openBreakers": COUNT,
            "lost": COUNT,
            "incomplete": listed(TEXT),
        },
        says="`agents` are the connected ones whose bundle it alters, `members` those of them that "
        "should hold it now; `lost` are members that vanished in this stage after they were given "
        "it.",
    ),
    "RolloutMoved": record(
        {"namespace": TEXT, "revision": REVISION, "changed": FLAG, "services": listed(TEXT)}
    ),
}
