"""DS04: connections that outlive what DNS says."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import format_duration


class ImmortalConnections(EdgeRule):
    """
    Pooled connections that are never replaced, to a callee that is found by DNS.

    ## What it does
    Reports edges to a service with a `dnsTtl`, from a caller whose connection pool has no `maxAge`.

    ## Why is this bad?
    DNS is asked when a connection is opened. A pool that never closes its connections never asks
    again: instances that are added get no calls, and those that were moved keep theirs.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      client: {connectionPool: {max: 50}}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      discovery: {mode: server, address: "stock.example.com:8080", dnsTtl: 30s}
      server: {drain: 30s}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      client: {connectionPool: {max: 50, maxAge: 30s}}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      discovery: {mode: server, address: "stock.example.com:8080", dnsTtl: 30s}
      server: {drain: 30s}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Envoy, frequently asked questions: why new hosts get no traffic
    """

    code = "DS04"
    name = "immortal-connections"
    severity = Severity.WARNING
    inputs = frozenset({"callee", "caller"})
    since = "0.1"
    message = "DNS may change after {ttl}, and connections are never replaced (maxAge: none)"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the life of a connection with that of an address."""
        ttl = edge.callee.declared.dns_ttl
        if ttl is None or edge.caller.declared.pool_max_age is not None:
            return None
        value = format_duration(max(ttl, 1_000_000))
        return Conflict(
            magnitude=1,
            arguments={"ttl": span(ttl)},
            fields={
                "callee.discovery.dnsTtl": span(ttl),
                "caller.client.connectionPool.maxAge": "none",
            },
            witness=Witness(
                load="steady",
                faults="none: the callee is scaled out",
                seen="the new instances get no calls",
                meant="calls spread over all instances",
            ),
            repair=Repair("caller.client.connectionPool.maxAge", value, f"replace after {value}"),
        )
