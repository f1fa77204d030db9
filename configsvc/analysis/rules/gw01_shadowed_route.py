"""GW01: a route that never gets a request."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.meeting import Meetings
from configsvc.analysis.routing import RouteView
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.model.findings import Place, Severity, Subject, Witness


class ShadowedRoute(SystemRule):
    """
    A route behind another one that takes all of its requests.

    ## What it does
    Reports routes of a gateway that are tried after another route which takes every request that
    they would take: by its hosts, path, methods and headers.

    ## Why is this bad?
    The route is dead. Its authentication, its rate limit, its destination do not hold for
    anything, and whoever reads it believes that they do.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Route
    metadata: {name: all-tests}
    spec: {gateway: edge, match: {prefix: /test}, priority: 10, destinations: [{to: stock}]}
    ---
    kind: Route
    metadata: {name: one-test}
    spec: {gateway: edge, match: {prefix: /test/example}, destinations: [{to: stock}]}
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
    metadata: {name: all-tests}
    spec: {gateway: edge, match: {prefix: /test}, destinations: [{to: stock}]}
    ---
    kind: Route
    metadata: {name: one-test}
    spec: {gateway: edge, match: {prefix: /test/example}, destinations: [{to: stock}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Spring Cloud Gateway issues 1592 and 2011; Istio, analysis messages: IST0130
    """

    code = "GW01"
    name = "shadowed-route"
    severity = Severity.ERROR
    inputs = frozenset({"routes"})
    since = "0.1"
    message = "{earlier} is tried before and takes every request of this route"

    def check(self, system: System) -> Iterable[Conflict]:
        """Compare each route with those before it."""
        for routes in system.routes.values():
            meetings = Meetings(routes)
            for position, route in enumerate(routes):
                earlier = next((r for r in meetings.before(position) if r.covers(route)), None)
                if earlier is not None:
                    yield _conflict(route, earlier)


def _conflict(route: RouteView, earlier: RouteView) -> Conflict:
    return Conflict(
        magnitude=1,
        arguments={"earlier": str(earlier.key)},
        subject=Subject(resource=route.key),
        detail=str(earlier.key),
        places=(
            Place(route.key, "/spec/match", "never asked"),
            Place(earlier.key, "/spec/match", "takes all of its requests"),
        ),
        witness=Witness(
            load="any request that the route describes",
            faults="none",
            seen=f"{earlier.key} takes it",
            meant=f"{route.key} takes it",
        ),
    )
