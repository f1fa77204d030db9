"""DL07: a server that closes idle connections before its clients do."""

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class InvertedKeepalive(EdgeRule):
    """
    A server that closes idle connections before its callers stop using them.

    ## What it does
    Compares how long the callee keeps a connection without requests (`server.idle`) with how long
    the caller's pool does (`client.connectionPool.idle`). The server's time has to be longer. It is
    an error for operations that are not idempotent.

    ## Why is this bad?
    The caller sends a request on a connection that the server is just closing: the request is reset
    for no visible reason, now and then, and a POST cannot be repeated. Node with 5 s behind a load
    balancer with 60 s is the classic.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      client: {connectionPool: {idle: 60s}}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      server: {idle: 5s}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      client: {connectionPool: {idle: 60s}}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      server: {idle: 65s}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ```

    ## References
    - Elastic Load Balancing: the target's keep-alive has to be longer than the idle time-out
    """

    code = "DL07"
    name = "inverted-keepalive"
    severity = Severity.WARNING
    inputs = frozenset({"caller", "callee", "idempotence"})
    since = "0.1"
    message = "the server closes idle connections after {server}, the caller uses them for {client}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the two times."""
        server, client = edge.callee.idle, edge.caller.pool_idle
        if server > client:
            return None
        repeatable = edge.idempotence.by_method or edge.idempotence.value
        return Conflict(
            magnitude=client / max(server, 1),
            severity=Severity.WARNING if repeatable else Severity.ERROR,
            arguments={"server": span(server), "client": span(client)},
            fields={
                "callee.server.idle": span(server),
                "caller.client.connectionPool.idle": span(client),
            },
            witness=Witness(
                load="a call now and then",
                faults="none",
                seen="a request meets a connection that is being closed, and is reset",
                meant="the caller closes first",
            ),
        )
