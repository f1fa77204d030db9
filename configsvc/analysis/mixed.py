"""What rules say of a fleet that changes over, and of neither revision by itself.

While a change is rolled out, callers of the old revision meet callees of the new one, and the
reverse. Each rule about an edge, an operation or the callers of a node is run on both mixtures;
rules about paths and cycles on both revisions side by side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Final

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.folding import Folded
from configsvc.analysis.found import Finder, Found
from configsvc.analysis.hits import Hit
from configsvc.analysis.interval import Range
from configsvc.analysis.mixing import OF_CALLEE, mixed, side_by_side
from configsvc.analysis.paths import Amplification
from configsvc.analysis.report import Mark, Report, worst_first
from configsvc.analysis.rule import Rule
from configsvc.analysis.suite import Suite
from configsvc.analysis.system import System
from configsvc.analysis.view import Concurrency, EdgeView, Traffic
from configsvc.analysis.waivers import Waivers
from configsvc.model.findings import Finding, OldSide, Place

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
    suite = Suite(rules)
    marks = _worst(report.marks for report in known)
    parts = (
        _part("callers", _meeting(suite, before, after), after, marks, today),
        _part("callees", _meeting(suite, after, before), after, marks, today),
        _part("some", _together(suite, before, after), after, marks, today),
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


def _meeting(suite: Suite, callers: System, callees: System) -> list[Hit]:
    """What happens where the callers of one revision meet the callees of the other."""
    system = mixed(callers, callees)
    bounds = Bounds(system)
    surroundings = _Surroundings(bounds, Bounds(callees))
    finder = Finder(system.namespace, surroundings)
    ends = [rule for rule in suite.nodes if "outgoing" not in rule.inputs]
    references = [rule for rule in suite.systems if "references" in rule.inputs]
    return _hits(
        chain(
            (suite.edge(edge, surroundings, finder) for edge in system.edges),
            (suite.work(work, bounds, finder) for work in system.works.values()),
            (suite.node(node, bounds, finder, ends) for node in system.nodes.values()),
            (suite.system(rule, system, finder) for rule in references),
        )
    )


def _together(suite: Suite, before: System, after: System) -> list[Hit]:
    """What happens on the way of a request that meets either revision at each hop."""
    system = side_by_side(before, after)
    bounds = Bounds(system)
    finder = Finder(system.namespace, bounds)
    amplification = Amplification(system, bounds)
    graph = [rule for rule in suite.systems if "works" in rule.inputs]
    return _hits(
        chain(
            (suite.path(path, finder) for path in amplification.worst_paths),
            (suite.pair(path, finder) for path in amplification.retrying_pairs),
            (suite.system(rule, system, finder) for rule in graph),
        )
    )


def _hits(every: Iterable[Found]) -> list[Hit]:
    return [hit for found in every for hit in found.hits]


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
    added = [
        replace(hit, fingerprint=f"{hit.fingerprint} (old: {old})")
        for hit in hits
        if _is_worse(hit, known.get(hit.fingerprint))
    ]
    folded = Folded(Waivers(after.waivers, today)).after((), added)
    findings, waived = folded.findings()
    return Report(
        findings=tuple(_marked(finding, old) for finding in findings),
        waived=tuple(_marked(finding, old) for finding in waived),
        marks=folded.marks(),
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
