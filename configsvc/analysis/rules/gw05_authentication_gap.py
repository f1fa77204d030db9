"""GW05: an operation that is guarded on one way in and open on another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.routing import RouteView, covers
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.analysis.text import listed
from configsvc.analysis.view import WorkId
from configsvc.model.findings import Place, Severity, Subject, Witness


class AuthenticationGap(SystemRule):
    """
    An operation that needs authentication on one route and less of it on another.

    ## What it does
    For each operation it compares the routes that reach it, after rewriting. It reports a route
    that asks for less than another one does (nothing instead of a token, or fewer scopes), unless
    the stricter route is tried first and takes all of the operation's requests.

    ## Why is this bad?
    The guard on the front door is worth as much as that on the back door. Most often the second
    route was added for another version of the path, or for another host, and nobody thought of
    the first.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Authentication
    metadata: {name: customers}
    spec: {jwt: {issuer: "https://id.example.com", audiences: [shop], jwksUrl: "https://id.example.com/k"}}
    ---
    kind: Route
    metadata: {name: current}
    spec:
      gateway: edge
      match: {prefix: /orders}
      authentication: customers
      destinations: [{to: shop}]
    ---
    kind: Route
    metadata: {name: old}
    spec:
      gateway: edge
      match: {prefix: /v1/orders}
      rewrite: {prefix: /orders}
      destinations: [{to: shop}]
    ---
    kind: Service
    metadata: {name: shop}
    spec: {operations: [{name: list, match: {methods: [GET], path: /orders}}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {authentication: customers}
    ---
    kind: Authentication
    metadata: {name: customers}
    spec: {jwt: {issuer: "https://id.example.com", audiences: [shop], jwksUrl: "https://id.example.com/k"}}
    ---
    kind: Route
    metadata: {name: current}
    spec:
      gateway: edge
      match: {prefix: /orders}
      destinations: [{to: shop}]
    ---
    kind: Route
    metadata: {name: old}
    spec:
      gateway: edge
      match: {prefix: /v1/orders}
      rewrite: {prefix: /orders}
      destinations: [{to: shop}]
    ---
    kind: Service
    metadata: {name: shop}
    spec: {operations: [{name: list, match: {methods: [GET], path: /orders}}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Istio, analysis messages: the IST0149 family; OWASP: broken authentication
    """

    code = "GW05"
    name = "authentication-gap"
    severity = Severity.ERROR
    inputs = frozenset({"requests", "routes"})
    since = "0.1"
    message = "{operations} asks for {less} on this route and for {more} on {stricter}"

    def check(self, system: System) -> Iterable[Conflict]:
        """Compare the routes that reach one operation."""
        for routes in system.routes.values():
            for weaker, stricter, first in _pairs(routes):
                gaps = _gaps(system, weaker, stricter, first=first)
                if gaps:
                    yield _conflict(weaker, stricter, gaps)


def _pairs(routes: Sequence[RouteView]) -> Iterator[tuple[RouteView, RouteView, bool]]:
    """Routes to one operation of which one asks for less; whether the stricter is tried first."""
    reaching = _reaching(routes)
    for position, weaker in enumerate(routes):
        for other in sorted({each for work in weaker.reaches for each in reaching.get(work, ())}):
            if weaker.asks < routes[other].asks:
                yield weaker, routes[other], other < position


def _reaching(routes: Sequence[RouteView]) -> Mapping[WorkId, list[int]]:
    """Routes by the operations that they reach; none where all of them ask for the same."""
    found: dict[WorkId, list[int]] = defaultdict(list)
    if len({route.asks for route in routes}) > 1:
        for position, route in enumerate(routes):
            for work in route.reaches:
                found[work].append(position)
    return found


def _gaps(system: System, weaker: RouteView, stricter: RouteView, *, first: bool) -> list[WorkId]:
    """The operations that ``stricter`` guards and ``weaker`` leaves more open.

    ``first``: the stricter one is tried first.
    """
    plain = not (weaker.rewritten or stricter.rewritten) and set(stricter.any_host) == {"*"}
    return [
        work
        for work in weaker.reaches
        if work in stricter.reaches and not (first and plain and _takes_all(system, stricter, work))
    ]


def _takes_all(system: System, route: RouteView, work: WorkId) -> bool:
    requests = system.requests.get(work)
    return requests is not None and not route.headers and covers(route.requests, requests)


def _conflict(weaker: RouteView, stricter: RouteView, gaps: list[WorkId]) -> Conflict:
    less, more = sorted(weaker.asks), sorted(stricter.asks)
    return Conflict(
        magnitude=len(gaps),
        arguments={
            "operations": listed([f"{node}[{operation}]" for node, operation in gaps]),
            "less": listed(less),
            "more": listed(more),
            "stricter": str(stricter.key),
        },
        subject=Subject(resource=weaker.key),
        detail=str(stricter.key),
        places=(
            Place(weaker.key, "/spec", f"asks for {listed(less)}"),
            Place(stricter.key, "/spec", f"asks for {listed(more)}"),
        ),
        witness=Witness(
            load=f"a stranger's request on {weaker.key}",
            faults="none",
            seen="it is answered",
            meant="it is refused, as on the other route",
        ),
    )
