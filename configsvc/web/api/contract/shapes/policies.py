"""The shapes of effective policies and of the call graph."""

from typing import Final

from configsvc.web.api.contract.shapes.terms import (
    ANYTHING,
    COUNT,
    FLAG,
    REVISION,
    TEXT,
    Shape,
    listed,
    nullable,
    record,
    ref,
)

_SOURCE: Final[dict[str, Shape]] = {
    "resource": TEXT,
    "pointer": TEXT,
    "revision": nullable(REVISION),
}

SHAPES: Final[dict[str, Shape]] = {
    "Source": record(_SOURCE, says="Where a value is written, and since which revision."),
    "Assignment": record({"value": ANYTHING, **_SOURCE}),
    "Explanation": record(
        {
            "from": TEXT,
            "to": TEXT,
            "operation": TEXT,
            "policies": listed(
                record(
                    {
                        "kind": ref("Kind"),
                        "inForce": FLAG,
                        "fields": listed(ref("ExplainedField")),
                    }
                )
            ),
            "bounds": nullable(ref("Bounds")),
            "timeline": ref("Timeline"),
        },
        says="The effective policy of an edge, its sources, and the picture of its time budget.",
    ),
    "ExplainedField": record(
        {
            "path": TEXT,
            "value": ANYTHING,
            "sources": listed(ref("Source")),
            "default": FLAG,
            "covers": listed(ref("Assignment")),
            "contenders": listed(ref("Assignment")),
        }
    ),
    "Graph": record(
        {
            "nodes": listed(
                record({"name": TEXT, "kind": ref("Kind"), "operations": listed(TEXT)})
            ),
            "edges": listed(
                record(
                    {"from": TEXT, "to": TEXT, "operation": TEXT, "calls": listed(ref("CallSite"))}
                )
            ),
            "dangling": listed(record({"resource": TEXT, "pointer": TEXT, "name": TEXT})),
        },
        says="Who calls whom, and the references that lead nowhere.",
    ),
    "CallSite": record(
        {
            "by": TEXT,
            "stage": {"type": "integer"},
            "times": record({"typical": COUNT, "max": COUNT}),
            "optional": FLAG,
        }
    ),
}
