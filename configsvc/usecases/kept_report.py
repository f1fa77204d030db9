"""The report as it is kept with a revision: bounded, so that no namespace is too large for it."""

from typing import Any, Final

import orjson

from configsvc.analysis import Report
from configsvc.analysis.formats import report_data

MAX_ITEMS: Final = 500
"""Findings, waived findings and undecided rules that are kept of each; the worst stand first."""

MAX_EDGES: Final = 100
"""Edges that are kept of one of them."""

_LISTS: Final = ("findings", "waived", "notEvaluated")


def kept_report(report: Report) -> bytes:
    """The report as JSON; ``omitted`` counts what was left out, and is absent where nothing was."""
    data = report_data(report)
    omitted = sum(max(0, len(data[name]) - MAX_ITEMS) for name in _LISTS)
    kept = {name: [_bounded(each) for each in data[name][:MAX_ITEMS]] for name in _LISTS}
    more = {"omitted": omitted} if omitted else {}
    return orjson.dumps({**data, **kept, **more})


def _bounded(item: dict[str, Any]) -> dict[str, Any]:
    """A finding or undecided rule with the first of its edges; so with what it explains."""
    bounded = dict(item)
    if "edges" in item:
        bounded["edges"] = item["edges"][:MAX_EDGES]
    if "fingerprints" in item:
        bounded["fingerprints"] = item["fingerprints"][:MAX_EDGES]
    if "consequences" in item:
        bounded["consequences"] = [_bounded(each) for each in item["consequences"][:MAX_EDGES]]
    return bounded
