"""What the rules say of files, and which of it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from configsvc.analysis import Report, Standing, mixed_report
from configsvc.analysis.rules import ALL
from configsvc.cli.baselines import Baseline, narrowed
from configsvc.cli.collecting import paused
from configsvc.cli.comparing import compare
from configsvc.cli.origins import Origin
from configsvc.cli.sources import Sources
from configsvc.resolve import Catalog


@dataclass(frozen=True, slots=True)
class Examination:
    """Files as a catalog under analysis, the report of it, and what of that is known already."""

    sources: Sources
    standing: Standing
    report: Report
    known: tuple[Baseline, ...]
    today: date

    @property
    def shown(self) -> Report:
        """The report with only what counts."""
        return narrowed(self.report, self.known)

    @property
    def catalog(self) -> Catalog:
        """The files as a catalog, on top of their origin if there is one."""
        return self.standing.catalog


@paused()
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
        standing = Standing.of(Catalog.of(sources.resources, namespace=namespace), ALL).on(today)
        return Examination(sources, standing, standing.report(today), tuple(baselines), today)
    change = compare(origin, sources, namespace)
    before = Standing.of(change.before, ALL).on(today)
    after = before.after(change.after, change.keys)
    was, report = before.report(today), after.report(today)
    if in_stages:
        mixed = mixed_report(before.system, after.system, ALL, (was, report), today)
        report = report.joined(mixed)
    known = (*baselines, Baseline.of(namespace, was))
    return Examination(sources, after, report, known, today)
