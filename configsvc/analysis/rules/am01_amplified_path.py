"""AM01: retries on several hops of one path, which multiply."""

from math import prod

from configsvc.analysis.composite import Path
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import PathRule
from configsvc.analysis.text import decimal
from configsvc.model.experiments import ERRORS, ONE_CALL, Experiment, Measure
from configsvc.model.findings import Severity, Witness

_TOLERABLE = 10
_DISASTROUS = 27
_BEYOND_MEANING = 10**18
"""More copies than this are not told apart: a long chain of retries makes numbers without end."""
_SHOWN = 8
"""Factors and services that a message writes out."""


class AmplifiedPath(PathRule):
    """
    Retries on several hops, which multiply.

    ## What it does
    For each operation it finds the path on which the most copies of one request arrive when the
    operation fails: the product of the attempts (and hedges) of all edges on the way. An edge
    counts if it retries what the layer below it answers after that layer's last attempt; an
    operation that declares no `emits` answers `5xx` or times out. A budget caps an edge's factor
    at one plus its ratio, plus what its floor adds at the declared traffic. An optional call and
    one with a fallback keep their failures to themselves. It is a warning above 10 copies and an
    error from 27.

    ## Why is this bad?
    An overloaded database gets the load of many databases at the moment in which it can bear the
    least, and does not come back when the cause is gone. Three layers with 4 attempts each are 4
    x 4 x 4 = 64 requests for one click; five calls deep with 3 attempts each are 243, the default
    of a five-hop Istio mesh. A budget of 10 % costs 1.1 requests where 3 attempts cost almost 3.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      operations:
        - {name: page, calls: [{to: shop, operation: cart}]}
    ---
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - name: cart
          match: {methods: [GET], path: /cart}
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: count
          match: {methods: [GET], path: /count}
          calls: [{to: database, operation: read}]
    ---
    kind: Service
    metadata: {name: database}
    spec:
      operations:
        - {name: read, match: {methods: [GET], path: /rows}}
    ---
    kind: Timeout
    spec: {target: {to: shop}, attempt: 2700ms, overall: 12s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 500ms, overall: 2500ms}
    ---
    kind: Timeout
    spec: {target: {to: database}, attempt: 50ms, overall: 400ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 4, retryOn: [5xx, timeout], backoff: {base: 20ms}}
    ---
    kind: CircuitBreaker
    spec: {target: {}, minimumCalls: 20}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      operations:
        - {name: page, calls: [{to: shop, operation: cart}]}
    ---
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - name: cart
          match: {methods: [GET], path: /cart}
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: count
          match: {methods: [GET], path: /count}
          calls: [{to: database, operation: read}]
    ---
    kind: Service
    metadata: {name: database}
    spec:
      operations:
        - {name: read, match: {methods: [GET], path: /rows}}
    ---
    kind: Timeout
    spec: {target: {to: shop}, attempt: 2700ms, overall: 2700ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 500ms, overall: 500ms}
    ---
    kind: Timeout
    spec: {target: {to: database}, attempt: 50ms, overall: 400ms}
    ---
    kind: Retry
    spec:
      target: {to: database}
      attempts: 4
      retryOn: [5xx, timeout]
      backoff: {base: 20ms}
    ---
    kind: CircuitBreaker
    spec: {target: {}, minimumCalls: 20}
    ```

    ## References
    - Site Reliability Engineering, chapters 21 and 22
    - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    """

    code = "AM01"
    name = "amplified-path"
    severity = Severity.WARNING
    inputs = frozenset({"edges", "hops"})
    since = "0.1"
    message = "one request becomes {total} at {end}: {product} copies on {path}"
    explains = frozenset({"AM03"})

    def check(self, path: Path) -> Conflict | None:
        """Compare the product with what a callee in trouble can bear."""
        hops = path.hops
        total = min(prod(copies for _, copies in hops), _BEYOND_MEANING)
        if total <= _TOLERABLE:
            return None
        multiplying = [(hop, copies) for hop, copies in hops if copies > 1]
        last = path.edges[-1]
        return Conflict(
            magnitude=total,
            severity=Severity.ERROR if total >= _DISASTROUS else Severity.WARNING,
            arguments={
                "total": decimal(total),
                "end": f"{last.callee}[{last.operation}]",
                "product": _chain(" x ", [decimal(copies) for _, copies in multiplying]),
                "path": _chain(" -> ", [path.edges[0].caller, *(e.callee for e in path.edges)]),
            },
            evidence=tuple(
                Evidence(field, f"makes {decimal(copies)} on {hop.edge.id}", hop.edge.provenance)
                for hop, copies in multiplying
                for field in ("retry.attempts", "hedge.extra")
            ),
            witness=Witness(
                load=f"one request at {path.edges[0].caller}",
                faults=f"{last.callee} fails every request",
                seen=f"{decimal(total)} requests arrive at {last.callee}",
                meant="a few",
                run=Experiment(
                    ONE_CALL, ERRORS, Measure.ARRIVALS_PER_CALL, at_most=_TOLERABLE, extreme=True
                ),
            ),
        )


def _chain(joint: str, links: list[str]) -> str:
    """Links joined; of a long chain the beginning, what is left out, and the end."""
    if len(links) > _SHOWN:
        left_out = len(links) - _SHOWN + 1
        links = [*links[: _SHOWN - 2], f"... {left_out} more ...", links[-1]]
    return joint.join(links)
