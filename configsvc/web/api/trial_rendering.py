"""Simulated runs as JSON; integers are microseconds from the beginning of the run."""

from typing import Any

from configsvc.analysis.formats.timelines import timeline_data
from configsvc.simulate.impact import Bucket, EdgeImpact, FaultImpact, Phase
from configsvc.usecases.experimenting import EdgeTrial
from configsvc.web.api.rendering import edge_json


def trial_json(trial: EdgeTrial) -> dict[str, Any]:
    """What faults would do to an edge, and the picture of its time budget."""
    return {"timeline": timeline_data(trial.timeline), **_impact_json(trial.impact)}


def _impact_json(impact: EdgeImpact) -> dict[str, Any]:
    return {
        **edge_json(impact.edge),
        "seed": impact.seed,
        "rate": impact.rate,
        "length": impact.length,
        "faults": [_fault_json(each) for each in impact.faults],
    }


def _fault_json(fault: FaultImpact) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "says": fault.says,
        "start": fault.start,
        "end": fault.end,
        "calls": fault.calls,
        "attempts": fault.attempts,
        "outcomes": fault.outcomes,
        "refused": fault.refused,
        "mostAtOnce": fault.most_at_once,
        "abandoned": fault.abandoned,
        "opened": fault.opened,
        "recovered": fault.recovered,
        "breaker": [{"at": move.at, "state": move.state} for move in fault.moves],
        "phases": [_phase_json(each) for each in fault.phases],
        "series": [_bucket_json(each) for each in fault.series],
        "cutOff": fault.cut_off,
    }


def _phase_json(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.name,
        "calls": phase.calls,
        "ok": phase.ok,
        "failed": phase.failed,
        "p50": phase.p50,
        "p99": phase.p99,
        "longest": phase.longest,
    }


def _bucket_json(bucket: Bucket) -> dict[str, Any]:
    return {"at": bucket.at, "ok": bucket.ok, "failed": bucket.failed, "longest": bucket.longest}
