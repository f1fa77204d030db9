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

SHAPES: Final[dict[str, Shape]] = {
    "Change": record(
        {"message": _MESSAGE, "base": REVISION},
        _CONTENT,
        says="An atomic set of puts and deletes. `base` is the revision that its author saw; "
        "`waivers` is short for putting Waiver documents; `confirm` allows the deletion of more "
        "than half of the namespace; `takeOver` that of what others manage.",
    ),
    "Check": record(
        {},
        {
            "base": REVISION,
            **_CONTENT,
            "put": listed(OBJECT, maxItems=MAX_RESOURCES),
            "waivers": listed(OBJECT, maxItems=MAX_RESOURCES),
        },
        says="A change that is only looked at. What is wrong with documents is part of the answer.",
    ),
    "Rollback": record(
        {"to": REVISION},
        {"message": _MESSAGE, "acknowledge": FLAG},
        says="What to go back to. `acknowledge` accepts the findings that come back with it.",
    ),
    "Revision": record(
        {"revision": REVISION, "author": TEXT, "message": TEXT, "time": TIME},
    ),
    "RevisionWithReport": record(
        {
            "revision": REVISION,
            "author": TEXT,
            "message": TEXT,
            "time": TIME,
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
    "Bounds": record(
        {
            "worstCase": record({"low": nullable(TEXT), "high": nullable(TEXT)}),
            "amplification": record(
                {"low": {"type": "number"}, "high": nullable({"type": "number"})}
            ),
            "missing": listed(TEXT),
        },
        says="How long a call over the edge takes at worst, and how many requests the callee gets "
        "for it when it fails. Null is unlimited; `missing` fields would narrow the interval.",
    ),
}
