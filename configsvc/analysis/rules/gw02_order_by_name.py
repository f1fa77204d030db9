"""GW02: two routes for one request, and only their names to choose by."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.meeting import undecided
from configsvc.analysis.routing import RouteView
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.model.findings import Place, Severity, Subject, Witness


class OrderByName(SystemRule):
    """
    Two routes that take the same requests to different places, in the order of their names.

    ## What it does
    Reports pairs of routes of a gateway that overlap, lead to different destinations, and are
    alike in everything that decides which one is tried first, so that only their names do.

    ## Why is this bad?
    Nobody chose where these requests go. Renaming a document moves them.

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
      destinations: [{to: stock}]
    ---
    kind: Route
    metadata: {name: by-version}
    spec:
      gateway: edge
      match: {prefix: /api, headers: {x-version: next}}
      destinations: [{to: stock-next}]
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Service
    metadata: {name: stock-next}
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
      destinations: [{to: stock}]
    ---
    kind: Route
    metadata: {name: by-version}
    spec:
      gateway: edge
      match: {prefix: /api, headers: {x-version: next}}
      priority: 10
      destinations: [{to: stock-next}]
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Service
    metadata: {name: stock-next}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Istio issues 29343 and 58453; Gateway API: ties are broken by age, then by name
    """

    code = "GW02"
    name = "order-by-name"
    severity = Severity.WARNING
    inputs = frozenset({"routes"})
    since = "0.1"
    message = "{first} and {second} take the same requests to different places; the name decides"

    def check(self, system: System) -> Iterable[Conflict]:
        """Compare routes that are tried at the same time."""
        for routes in system.routes.values():
            for first, second in undecided(routes):
                if first.leads != second.leads:
                    yield _conflict(first, second)


def _conflict(first: RouteView, second: RouteView) -> Conflict:
    return Conflict(
        magnitude=1,
        arguments={"first": str(first.key), "second": str(second.key)},
        subject=Subject(resource=second.key),
        detail=str(first.key),
        places=tuple(
            Place(route.key, "/spec/match", "overlaps the other") for route in (first, second)
        ),
        witness=Witness(
            load="a request that both describe",
            faults="none",
            seen=f"{first.key} takes it, being first in the alphabet",
            meant="the one that somebody chose",
        ),
    )
