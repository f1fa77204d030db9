"""A namespace under analysis: what rules say of it, and of it after a change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from configsvc.analysis.engine import Analysis
from configsvc.analysis.native import NativeView
from configsvc.analysis.report import Report
from configsvc.analysis.rule import Rule
from configsvc.model.names import Key
from configsvc.resolve import Catalog

_ALWAYS_KEPT: Final = 10_000
"""Parts of views that are kept beside twice those of the first one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A catalog with what rules found in it. Immutable; threads may share it.

    A changed catalog is analysed only where it differs, with the findings of a whole analysis. What
    the steps on the way have in common grows with them, so after many of them one is whole.
    """

    view: NativeView
    analysis: Analysis
    rules: Sequence[type[Rule]]
    parts_at_first: int

    @classmethod
    def of(cls, catalog: Catalog, rules: Sequence[type[Rule]]) -> "Standing":
        """Run ``rules`` over everything in a catalog."""
        view = NativeView.of(catalog)
        analysis = Analysis.of(view.system, rules)
        return cls(view, analysis, rules, len(view.interned))

    @property
    def catalog(self) -> Catalog:
        """What was analysed."""
        return self.view.catalog

    def after(self, catalog: Catalog, keys: Collection[Key]) -> "Standing":
        """What rules find in a catalog that was derived from this one's.

        ``keys``: every resource that is different in it.
        """
        if len(self.view.interned) > 2 * self.parts_at_first + _ALWAYS_KEPT:
            return Standing.of(catalog, self.rules)
        view, difference = self.view.after(catalog, keys)
        return replace(self, view=view, analysis=self.analysis.after(view.system, difference))

    def on(self, today: date) -> "Standing":
        """The same, ready to be reported on a day, and so are those derived from it."""
        return replace(self, analysis=self.analysis.folded_on(today))

    def report(self, today: date) -> Report:
        """What was found, under the waivers that hold on a day."""
        return self.analysis.report(today)
