"""The shapes of what rules say."""

from typing import Final

from configsvc.model.findings import Severity
from configsvc.web.api.contract.shapes.terms import (
    COUNT,
    FLAG,
    OBJECT,
    TEXT,
    Shape,
    listed,
    mapped,
    one_of,
    page,
    record,
    ref,
)

_SEVERITY: Final = one_of(severity.label for severity in Severity)
_RULE: Final[dict[str, Shape]] = {
    "code": TEXT,
    "name": TEXT,
    "severity": _SEVERITY,
    "since": TEXT,
    "summary": TEXT,
}

SHAPES: Final[dict[str, Shape]] = {
    "EdgeId": record({"from": TEXT, "to": TEXT, "operation": TEXT}),
    "Subject": {
        "oneOf": [
            record({"edge": ref("EdgeId")}),
            record({"path": listed(ref("EdgeId"))}),
            record({"resource": TEXT}),
        ]
    },
    "Finding": record(
        {
            "code": TEXT,
            "name": TEXT,
            "severity": _SEVERITY,
            "message": TEXT,
            "subject": ref("Subject"),
            "fingerprints": listed(TEXT),
        },
        {
            "magnitude": {"type": "number"},
            "arguments": mapped(TEXT),
            "edges": listed(ref("EdgeId")),
            "places": listed(record({"resource": TEXT, "pointer": TEXT, "label": TEXT})),
            "witness": record(
                {"load": TEXT, "faults": TEXT, "seen": TEXT, "meant": TEXT},
                {"run": ref("Experiment")},
            ),
            "fix": record({"resource": TEXT, "title": TEXT, "patch": listed(OBJECT)}),
            "consequences": listed(ref("Finding")),
            "waivedBy": TEXT,
            "old": {"enum": ["callers", "callees", "some"]},
        },
        says="A conflict: its arithmetic, a run that shows the harm, and a fix (RFC 6902).",
    ),
    "NotEvaluated": record(
        {
            "code": TEXT,
            "subject": ref("Subject"),
            "missing": listed(TEXT),
            "edges": listed(ref("EdgeId")),
        },
        says="A rule that could not decide for want of data.",
    ),
    "Report": record(
        {
            "edges": COUNT,
            "findings": listed(ref("Finding")),
            "waived": listed(ref("Finding")),
            "notEvaluated": listed(ref("NotEvaluated")),
        },
        {"omitted": COUNT},
        says="What the rules said; of large reports the first 500 of each, and how many more.",
    ),
    "Findings": page(
        ref("Finding"),
        edges=COUNT,
        waived=listed(ref("Finding")),
        notEvaluated=listed(ref("NotEvaluated")),
        opened=mapped(ref("Opened")),
    ),
    "Opened": record(
        {"revision": COUNT, "time": TEXT, "older": FLAG},
        says="The change that opened a finding; older: it was open before, as far as was looked.",
    ),
    "Rule": record(_RULE),
    "RuleWithPage": record({**_RULE, "page": TEXT}, says="A rule with its page in Markdown."),
    "Rules": page(ref("Rule")),
}
