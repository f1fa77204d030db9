"""The shapes of the fleet: who runs what, and how far a change has come."""

from typing import Final

from configsvc.fleet import AgentState
from configsvc.web.api.contract.shapes.terms import (
    COUNT,
    REVISION,
    TEXT,
    Shape,
    listed,
    mapped,
    nullable,
    one_of,
    page,
    record,
    ref,
)

_STATE: Final = one_of(AgentState)
_NUMBER: Final[Shape] = {"type": "number", "minimum": 0}

SHAPES: Final[dict[str, Shape]] = {
    "Agent": record(
        {
            "namespace": TEXT,
            "service": TEXT,
            "instance": TEXT,
            "session": TEXT,
            "connectedSince": COUNT,
            "lastHeard": COUNT,
            "version": COUNT,
            "digest": TEXT,
            "wantedVersion": COUNT,
            "wantedDigest": TEXT,
            "wantedSince": COUNT,
            "state": _STATE,
            "reason": TEXT,
            "health": TEXT,
            "language": TEXT,
            "agentVersion": TEXT,
            "breakers": listed(record({"edge": TEXT, "state": TEXT})),
            "latencyP99": nullable(COUNT),
            "labels": mapped(TEXT),
            "traffic": listed(
                record({"to": TEXT, "operation": TEXT, "rate": _NUMBER, "failures": _NUMBER})
            ),
            "disconnected": nullable(COUNT),
            "lag": COUNT,
        },
        says="One agent. Times are microseconds since the Unix epoch; `lag` is microseconds for "
        "which it has not had the bundle that it should. `traffic` is in calls per second.",
    ),
    "NodeFleet": record(
        {"rows": listed({"type": "object"}), "incomplete": listed(TEXT)},
        says="What one node alone knows of the fleet. The rows may change with any version.",
    ),
    "Fleet": page(ref("Agent"), incomplete=listed(TEXT)),
    "Instance": record(
        {
            "service": TEXT,
            "id": TEXT,
            "address": TEXT,
            "labels": mapped(TEXT),
            "registered": COUNT,
            "state": {"enum": ["up", "lost", "suspect"]},
            "healthy": {"type": "boolean"},
        },
        says="One registered instance; `registered` in microseconds since the Unix epoch. `lost`: "
        "its agent's stream has ended and the lease's grace runs. `suspect`: so many were lost at "
        "once that health checks decide.",
    ),
    "Instances": page(ref("Instance")),
    "Convergence": record(
        {
            "revision": REVISION,
            "targeted": COUNT,
            "states": mapped(COUNT),
            "reasons": mapped(COUNT),
            "p50": nullable(COUNT),
            "p99": nullable(COUNT),
            "last": nullable(COUNT),
            "laggards": listed(
                record({"service": TEXT, "instance": TEXT, "state": _STATE, "reason": TEXT})
            ),
        },
        says="How far a change has come; microseconds from the commit to the acknowledgements.",
    ),
}
