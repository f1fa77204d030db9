"""What a change would do, as JSON."""

from math import isinf
from typing import Any

from configsvc.analysis.formats import finding_data
from configsvc.analysis.formats.data import not_evaluated_data
from configsvc.model.names import Kind
from configsvc.model.quantities import format_duration
from configsvc.schema import leaf_json
from configsvc.usecases import Preview
from configsvc.usecases.edge_bounds import EdgeBounds
from configsvc.usecases.edge_changes import EdgeChange
from configsvc.web.api.policy_rendering import source_json
from configsvc.web.api.problem_members import document_error_json
from configsvc.web.api.rendering import edge_json


def preview_json(preview: Preview) -> dict[str, Any]:
    """What a check says of a proposal."""
    judgement = preview.judgement
    return {
        "publishable": preview.publishable,
        "errors": [document_error_json(each) for each in preview.errors],
        "findings": [finding_data(f) for f in judgement.report.findings],
        "added": [f.fingerprints[0] for f in judgement.added],
        "blocking": [f.fingerprints[0] for f in judgement.blocking],
        "needsWaive": [f.fingerprints[0] for f in judgement.newly_waived_errors],
        "resolved": [finding_data(f) for f in judgement.resolved],
        "waived": [finding_data(f) for f in judgement.report.waived],
        "notEvaluated": [not_evaluated_data(n) for n in judgement.report.not_evaluated],
        "edges": [_edge_change_json(each) for each in preview.edges.edges],
        "edgesTotal": preview.edges.total,
    }


def _edge_change_json(change: EdgeChange) -> dict[str, Any]:
    return {
        **edge_json(change.edge),
        "change": change.change,
        "bounds": {"before": _bounds_json(change.before), "after": _bounds_json(change.after)},
        "fields": [
            {
                "path": field.path,
                "before": _path_json(field.path, field.before),
                "after": _path_json(field.path, field.after),
                "sources": [source_json(source) for source in field.sources],
            }
            for field in change.fields
        ],
    }


def _path_json(path: str, value: Any) -> Any:  # noqa: ANN401 a leaf of any type
    kind, _, leaf = path.partition(".")
    return leaf_json(Kind(kind), leaf, value)


def _bounds_json(bounds: EdgeBounds | None) -> dict[str, Any] | None:
    if bounds is None:
        return None
    time, copies = bounds.worst_case, bounds.copies
    return {
        "worstCase": {"low": _time_json(time.low), "high": _time_json(time.high)},
        "amplification": {"low": copies.low, "high": None if isinf(copies.high) else copies.high},
        "missing": sorted(time.missing | copies.missing),
    }


def _time_json(micros: float) -> str | None:
    return None if isinf(micros) else format_duration(round(micros))
