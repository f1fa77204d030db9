"""The shape of a refusal (RFC 9457)."""

from typing import Final

from configsvc.web.api.contract.shapes.terms import (
    DIGEST,
    REVISION,
    TEXT,
    Shape,
    listed,
    nullable,
    record,
    ref,
)

SHAPES: Final[dict[str, Shape]] = {
    "Problem": record(
        {
            "type": {"type": "string", "pattern": "^/problems/"},
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": TEXT,
            "detail": TEXT,
            "request": TEXT,
        },
        {
            "errors": listed(ref("ProblemError")),
            "findings": listed(ref("Finding")),
            "notEvaluated": listed(ref("NotEvaluated")),
            "base": REVISION,
            "head": REVISION,
            "resources": listed(ref("StaleResource")),
            "expected": nullable(TEXT),
            "seen": nullable(DIGEST),
        },
        says="Why a request was refused. `code` is stable, `detail` says what to do.",
    ),
    "ProblemError": record(
        {"message": TEXT},
        {
            "pointer": TEXT,
            "origin": TEXT,
            "line": {"type": "integer", "minimum": 1},
            "column": {"type": "integer", "minimum": 1},
            "seen": TEXT,
            "allowed": listed(TEXT),
            "hint": TEXT,
        },
        says="One thing that is wrong; `pointer` is a JSON pointer into the body.",
    ),
    "StaleResource": record(
        {"kind": TEXT, "name": TEXT, "base": ref("Side"), "head": ref("Side")},
        says="A resource that differs between the base of a change and the head: both sides.",
    ),
    "Side": nullable(
        record(
            {"digest": DIGEST},
            {"document": ref("Document")},
            says="A resource at one revision. Beyond 20 resources the documents are left out.",
        )
    ),
}
