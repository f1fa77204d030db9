"""A namespace under analysis: what rules say of it, and of it after a change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from configsvc.analysis.engine import Analysis
from configsvc.analysis.native import NativeView
from configsvc.analysis.report import Report
from configsvc.analysis.rule import Rule
from configsvc.analysis.system import System
from configsvc.model.names import Key
from configsvc.resolve import Catalog

_ALWAYS_KEPT: Final = 10_000
"""Parts and outcomes that are kept beside twice those of the first analysis."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A catalog with what rules found in it. Immutable; threads may share it.

    A changed catalog is analysed only where it differs, with the findings of a whole analysis. What
    the steps on the way have in common grows with them, so after many of them one is whole.
    """

    view: NativeView
    analysis: Analysis
    rules: Sequence[type[Rule]]
    size_at_first: int
    reported: dict[date, Report] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog, rules: Sequence[type[Rule]]) -> "Standing":
        """Run ``rules`` over everything in a catalog."""
        view = NativeView.of(catalog)
        analysis = Analysis.of(view.system, rules)
        return cls(view, analysis, rules, _size(view, analysis))

    @property
    def catalog(self) -> Catalog:
        """What was analysed."""
        return self.view.catalog

    @property
    def system(self) -> System:
        """The catalog as rules read it."""
        return self.view.system

    def after(self, catalog: Catalog, keys: Collection[Key]) -> "Standing":
        """What rules find in a catalog that was derived from this one's.

        ``keys``: every resource that is different in it.
        """
        if _size(self.view, self.analysis) > 2 * self.size_at_first + _ALWAYS_KEPT:
            return Standing.of(catalog, self.rules)
        if not keys:
            return self
        view, difference = self.view.after(catalog, keys)
        analysis = self.analysis.after(view.system, difference)
        return replace(self, view=view, analysis=analysis, reported={})

    def on(self, today: date) -> "Standing":
        """The same, ready to be reported on a day, and so are those derived from it."""
        analysis = self.analysis.folded_on(today)
        return self if analysis is self.analysis else replace(self, analysis=analysis)

    def report(self, today: date) -> Report:
        """What was found, under the waivers that hold on a day."""
        found = self.reported.get(today)
        if found is None:
            found = self.analysis.report(today)
            self.reported.clear()  # nobody asks for a day that is over
            self.reported[today] = found
        return found


def _size(view: NativeView, analysis: Analysis) -> int:
    """What is kept for whatever is derived: parts of views, and outcomes of rules on them."""
    return len(view.interned) + len(analysis.suite)
