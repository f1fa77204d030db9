"""GW07: a route whose destinations all have the weight zero."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.analysis.text import count
from configsvc.model.findings import Place, Severity, Subject, Witness


class WeightlessRoute(SystemRule):
    """
    A route whose destinations all have the weight zero.

    ## What it does
    Reports routes in which no destination has a weight above zero. Weights are relative: they
    need not add up to 100.

    ## Why is this bad?
    There is nowhere to send the requests to: every one of them gets 503.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Route
    spec: {gateway: edge, match: {prefix: /}, destinations: [{to: stock, weight: 0}]}
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
    spec: {gateway: edge, match: {prefix: /}, destinations: [{to: stock, weight: 1}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Istio, analysis messages: IST0106, the schema of weights
    """

    code = "GW07"
    name = "weightless-route"
    severity = Severity.ERROR
    inputs = frozenset({"routes"})
    since = "0.1"
    message = "the weights of {destinations} add up to 0: no request has anywhere to go"

    def check(self, system: System) -> Iterable[Conflict]:
        """Add up the weights of each route."""
        for routes in system.routes.values():
            for route in routes:
                if sum(route.weights) == 0:
                    yield Conflict(
                        magnitude=1,
                        arguments={"destinations": count(len(route.weights), "destination")},
                        subject=Subject(resource=route.key),
                        places=(Place(route.key, "/spec/destinations", "all weights are 0"),),
                        witness=Witness(
                            load="one request",
                            faults="none",
                            seen="503",
                            meant="an answer",
                        ),
                    )
