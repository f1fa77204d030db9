"""GW04: one request, two routes that guard it differently, and only their names to choose by."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.meeting import undecided
from configsvc.analysis.routing import RouteView
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.model.findings import Place, Severity, Subject, Witness


class DivergentOverlap(SystemRule):
    """
    Two routes to the same place that guard it differently, in the order of their names.

    ## What it does
    Reports pairs of routes of a gateway that overlap, lead to the same place, ask for different
    authentication or rate limits, and are alike in everything that decides which one is tried
    first.

    ## Why is this bad?
    Whether a request needs a token, or counts against a limit, depends on the alphabet.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Route
    metadata: {name: by-tenant}
    spec:
      gateway: edge
      match: {prefix: /api, headers: {x-tenant: big}}
      rateLimits: [generous]
      destinations: [{to: stock}]
    ---
    kind: Route
    metadata: {name: by-version}
    spec:
      gateway: edge
      match: {prefix: /api, headers: {x-version: next}}
      destinations: [{to: stock}]
    ---
    kind: RateLimit
    metadata: {name: generous}
    spec: {side: callee, rate: {limit: 1000, period: 1s}}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Route
    metadata: {name: by-tenant}
    spec:
      gateway: edge
      match: {prefix: /api, headers: {x-tenant: big}}
      priority: 10
      rateLimits: [generous]
      destinations: [{to: stock}]
    ---
    kind: Route
    metadata: {name: by-version}
    spec:
      gateway: edge
      match: {prefix: /api, headers: {x-version: next}}
      destinations: [{to: stock}]
    ---
    kind: RateLimit
    metadata: {name: generous}
    spec: {side: callee, rate: {limit: 1000, period: 1s}}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - derived from the order in which routes are tried
    """

    code = "GW04"
    name = "divergent-overlap"
    severity = Severity.WARNING
    inputs = frozenset({"routes"})
    since = "0.1"
    message = "{first} and {second} lead the same requests to one place with different {what}"

    def check(self, system: System) -> Iterable[Conflict]:
        """Compare routes that are tried at the same time."""
        for routes in system.routes.values():
            for first, second in undecided(routes):
                if what := _difference(first, second):
                    yield _conflict(first, second, what)


def _difference(first: RouteView, second: RouteView) -> str:
    if first.leads != second.leads:
        return ""
    parts = (
        "authentication" if first.asks != second.asks else "",
        "rate limits" if set(first.limits) != set(second.limits) else "",
    )
    return " and ".join(filter(None, parts))


def _conflict(first: RouteView, second: RouteView, what: str) -> Conflict:
    return Conflict(
        magnitude=1,
        arguments={"first": str(first.key), "second": str(second.key), "what": what},
        subject=Subject(resource=second.key),
        detail=str(first.key),
        places=tuple(
            Place(route.key, "/spec/match", f"its {what} differ") for route in (first, second)
        ),
        witness=Witness(
            load="a request that both describe",
            faults="none",
            seen=f"{first.key} decides on it, being first in the alphabet",
            meant="the one that somebody chose",
        ),
    )
