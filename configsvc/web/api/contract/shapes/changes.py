"""The shapes of changes, rollbacks, history and differences."""

from typing import Final

from configsvc.model.names import Kind
from configsvc.usecases.changes import MAX_MESSAGE, MAX_RESOURCES
from configsvc.web.api.contract.shapes.terms import (
    ANYTHING,
    COUNT,
    FLAG,
    OBJECT,
    REVISION,
    TEXT,
    TIME,
    Shape,
    listed,
    nullable,
    one_of,
    page,
    record,
    ref,
)

_MESSAGE: Final[Shape] = {"type": "string", "maxLength": MAX_MESSAGE}
_KEY: Final[Shape] = {
    "type": "string",
    "pattern": f"^({'|'.join(Kind)})/[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?$",
    "examples": ["Retry/checkout"],
}
_CONTENT: Final[dict[str, Shape]] = {
    "put": listed(ref("Document"), maxItems=MAX_RESOURCES),
    "delete": listed(_KEY, maxItems=MAX_RESOURCES),
    "waivers": listed(ref("WaiverSpec"), maxItems=MAX_RESOURCES),
    "confirm": FLAG,
    "takeOver": FLAG,
}
_PLAN: Final[dict[str, Shape]] = {"rollout": ref("RolloutPlan")}

_REVISION: Final[dict[str, Shape]] = {
    "revision": REVISION,
    "author": TEXT,
    "message": TEXT,
    "time": TIME,
    "rollout": nullable(ref("RolloutMove")),
}

SHAPES: Final[dict[str, Shape]] = {
    "Change": record(
        {"message": _MESSAGE, "base": REVISION},
        {**_CONTENT, **_PLAN},
        says="An atomic set of puts and deletes. `base` is the revision that its author saw; "
        "`waivers` is short for putting Waiver documents; `confirm` allows the deletion of more "
        "than half of the namespace; `takeOver` that of what others manage; `rollout` is the plan "
        "by which it reaches the fleet in stages.",
    ),
    "RolloutStart": record(
        {"message": _MESSAGE, "base": REVISION, **_PLAN},
        _CONTENT,
        says="A change that reaches the fleet in stages.",
    ),
    "Check": record(
        {},
        {
            "base": REVISION,
            **_CONTENT,
            **_PLAN,
            "put": listed(OBJECT, maxItems=MAX_RESOURCES),
            "waivers": listed(OBJECT, maxItems=MAX_RESOURCES),
        },
        says="A change that is only looked at. What is wrong with documents is part of the answer; "
        "with `rollout` also what is wrong while old and new run side by side.",
    ),
    "Rollback": record(
        {"to": REVISION},
        {"message": _MESSAGE, "acknowledge": FLAG},
        says="What to go back to. `acknowledge` accepts the findings that come back with it.",
    ),
    "Revision": record(_REVISION, says="`rollout` is what it did to a rollout, if anything."),
    "RevisionWithReport": record(
        {
            **_REVISION,
            "report": nullable(ref("Report")),
        },
        says="The record of a change, with the findings that were open when it was made.",
    ),
    "History": page(ref("Revision"), following=REVISION),
    "Difference": record(
        {
            "kind": ref("Kind"),
            "name": TEXT,
            "before": nullable(ref("Document")),
            "after": nullable(ref("Document")),
        }
    ),
    "Differences": page(ref("Difference")),
    "Preview": record(
        {
            "publishable": FLAG,
            "errors": listed(ref("ProblemError")),
            "findings": listed(ref("Finding")),
            "added": listed(TEXT),
            "blocking": listed(TEXT),
            "needsWaive": listed(TEXT),
            "resolved": listed(ref("Finding")),
            "waived": listed(ref("Finding")),
            "notEvaluated": listed(ref("NotEvaluated")),
            "edges": listed(ref("EdgeChange")),
            "edgesTotal": COUNT,
            "bounds": ref("BoundChanges"),
        },
        says="What a change would do. `errors` are documents that cannot be read; `added`, "
        "`blocking` and `needsWaive` (only those who may waive can publish it) name findings by "
        "their first fingerprint; `edges` are the first 1,000 of those that change.",
    ),
    "EdgeChange": record(
        {
            "from": TEXT,
            "to": TEXT,
            "operation": TEXT,
            "change": one_of(("added", "removed", "changed")),
            "bounds": record({"before": nullable(ref("Bounds")), "after": nullable(ref("Bounds"))}),
            "fields": listed(
                record(
                    {
                        "path": TEXT,
                        "before": ANYTHING,
                        "after": ANYTHING,
                        "sources": listed(ref("Source")),
                    }
                )
            ),
        }
    ),
    "PublishedOrPreview": {"anyOf": [ref("Published"), ref("Preview")]},
}
