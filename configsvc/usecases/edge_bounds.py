"""The bounds of edges: how long a call takes at worst, and how many copies of it are made."""

from dataclasses import dataclass

from configsvc.analysis import native_system
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import Range
from configsvc.analysis.paths import Amplification
from configsvc.model.findings import EdgeId
from configsvc.resolve import Catalog


@dataclass(frozen=True, slots=True)
class EdgeBounds:
    """What one call over an edge may cost, the first attempt included.

    `worst_case` is the longest that the caller spends on it, in microseconds; `copies` are the
    requests that the callee gets for it when it fails. Undeclared data keep an interval apart.
    """

    worst_case: Range
    copies: Range


class BoundsOf:
    """The bounds of a catalog's edges, reckoned when they are asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._system = native_system(catalog)
        self._bounds = Bounds(self._system)
        self._paths = Amplification(self._system, self._bounds)

    def edge(self, edge: EdgeId) -> EdgeBounds | None:
        """The bounds of one edge; None where the catalog does not have it."""
        view = self._system.by_id.get(edge)
        if view is None:
            return None
        return EdgeBounds(self._bounds.worst_case(view), self._paths.factor(view))
