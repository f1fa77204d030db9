"""Finds policies that do not fit together: rules over a neutral view of the call graph."""

from collections.abc import Iterable, Sequence
from datetime import date

from configsvc.analysis.engine import run_rules
from configsvc.analysis.mixed import mixed_report
from configsvc.analysis.native import Runtimes, native_system
from configsvc.analysis.report import Mark, Report, new_findings
from configsvc.analysis.rule import Rule
from configsvc.analysis.standing import Standing
from configsvc.resolve import Catalog

__all__ = [
    "Mark",
    "Report",
    "Rule",
    "Runtimes",
    "Standing",
    "analyze",
    "analyze_mixed",
    "mixed_report",
    "native_system",
    "new_findings",
    "run_rules",
]


def analyze(
    catalog: Catalog,
    rules: Sequence[type[Rule]],
    *,
    today: date,
    runtimes: Runtimes | None = None,
) -> Report:
    """Run ``rules`` over everything in ``catalog``.

    ``today`` decides which waivers hold; ``runtimes`` tells what enforces the policies of imported
    edges.
    """
    return run_rules(native_system(catalog, runtimes), rules, today=today)


def analyze_mixed(
    before: Catalog,
    after: Catalog,
    rules: Sequence[type[Rule]],
    *,
    known: Iterable[Report],
    today: date,
) -> Report:
    """What is wrong while a fleet changes from ``before`` to ``after``, and in neither of them.

    ``known`` are the reports of both. Each finding says who runs the old revision
    (`Finding.old`); ``today`` decides which waivers of ``after`` hold.
    """
    return mixed_report(native_system(before), native_system(after), rules, known, today)
