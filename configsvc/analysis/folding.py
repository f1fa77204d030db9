"""Folding: one mistake gives one finding."""

from collections.abc import Iterable, Sequence

from configsvc.analysis.hits import Hit, finding_of
from configsvc.analysis.report import worst_first
from configsvc.model.findings import EdgeId, Finding


def fold_consequences(hits: Sequence[Hit]) -> list[Hit]:
    """Put each hit under one that explains it; return those that nothing explains."""
    by_edge: dict[EdgeId, list[Hit]] = {}
    for hit in hits:
        for edge in hit.edges:
            by_edge.setdefault(edge, []).append(hit)
    return [hit for hit in hits if not _attach(hit, by_edge)]


def _attach(hit: Hit, by_edge: dict[EdgeId, list[Hit]]) -> bool:
    """Put ``hit`` under the first hit that explains it and covers all of its edges.

    What is worse than its explanation stands for itself: an error never hides behind a warning.
    """
    if not hit.edges:
        return False
    for root in by_edge[hit.edges[0]]:
        explained = hit.rule.code in root.rule.explains and hit.severity <= root.severity
        if explained and set(hit.edges) <= set(root.edges):
            root.consequences.append(hit)
            return True
    return False


def fold_edges(hits: Iterable[Hit]) -> tuple[Finding, ...]:
    """Make one finding of all hits of one code that stem from the same written fields.

    The worst of them speaks for the others; the order is by severity, code and subject.
    """
    groups: dict[object, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(_mistake(hit), []).append(hit)
    return worst_first(_one_finding(group) for group in groups.values())


def _mistake(hit: Hit) -> object:
    """What hits of one mistake have in common."""
    if not hit.edges or hit.conflict.places:
        return hit
    return (hit.rule.code, hit.waived_by, hit.policy_sources())


def _one_finding(group: list[Hit]) -> Finding:
    worst, *others = sorted(
        group, key=lambda hit: (-hit.severity, -hit.conflict.magnitude, str(hit.subject))
    )
    return finding_of(worst, others, fold_edges(c for hit in group for c in hit.consequences))
