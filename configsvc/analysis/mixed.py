"""What rules say of a fleet that changes over, and of neither revision by itself.

While a change is rolled out, callers of the old revision meet callees of the new one, and the
reverse. Each rule about an edge, an operation or the callers of a node is run on both mixtures;
rules about paths and cycles on both revisions side by side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.collector import Collector
from configsvc.analysis.edge_runs import EdgeRuns
from configsvc.analysis.folding import fold_consequences, fold_edges
from configsvc.analysis.hits import Hit
from configsvc.analysis.interval import Range
from configsvc.analysis.mixing import OF_CALLEE, mixed, side_by_side
from configsvc.analysis.paths import Amplification
from configsvc.analysis.report import Mark, Report, worst_first
from configsvc.analysis.rule import (
    EdgeRule,
    NodeRule,
    PairRule,
    PathRule,
    Rule,
    SystemRule,
    WorkRule,
)
from configsvc.analysis.runs import run_nodes, run_pairs, run_paths, run_system, run_works
from configsvc.analysis.view import Concurrency, EdgeView, System, Traffic
from configsvc.analysis.waivers import Waivers
from configsvc.model.findings import Finding, OldSide, Place

R = TypeVar("R", bound=Rule)

_WHILE: Final[Mapping[OldSide, str]] = {
    "callers": "while old callers meet new callees",
    "callees": "while new callers meet old callees",
    "some": "while some instances are old and others new",
}


def mixed_report(
    before: System, after: System, rules: Sequence[type[Rule]], known: Iterable[Report], today: date
) -> Report:
    """What is wrong while a fleet changes from ``before`` to ``after``, and in neither of them.

    Args:
        before: the revision that callers and callees run at first.
        after: the one that they run in the end.
        rules: to run.
        known: the reports of both by themselves; what they have as bad is left out.
        today: decides which of the waivers of ``after`` hold.
    """
    every = tuple(rule() for rule in rules)
    marks = _worst(report.marks for report in known)
    parts = (
        _part("callers", _meeting(every, before, after), after, marks, today),
        _part("callees", _meeting(every, after, before), after, marks, today),
        _part("some", _together(every, before, after), after, marks, today),
    )
    return Report(
        findings=worst_first(f for part in parts for f in part.findings),
        waived=worst_first(f for part in parts for f in part.waived),
        marks={name: mark for part in parts for name, mark in part.marks.items()},
    )


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the graph says of an edge whose ends differ: rates by callers, work by callees."""

    callers: Bounds
    callees: Bounds

    def traffic(self, edge: EdgeView) -> Traffic:
        """Return how many calls the edge sees."""
        return self.callers.traffic(edge)

    def concurrency(self, edge: EdgeView) -> Concurrency:
        """Return how many calls of one process share the edge's bulkhead at a time."""
        return self.callers.concurrency(edge)

    def subtree(self, edge: EdgeView) -> Range:
        """Return the longest time in microseconds that the callee works on one request."""
        return self.callees.subtree(edge)


def _meeting(rules: tuple[Rule, ...], callers: System, callees: System) -> list[Hit]:
    """What happens where the callers of one revision meet the callees of the other."""
    system = mixed(callers, callees)
    bounds = Bounds(system)
    surroundings = _Surroundings(bounds, Bounds(callees))
    collector = Collector(system.namespace, surroundings)
    EdgeRuns(_of(rules, EdgeRule), surroundings).run(system.edges, collector)
    run_works(_of(rules, WorkRule), system, bounds, collector)
    ends = [rule for rule in _of(rules, NodeRule) if "outgoing" not in rule.inputs]
    run_nodes(ends, system, bounds, collector)
    references = [rule for rule in _of(rules, SystemRule) if "references" in rule.inputs]
    run_system(references, system, collector)
    return collector.hits


def _together(rules: tuple[Rule, ...], before: System, after: System) -> list[Hit]:
    """What happens on the way of a request that meets either revision at each hop."""
    system = side_by_side(before, after)
    bounds = Bounds(system)
    collector = Collector(system.namespace, bounds)
    amplification = Amplification(system, bounds)
    run_paths(_of(rules, PathRule), amplification, collector)
    run_pairs(_of(rules, PairRule), amplification, collector)
    run_system((r for r in _of(rules, SystemRule) if "works" in r.inputs), system, collector)
    return collector.hits


def _of(rules: Iterable[Rule], shape: type[R]) -> tuple[R, ...]:
    return tuple(rule for rule in rules if isinstance(rule, shape))


def _worst(every: Iterable[Mapping[str, Mark]]) -> Mapping[str, Mark]:
    worst: dict[str, Mark] = {}
    for marks in every:
        for name, mark in marks.items():
            known = worst.get(name, mark)
            worst[name] = Mark(
                max(known.severity, mark.severity), max(known.magnitude, mark.magnitude)
            )
    return worst


def _part(
    old: OldSide, hits: list[Hit], after: System, known: Mapping[str, Mark], today: date
) -> Report:
    """The report of one mixture: only what no revision has by itself, or not as badly."""
    added = [hit for hit in hits if _is_worse(hit, known.get(hit.fingerprint))]
    Waivers(after.waivers, today).apply(added)
    for hit in added:
        hit.fingerprint = f"{hit.fingerprint} (old: {old})"
    roots = fold_consequences(added)
    opened = [hit for hit in roots if hit.waived_by is None]
    waived = fold_edges(hit for hit in roots if hit.waived_by is not None)
    return Report(
        findings=tuple(_marked(finding, old) for finding in fold_edges(opened)),
        waived=tuple(_marked(finding, old) for finding in waived),
        marks={
            hit.fingerprint: Mark(hit.severity, hit.conflict.magnitude)
            for root in opened
            for hit in root.every()
        },
    )


def _is_worse(hit: Hit, known: Mark | None) -> bool:
    if known is None or hit.severity > known.severity:
        return True
    return hit.conflict.magnitude > known.magnitude


def _marked(finding: Finding, old: OldSide) -> Finding:
    """Say in which mixture a finding is; there is no document that could be fixed."""
    return replace(
        finding,
        message=f"{finding.message} ({_WHILE[old]})",
        places=tuple(_dated(place, old) for place in finding.places),
        fix=None,
        old=old,
    )


def _dated(place: Place, old: OldSide) -> Place:
    """Say of what only the old revision holds that it does: the documents at hand may not."""
    side = "callees" if place.label.partition(".")[0] in OF_CALLEE else "callers"
    return replace(place, label=f"{place.label}, in the old revision") if side == old else place
