"""Plans: what files would change, as far as it can be told before they are published."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from configsvc.analysis import Report, Standing, new_findings
from configsvc.analysis.rules import ALL
from configsvc.cli.collecting import paused
from configsvc.cli.comparing import Comparison
from configsvc.model.findings import Finding, Severity
from configsvc.model.names import Key
from configsvc.usecases.bound_changes import BoundChanges, compare_bounds
from configsvc.usecases.edge_changes import EdgeChanges, changed_edges
from configsvc.usecases.graph_bounds import BoundsOf


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A resource that the change puts or deletes."""

    key: Key
    change: str
    """``added``, ``changed`` or ``deleted``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change does: to resources, to edges and bounds of the graph, to findings.

    `added` are findings that are new or worse, `blocking` those of them for which the gate refuses
    to publish, `waived` are newly waived; `undecided` counts rules that lack data.
    """

    comparison: Comparison
    report: Report
    resources: tuple[ResourceChange, ...]
    edges: EdgeChanges
    bounds: BoundChanges
    added: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    blocking: tuple[Finding, ...]
    waived: tuple[Finding, ...]

    @property
    def publishable(self) -> bool:
        """Whether the gate would let the change through."""
        return not (self.blocking or self.comparison.sources.errors)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not self.resources


@paused()
def plan_of(comparison: Comparison, today: date) -> Plan:
    """Run today's rules over both sides of a change and compare everything that can be."""
    before, after = comparison.before, comparison.after
    standing = Standing.of(before, ALL).on(today)
    changed = standing.after(after, comparison.keys)
    was, now = standing.report(today), changed.report(today)
    bounds = (at_first := BoundsOf.standing(standing)), at_first.after(changed)
    known = {mark for finding in was.waived for mark in finding.fingerprints}
    return Plan(
        comparison=comparison,
        report=now,
        resources=tuple(_resources(comparison)),
        edges=changed_edges(before, after, comparison.keys, bounds),
        bounds=compare_bounds(*bounds),
        added=new_findings(now, was, least=Severity.INFO),
        resolved=tuple(f for f in was.findings if now.marks.keys().isdisjoint(f.fingerprints)),
        blocking=new_findings(now, was),
        waived=tuple(f for f in now.waived if not known.issuperset(f.fingerprints)),
    )


def _resources(comparison: Comparison) -> Iterator[ResourceChange]:
    before, after = comparison.before.resources, comparison.after.resources
    for key in sorted(comparison.keys):
        if key not in after:
            yield ResourceChange(key, "deleted")
        else:
            yield ResourceChange(key, "changed" if key in before else "added")
