"""Shapes of bounds: how long calls and ways in take, how requests multiply, what goes on."""

from typing import Any, Final

from configsvc.web.api.contract.shapes.terms import (
    COUNT,
    TEXT,
    Shape,
    listed,
    nullable,
    record,
    ref,
)

_TIMES: Final = record({"low": nullable(TEXT), "high": nullable(TEXT)})
_EDGE: Final = record({"from": TEXT, "to": TEXT, "operation": TEXT})
_NUMBER: Final[dict[str, Any]] = nullable({"type": "number"})

SHAPES: Final[dict[str, Shape]] = {
    "Bounds": record(
        {
            "worstCase": _TIMES,
            "amplification": record({"low": _NUMBER, "high": _NUMBER}),
            "abandoned": _TIMES,
            "missing": listed(TEXT),
        },
        says="How long a call over the edge takes at worst, how many requests the callee gets for "
        "it when it fails, and how long work goes on for it after the caller gave up. Null is "
        "unlimited; `missing` fields would narrow the interval.",
    ),
    "WayIn": record(
        {
            "worstCase": _TIMES,
            "path": listed(_EDGE),
            "abandoned": _TIMES,
            "givenUp": nullable(_EDGE),
            "missing": listed(TEXT),
        },
        says="What a request to an operation may cost that nobody inside calls: `path` leads over "
        "the calls that take the longest; `givenUp` is the edge below which work goes on longest "
        "after the caller gave up.",
    ),
    "BoundChanges": record(
        {
            "waysIn": listed(
                record(
                    {
                        "node": TEXT,
                        "operation": TEXT,
                        "before": nullable(ref("WayIn")),
                        "after": nullable(ref("WayIn")),
                    }
                )
            ),
            "waysInTotal": COUNT,
            "amplification": listed(
                record({"path": listed(_EDGE), "before": _NUMBER, "after": _NUMBER})
            ),
            "amplificationTotal": COUNT,
        },
        says="The bounds of the graph that a change moves, the worst first, at most 1,000 of each. "
        "Of a path of more than 100 edges the first 99 are listed, and the last.",
    ),
    "GraphBounds": record(
        {
            "waysIn": listed(record({"node": TEXT, "operation": TEXT, "bounds": ref("WayIn")})),
            "nodes": listed(
                record({"node": TEXT, "amplification": _NUMBER, "path": listed(_EDGE)})
            ),
        },
        says="The bounds of the graph at the head: of each way in, and how requests multiply on "
        "the way to each node.",
    ),
}
