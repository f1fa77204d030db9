"""Folding: one mistake gives one finding.

A hit that another explains is put under it, and hits of one code that stem from the same written
fields become one finding. What a change does not touch stays folded.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from configsvc.analysis.hits import Hit, finding_of
from configsvc.analysis.report import Mark, sort_key, worst_first
from configsvc.analysis.waivers import Waivers
from configsvc.model.findings import EdgeId, Finding
from configsvc.model.names import Key

_Hits = tuple[Hit, ...]
Mistake = Hashable
"""What hits of one mistake have in common."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding, where it stands among others, and the marks of all that is folded into it."""

    finding: Finding
    order: tuple[object, ...]
    marks: Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class Folded:
    """Hits, folded. Immutable: a change of the hits gives another one.

    ``on_edges`` has the hits about each edge, ``parents`` what explains a hit, ``children`` what a
    hit explains; ``matched`` the waivers that are about a hit, and ``roots`` the hits that nothing
    explains by the mistake that they are.
    """

    waivers: Waivers
    on_edges: Mapping[EdgeId, _Hits] = field(default_factory=dict)
    parents: Mapping[Hit, Hit] = field(default_factory=dict)
    children: Mapping[Hit, _Hits] = field(default_factory=dict)
    matched: Mapping[Hit, tuple[Key, ...]] = field(default_factory=dict)
    roots: Mapping[Mistake, _Hits] = field(default_factory=dict)
    entries: Mapping[Mistake, Entry] = field(default_factory=dict)

    def after(self, gone: Collection[Hit], fresh: Collection[Hit]) -> "Folded":
        """The hits without those that are gone and with those that are fresh."""
        return _Refolding(self, gone, fresh).folded() if gone or fresh else self

    def findings(self) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Those that are open and those that are waived, worst first."""
        every = sorted(self.entries.values(), key=lambda entry: entry.order)
        found = [entry.finding for entry in every]
        return (
            tuple(finding for finding in found if finding.waived_by is None),
            tuple(finding for finding in found if finding.waived_by is not None),
        )

    def marks(self) -> dict[str, Mark]:
        """How bad each open hit is, by fingerprint."""
        marks: dict[str, Mark] = {}
        for entry in self.entries.values():
            if entry.finding.waived_by is None:
                marks.update(entry.marks)
        return marks


class _Refolding:
    """Hits on their way from one folding to the next: tables are copied, then changed in place."""

    def __init__(self, before: Folded, gone: Collection[Hit], fresh: Collection[Hit]) -> None:
        self._before = before
        self._gone = frozenset(gone)
        self._fresh = frozenset(fresh)
        self._on_edges = dict(before.on_edges)
        self._parents = dict(before.parents)
        self._children = dict(before.children)
        self._matched = dict(before.matched)
        self._roots = dict(before.roots)
        self._entries = dict(before.entries)

    def folded(self) -> Folded:
        """The hits after the change."""
        self._match()
        moved = self._attach(self._index())
        for mistake in self._regroup(moved):
            self._enter(mistake)
        return Folded(
            self._before.waivers,
            self._on_edges,
            self._parents,
            self._children,
            self._matched,
            self._roots,
            self._entries,
        )

    def _match(self) -> None:
        for hit in self._gone:
            self._matched.pop(hit, None)
        for hit in self._fresh:
            matching = self._before.waivers.matching(hit)
            if matching:
                self._matched[hit] = matching

    def _index(self) -> list[Hit]:
        """Put hits to their edges; return those whose explanation may be another now."""
        added: dict[EdgeId, list[Hit]] = {}
        for hit in self._fresh:
            for edge in hit.edges:
                added.setdefault(edge, []).append(hit)
        touched = added.keys() | {edge for hit in self._gone for edge in hit.edges}
        moved: list[Hit] = []
        for edge in touched:
            kept = [hit for hit in self._on_edges.pop(edge, ()) if hit not in self._gone]
            here = sorted((*kept, *added.get(edge, ())), key=_order)
            if here:
                self._on_edges[edge] = tuple(here)
                moved += (hit for hit in here if hit.edges[0] == edge)
        return moved

    def _attach(self, hits: Iterable[Hit]) -> set[Hit]:
        """Put each hit under what explains it; return those that moved, and those above them."""
        moved: set[Hit] = {*self._gone, *self._fresh}
        for hit in hits:
            was, now = self._before.parents.get(hit), self._explanation(hit)
            if was is now:
                continue
            moved.add(hit)
            self._move(hit, was, now)
        for hit in self._gone:
            was = self._parents.pop(hit, None)
            if was is not None:
                self._drop(was, hit)
            self._children.pop(hit, None)
        return moved | {self._top(hit) for hit in self._disturbed(moved)}

    def _disturbed(self, moved: Iterable[Hit]) -> Iterator[Hit]:
        """Hits above those that moved, before and after."""
        for hit in moved:
            for parents in (self._before.parents, self._parents):
                parent = parents.get(hit)
                if parent is not None and parent not in self._gone:
                    yield parent

    def _explanation(self, hit: Hit) -> Hit | None:
        """The first hit that explains another and covers all of its edges.

        What is worse than its explanation stands for itself: an error never hides behind a warning.
        """
        for root in self._on_edges[hit.edges[0]]:
            explains = hit.rule.code in root.rule.explains and hit.severity <= root.severity
            if explains and set(hit.edges) <= set(root.edges):
                return root
        return None

    def _move(self, hit: Hit, was: Hit | None, now: Hit | None) -> None:
        if was is not None:
            self._drop(was, hit)
        if now is None:
            self._parents.pop(hit, None)
            return
        self._parents[hit] = now
        self._children[now] = (*self._children.get(now, ()), hit)

    def _drop(self, parent: Hit, hit: Hit) -> None:
        rest = tuple(child for child in self._children.get(parent, ()) if child is not hit)
        if rest:
            self._children[parent] = rest
        else:
            self._children.pop(parent, None)

    def _top(self, hit: Hit) -> Hit:
        while hit in self._parents:
            hit = self._parents[hit]
        return hit

    def _regroup(self, moved: Iterable[Hit]) -> set[Mistake]:
        """Put roots to their mistakes; return the mistakes that differ."""
        removed: dict[Mistake, set[Hit]] = {}
        added: dict[Mistake, list[Hit]] = {}
        changed: set[Mistake] = set()
        for hit in moved:
            was = hit not in self._fresh and hit not in self._before.parents
            now = hit not in self._gone and hit not in self._parents
            if not (was or now):
                continue
            mistake = self._mistake(hit)
            changed.add(mistake)
            if was and not now:
                removed.setdefault(mistake, set()).add(hit)
            elif now and not was:
                added.setdefault(mistake, []).append(hit)
        for mistake in removed.keys() | added.keys():
            out = removed.get(mistake, set())
            kept = (hit for hit in self._roots.pop(mistake, ()) if hit not in out)
            here = (*kept, *added.get(mistake, ()))
            if here:
                self._roots[mistake] = here
        return changed

    def _mistake(self, hit: Hit) -> Mistake:
        if not hit.edges or hit.conflict.places:
            return hit
        return hit.rule.code, self._waived_by(hit), hit.sources

    def _waived_by(self, hit: Hit) -> str | None:
        matched = self._matched.get(hit) or self._before.matched.get(hit)
        return None if matched is None else self._before.waivers.accepting(matched)

    def _enter(self, mistake: Mistake) -> None:
        roots = self._roots.get(mistake)
        if roots is None:
            self._entries.pop(mistake, None)
            return
        finding = self._finding(roots)
        every = (one for root in roots for one in self._every(root))
        marks = {hit.fingerprint: hit.mark for hit in every}
        self._entries[mistake] = Entry(finding, sort_key(finding), marks)

    def _finding(self, hits: Iterable[Hit]) -> Finding:
        """One finding of hits of one mistake: the worst of them speaks for the others."""
        ordered = sorted(hits, key=_worst)
        worst = ordered[0]
        inner = (one.fingerprint for hit in ordered for one in self._every(hit))
        return finding_of(
            worst,
            edges=tuple(sorted({edge for hit in ordered for edge in hit.edges})),
            fingerprints=tuple(dict.fromkeys((*(h.fingerprint for h in ordered), *inner))),
            consequences=self._consequences(ordered),
            waived_by=self._waived_by(worst),
        )

    def _consequences(self, hits: Iterable[Hit]) -> tuple[Finding, ...]:
        groups: dict[Mistake, list[Hit]] = {}
        for hit in hits:
            for child in self._children.get(hit, ()):
                groups.setdefault(self._mistake(child), []).append(child)
        return worst_first(self._finding(group) for group in groups.values())

    def _every(self, hit: Hit) -> Iterator[Hit]:
        """A hit and all that it explains."""
        yield hit
        for child in sorted(self._children.get(hit, ()), key=_order):
            yield from self._every(child)


def _order(hit: Hit) -> tuple[object, ...]:
    """The order in which hits explain one another: narrow rules first."""
    return hit.rule.breadth, hit.rule.code, hit.edges, hit.conflict.detail


def _worst(hit: Hit) -> tuple[object, ...]:
    return -hit.severity, -hit.conflict.magnitude, str(hit.subject), hit.fingerprint
