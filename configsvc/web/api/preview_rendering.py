"""What a change would do, as JSON."""

from typing import Any

from configsvc.analysis.formats import finding_data
from configsvc.analysis.formats.data import not_evaluated_data
from configsvc.model.names import Kind
from configsvc.schema import leaf_json
from configsvc.usecases import Preview
from configsvc.usecases.bound_data import bound_changes_data, edge_bounds_data
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
        "bounds": bound_changes_data(preview.bounds),
    }


def _edge_change_json(change: EdgeChange) -> dict[str, Any]:
    return {
        **edge_json(change.edge),
        "change": change.change,
        "bounds": {
            "before": edge_bounds_data(change.before),
            "after": edge_bounds_data(change.after),
        },
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
