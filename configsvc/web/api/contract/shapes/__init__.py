"""The shapes of what the API takes and answers, by name."""

from typing import Final

from configsvc.web.api.contract.shapes import (
    administration,
    bounds,
    changes,
    findings,
    fleet,
    policies,
    problem,
    resources,
    rollouts,
    trials,
)
from configsvc.web.api.contract.shapes.terms import Shape

SHAPES: Final[dict[str, Shape]] = {
    **administration.SHAPES,
    **bounds.SHAPES,
    **changes.SHAPES,
    **findings.SHAPES,
    **fleet.SHAPES,
    **policies.SHAPES,
    **problem.SHAPES,
    **resources.SHAPES,
    **rollouts.SHAPES,
    **trials.SHAPES,
}
"""Every shape except those of documents, which are the JSON Schemas of their kinds."""

__all__ = ["SHAPES", "Shape"]
