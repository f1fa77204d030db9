"""The shapes of pictures of time budgets and of simulated runs."""

from typing import Final, get_args

from configsvc.model.experiments import FaultKind, Measure, Where
from configsvc.usecases.changes import MAX_RESOURCES
from configsvc.web.api.contract.shapes.terms import (
    COUNT,
    FLAG,
    OBJECT,
    TEXT,
    Shape,
    listed,
    mapped,
    nullable,
    one_of,
    record,
    ref,
)

_TIME: Final[Shape] = COUNT
_MAYBE: Final = nullable(_TIME)
_EDGE: Final[dict[str, Shape]] = {"from": TEXT, "to": TEXT, "operation": TEXT}
_BUDGETS: Final = listed(record({"label": TEXT, "time": _TIME}))
_LATENCY: Final = record(dict.fromkeys(("p50", "p90", "p95", "p99", "p999"), _MAYBE))

_NUMBER: Final[Shape] = {"type": "number"}

SHAPES: Final[dict[str, Shape]] = {
    "Experiment": record(
        {
            "load": record(
                {"rate": _NUMBER, "duration": _TIME, "burst": COUNT, "usual": FLAG},
            ),
            "fault": record(
                {
                    "kind": one_of(get_args(FaultKind)),
                    "start": _TIME,
                    "duration": _MAYBE,
                    "amount": _TIME,
                    "share": COUNT,
                    "classes": listed(TEXT),
                    "instances": nullable(COUNT),
                    "where": one_of(get_args(Where)),
                }
            ),
            "measure": one_of(Measure),
            "atMost": nullable(_NUMBER),
            "atLeast": nullable(_NUMBER),
            "extreme": FLAG,
        },
        says="A run that shows a harm: it is there unless the measure keeps its bound.",
    ),
    "Proving": record(
        {},
        {"seed": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}},
        says="How to draw lots in the run.",
    ),
    "Proof": record(
        {
            "finding": ref("Finding"),
            "seed": COUNT,
            "measure": one_of(Measure),
            "seen": _NUMBER,
            "atMost": nullable(_NUMBER),
            "atLeast": nullable(_NUMBER),
            "harmed": FLAG,
            "calls": COUNT,
            "attempts": COUNT,
            "outcomes": mapped(COUNT),
            "refused": mapped(COUNT),
            "cutOff": FLAG,
        },
        says="What a run of a finding's witness showed.",
    ),
    "Timeline": record(
        {
            **_EDGE,
            "length": _TIME,
            "attempt": _MAYBE,
            "overall": _MAYBE,
            "queueing": _TIME,
            "needed": _MAYBE,
            "attempts": listed(
                record(
                    {
                        "number": COUNT,
                        "earliest": _TIME,
                        "latest": _TIME,
                        "ends": _MAYBE,
                        "state": one_of(("whole", "cut", "dead")),
                        "copy": FLAG,
                    }
                )
            ),
            "waits": listed(
                record({"before": COUNT, "start": _TIME, "shortest": _TIME, "longest": _TIME})
            ),
            "breaker": nullable(
                record({"window": COUNT, "counts": FLAG, "minimumCalls": COUNT, "openFor": _TIME})
            ),
            "latency": _LATENCY,
            "above": _BUDGETS,
            "below": _BUDGETS,
        },
        says="The time budget of an edge while its callee hangs, in microseconds; null: no limit.",
    ),
    "Trial": record(
        {},
        {
            "put": listed(OBJECT, maxItems=MAX_RESOURCES),
            "delete": listed(TEXT, maxItems=MAX_RESOURCES),
            "rate": {"type": "number", "minimum": 0.1, "maximum": 1000},
            "seed": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
        },
        says="Unsaved changes on top of the head, calls a second of one process, and the seed.",
    ),
    "EdgeTrial": record(
        {
            "timeline": ref("Timeline"),
            **_EDGE,
            "seed": COUNT,
            "rate": {"type": "number"},
            "length": _TIME,
            "faults": listed(ref("FaultTrial")),
        },
        says="What a hang, an error burst and a slow callee do to the calls of one process.",
    ),
    "FaultTrial": record(
        {
            "kind": one_of(("hang", "errors", "slow")),
            "says": TEXT,
            "start": _TIME,
            "end": _TIME,
            "calls": COUNT,
            "attempts": COUNT,
            "outcomes": mapped(COUNT),
            "refused": mapped(COUNT),
            "mostAtOnce": COUNT,
            "abandoned": _TIME,
            "opened": _MAYBE,
            "recovered": _MAYBE,
            "breaker": listed(
                record({"at": _TIME, "state": one_of(("closed", "open", "half-open"))})
            ),
            "phases": listed(
                record(
                    {
                        "name": one_of(("before", "during", "after")),
                        "calls": COUNT,
                        "ok": COUNT,
                        "failed": COUNT,
                        "p50": _MAYBE,
                        "p99": _MAYBE,
                        "longest": _MAYBE,
                    }
                )
            ),
            "series": listed(
                record({"at": _TIME, "ok": COUNT, "failed": COUNT, "longest": _MAYBE})
            ),
            "cutOff": FLAG,
        },
        says="One simulated run, in microseconds from its start. `cutOff`: it grew too large.",
    ),
}
