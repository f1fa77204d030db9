"""The engine: runs rules over a system, and over the next one only where it differs.

It gets the rules as an argument and knows none of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.difference import Difference
from configsvc.analysis.folding import Folded
from configsvc.analysis.found import NOTHING, Everything, Finder, Found, Unit
from configsvc.analysis.hits import Hit, finding_of
from configsvc.analysis.paths import Amplification, PathView
from configsvc.analysis.reach import Reach
from configsvc.analysis.report import Report, worst_first
from configsvc.analysis.rule import Rule, SystemRule
from configsvc.analysis.suite import Suite
from configsvc.analysis.system import System
from configsvc.analysis.waivers import Waivers


def run_rules(system: System, rules: Sequence[type[Rule]], *, today: date) -> Report:
    """Run ``rules`` over ``system``; ``today`` decides which waivers hold."""
    return Analysis.of(system, rules).report(today)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What rules found in a system, and what is needed to find it in one that was derived from it.

    ``folded`` are the findings under the waivers and on the day of the last report, if there was
    one.
    """

    system: System
    suite: Suite
    bounds: Bounds
    amplification: Amplification
    found: Everything
    folded: Folded | None = None

    @classmethod
    def of(cls, system: System, rules: Sequence[type[Rule]]) -> "Analysis":
        """Run rules over all of a system."""
        suite, bounds = Suite(rules), Bounds(system)
        amplification = Amplification(system, bounds)
        run = _Run(system, suite, bounds, amplification)
        found = Everything().after(dict(run.all(Reach.all(system))))
        return cls(system, suite, bounds, amplification, found)

    def after(self, system: System, difference: Difference) -> "Analysis":
        """The analysis of a system that was derived from this one's."""
        bounds = self.bounds.after(system, difference)
        amplification = self.amplification.after(system, bounds, difference)
        run = _Run(system, self.suite, bounds, amplification, self)
        reach = Reach.of(self.bounds, bounds, difference)
        changed = dict(run.all(reach))
        return replace(
            self,
            system=system,
            bounds=bounds,
            amplification=amplification,
            found=self.found.after(changed),
            folded=self._refolded(system, changed),
        )

    def folded_on(self, today: date) -> "Analysis":
        """The analysis with its findings under the waivers of a day."""
        folded = self._folded(today)
        return self if folded is self.folded else replace(self, folded=folded)

    def _folded(self, today: date) -> Folded:
        if self.folded is not None and self.folded.waivers.today == today:
            return self.folded
        return Folded(Waivers(self.system.waivers, today)).after((), self.found.hits())

    def report(self, today: date) -> Report:
        """What was found, and which waivers accept what on a day."""
        folded = self._folded(today)
        findings, waived = folded.findings()
        judged = tuple(self._judged(folded))
        return Report(
            findings=worst_first((*findings, *map(finding_of, judged))) if judged else findings,
            waived=waived,
            not_evaluated=self.found.not_evaluated(),
            marks=folded.marks() | {hit.fingerprint: hit.mark for hit in judged},
            edges=len(self.system.edges),
        )

    def _judged(self, folded: Folded) -> Iterator[Hit]:
        """What is wrong with waivers themselves, which no waiver accepts."""
        finder = Finder(self.system.namespace, self.bounds)
        for use in folded.waivers.uses(folded.matched.values()):
            yield from self.suite.waiver(use, finder).hits

    def _refolded(self, system: System, changed: dict[Unit, Found]) -> Folded | None:
        """The findings after a change; None where they have to be folded anew."""
        if self.folded is None or system.waivers is not self.system.waivers:
            return None
        before = (self.found.units.get(unit, NOTHING) for unit in changed)
        was = {hit for found in before for hit in found.hits}
        now = {hit for found in changed.values() for hit in found.hits}
        return self.folded.after(was - now, now - was)


class _Run:
    """Runs rules on the units of a system that may have other outcomes than before."""

    def __init__(
        self,
        system: System,
        suite: Suite,
        bounds: Bounds,
        amplification: Amplification,
        before: Analysis | None = None,
    ) -> None:
        self._system = system
        self._suite = suite
        self._bounds = bounds
        self._amplification = amplification
        self._before = before
        self._finder = Finder(system.namespace, bounds)

    def all(self, reach: Reach) -> Iterator[tuple[Unit, Found]]:
        """What rules find in each unit that is reached."""
        suite, bounds, finder = self._suite, self._bounds, self._finder
        yield from ((("edge", name), NOTHING) for name in reach.edges_gone)
        yield from ((("work", name), NOTHING) for name in reach.works_gone)
        yield from ((("node", name), NOTHING) for name in reach.nodes_gone)
        yield from ((("policy", key), NOTHING) for key in reach.policies_gone)
        for edge in reach.edges:
            yield ("edge", edge.id), suite.edge(edge, bounds, finder)
        for work in reach.works:
            yield ("work", (work.node, work.operation)), suite.work(work, bounds, finder)
        for node in reach.nodes:
            yield ("node", node.name), suite.node(node, bounds, finder)
        for policy in reach.policies:
            yield ("policy", policy.key), suite.policy(policy, self._system, finder)
        yield from self._paths()
        for rule in suite.systems:
            if not reach.parts.isdisjoint(rule.inputs):
                yield ("system", rule.code), self._of_whole(rule)

    def _paths(self) -> Iterator[tuple[Unit, Found]]:
        """What rules find on paths that are others than before, or over other edges."""
        before = None if self._before is None else self._before.amplification
        now = self._amplification
        worst = () if before is None else before.worst_paths
        pairs = () if before is None else before.retrying_pairs
        yield from self._changed("path", self._suite.path, worst, now.worst_paths)
        yield from self._changed("pair", self._suite.pair, pairs, now.retrying_pairs)

    def _changed(
        self,
        shape: str,
        find: Callable[[PathView, Finder], Found],
        before: Iterable[PathView],
        now: Iterable[PathView],
    ) -> Iterator[tuple[Unit, Found]]:
        gone = {path.edges: path for path in before}
        for path in now:
            was = gone.pop(path.edges, None)
            if was is None or not was.same(path):
                yield (shape, path.edges), find(path, self._finder)
        yield from (((shape, edges), NOTHING) for edges in gone)

    def _of_whole(self, rule: SystemRule) -> Found:
        """What a rule finds in the whole system; what it found before stays the same hit."""
        found = self._suite.system(rule, self._system, self._finder)
        if self._before is None:
            return found
        was = self._before.found.units.get(("system", rule.code), NOTHING)
        known = {hit.fingerprint: hit for hit in was.hits}
        hits = ((known.get(hit.fingerprint), hit) for hit in found.hits)
        return replace(
            found, hits=tuple(old if old and old.like(hit) else hit for old, hit in hits)
        )
