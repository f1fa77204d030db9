"""Finds policies that do not fit together: rules over a neutral view of the call graph."""

from collections.abc import Collection, Sequence
from datetime import date

from configsvc.analysis.engine import run_rules
from configsvc.analysis.native import Runtimes, native_system
from configsvc.analysis.report import Mark, Report, new_findings
from configsvc.analysis.rule import Rule
from configsvc.model.findings import EdgeId
from configsvc.resolve import Catalog

__all__ = [
    "Mark",
    "Report",
    "Rule",
    "Runtimes",
    "analyze",
    "native_system",
    "new_findings",
    "run_rules",
]


def analyze(
    catalog: Catalog,
    rules: Sequence[type[Rule]],
    *,
    today: date,
    only: Collection[EdgeId] | None = None,
    runtimes: Runtimes | None = None,
) -> Report:
    """Run ``rules`` over everything in ``catalog``.

    ``today`` decides which waivers hold; ``only`` restricts the rules about single edges to these;
    ``runtimes`` tells what enforces the policies of imported edges.
    """
    return run_rules(native_system(catalog, runtimes), rules, today=today, only=only)
