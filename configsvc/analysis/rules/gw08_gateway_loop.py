"""GW08: gateways that send requests round in a circle."""

from collections.abc import Iterable, Iterator

from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.analysis.text import listed
from configsvc.model.findings import EdgeId, Severity, Subject, Witness
from configsvc.model.names import ANY_OPERATION


class GatewayLoop(SystemRule):
    """
    Routes that lead back to the gateway they started from.

    ## What it does
    Reports gateways that can be reached from themselves, over the destinations of their routes.

    ## Why is this bad?
    A request that is caught in the circle is sent on until something runs out: time, connections,
    or the header that grows with each round.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: outer}
    spec: {}
    ---
    kind: Gateway
    metadata: {name: inner}
    spec: {}
    ---
    kind: Route
    spec: {gateway: outer, match: {prefix: /}, destinations: [{to: inner}]}
    ---
    kind: Route
    spec: {gateway: inner, match: {prefix: /}, destinations: [{to: outer}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Gateway
    metadata: {name: outer}
    spec: {}
    ---
    kind: Gateway
    metadata: {name: inner}
    spec: {}
    ---
    kind: Route
    spec: {gateway: outer, match: {prefix: /}, destinations: [{to: inner}]}
    ---
    kind: Route
    spec: {gateway: inner, match: {prefix: /}, destinations: [{to: stock}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - derived from the destinations of routes
    """

    code = "GW08"
    name = "gateway-loop"
    severity = Severity.ERROR
    inputs = frozenset({"components", "cyclic", "gateways", "works"})
    since = "0.1"
    message = "{gateways} can be reached from {themselves} in {steps} steps"
    explains = frozenset({"CG01"})

    def check(self, system: System) -> Iterable[Conflict]:
        """Look for gateways among the cycles."""
        gateways = system.gateways
        if not gateways or not system.cyclic:
            return
        for component in system.components:
            members = frozenset(component)
            inside = sorted({node for node, _ in members if node in gateways})
            if not inside or component[0] not in system.cyclic:
                continue
            calls = [
                call
                for member in sorted(members)
                for call in system.works[member].calls
                if (call.edge.id.callee, call.edge.id.operation) in members
            ]
            edges = tuple(sorted({call.edge.id for call in calls}))
            yield Conflict(
                magnitude=len(edges),
                arguments={
                    "gateways": listed(inside),
                    "themselves": "itself" if len(inside) == 1 else "themselves",
                    "steps": str(len(edges)),
                },
                subject=Subject(path=edges),
                edges=edges,
                evidence=tuple(_routes(system, inside, frozenset(edges))),
                witness=Witness(
                    load="one request",
                    faults="none",
                    seen="it goes round until something runs out",
                    meant="an answer",
                ),
            )


def _routes(system: System, gateways: list[str], edges: frozenset[EdgeId]) -> Iterator[Evidence]:
    """The routes that lead on."""
    for (node, operation), work in system.works.items():
        if node not in gateways or operation == ANY_OPERATION:
            continue
        if any(call.edge.id in edges for call in work.calls):
            yield Evidence("destinations", "leads on", work.provenance)
