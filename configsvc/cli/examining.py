"""What the rules say of files, and which of it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from configsvc.analysis import Report, analyze, analyze_mixed
from configsvc.analysis.rules import ALL
from configsvc.cli.baselines import Baseline, narrowed
from configsvc.cli.comparing import compare
from configsvc.cli.origins import Origin
from configsvc.cli.sources import Sources
from configsvc.resolve import Catalog


@dataclass(frozen=True, slots=True)
class Examination:
    """Files as a catalog, the report of it, and what of that is known already."""

    sources: Sources
    catalog: Catalog
    report: Report
    known: tuple[Baseline, ...]
    today: date

    @property
    def shown(self) -> Report:
        """The report with only what counts."""
        return narrowed(self.report, self.known)

    def again(self, catalog: Catalog) -> Report:
        """What the rules say of a catalog on the same day."""
        return analyze(catalog, ALL, today=self.today)


def examine(
    sources: Sources,
    namespace: str,
    today: date,
    *,
    origin: Origin | None = None,
    baselines: Sequence[Baseline] = (),
    in_stages: bool = False,
) -> Examination:
    """Run the rules over files, put on top of an origin if there is one.

    Args:
        sources: the files.
        namespace: of the files.
        today: decides which waivers hold.
        origin: what was before: its findings do not count.
        baselines: further findings that do not count.
        in_stages: whether what is wrong between the origin and the files counts as well.
    """
    if origin is None:
        catalog = Catalog.of(sources.resources, namespace=namespace)
        report = analyze(catalog, ALL, today=today)
        return Examination(sources, catalog, report, tuple(baselines), today)
    change = compare(origin, sources, namespace)
    was, report = (analyze(c, ALL, today=today) for c in (change.before, change.after))
    if in_stages:
        known, sides = (was, report), (change.before, change.after)
        report = report.joined(analyze_mixed(*sides, ALL, known=known, today=today))
    before = Baseline.of(namespace, was)
    return Examination(sources, change.after, report, (*baselines, before), today)
