"""Pictures of time budgets as JSON, and back: integers are microseconds, null is no limit."""

from collections.abc import Mapping
from typing import Any

from configsvc.analysis.timeline import AttemptBar, BreakerBar, Budget, Timeline, WaitBar
from configsvc.model.findings import EdgeId
from configsvc.model.services import Latency

_PERCENTILES = ("p50", "p90", "p95", "p99", "p999")


def timeline_data(picture: Timeline) -> dict[str, Any]:
    """The picture as JSON values."""
    edge, breaker = picture.edge, picture.breaker
    return {
        "from": edge.caller,
        "to": edge.callee,
        "operation": edge.operation,
        "length": picture.length,
        "attempt": picture.attempt,
        "overall": picture.overall,
        "queueing": picture.queueing,
        "needed": picture.needed,
        "attempts": [
            {
                "number": bar.number,
                "earliest": bar.earliest,
                "latest": bar.latest,
                "ends": bar.ends,
                "state": bar.state,
                "copy": bar.copy,
            }
            for bar in picture.attempts
        ],
        "waits": [
            {"before": w.before, "start": w.start, "shortest": w.shortest, "longest": w.longest}
            for w in picture.waits
        ],
        "breaker": None
        if breaker is None
        else {
            "window": breaker.window,
            "counts": breaker.counts,
            "minimumCalls": breaker.minimum_calls,
            "openFor": breaker.open_for,
        },
        "latency": {name: getattr(picture.latency, name) for name in _PERCENTILES},
        "above": [{"label": each.label, "time": each.time} for each in picture.above],
        "below": [{"label": each.label, "time": each.time} for each in picture.below],
    }


def timeline_of(data: Mapping[str, Any]) -> Timeline:
    """The picture that `timeline_data` wrote."""
    breaker = data["breaker"]
    return Timeline(
        edge=EdgeId(data["from"], data["to"], data["operation"]),
        length=data["length"],
        attempt=data["attempt"],
        overall=data["overall"],
        queueing=data["queueing"],
        attempts=tuple(AttemptBar(**bar) for bar in data["attempts"]),
        waits=tuple(WaitBar(**wait) for wait in data["waits"]),
        breaker=None
        if breaker is None
        else BreakerBar(
            breaker["window"], breaker["counts"], breaker["minimumCalls"], breaker["openFor"]
        ),
        latency=Latency(**data["latency"]),
        above=tuple(Budget(**each) for each in data["above"]),
        below=tuple(Budget(**each) for each in data["below"]),
    )
