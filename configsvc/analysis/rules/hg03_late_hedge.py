"""HG03: copies that come too late to help."""

from math import isinf

from configsvc.analysis.arithmetic import overall
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span, written
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import HANG, Measure
from configsvc.model.findings import Severity, Witness


class LateHedge(EdgeRule):
    """
    Hedge copies that are sent when the call is nearly over.

    ## What it does
    Reports edges where the delays of all copies together reach the time for the whole call: a
    warning, or an error where not even the first copy is sent in time.

    ## Why is this bad?
    The last copies never leave. Two copies 2 s apart in a call of 3 s: the second would be sent
    after its end.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 3s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 2, delay: 2s, budget: {ratio: 10%}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 3s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 2, delay: 500ms, budget: {ratio: 10%}}
    ```

    ## References
    - Microsoft.Extensions.Http.Resilience: validation of the standard hedging handler
    """

    code = "HG03"
    name = "late-hedge"
    severity = Severity.WARNING
    inputs = frozenset({"hedge", "timeout"})
    since = "0.1"
    message = "{copies} at intervals of {delay} need {needed}, and the call is over after {overall}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the delays with the time for the call."""
        hedge, whole = edge.hedge, overall(edge)
        if hedge is None or isinf(whole):
            return None
        needed = hedge.extra * hedge.delay
        if needed < whole:
            return None
        value = written(whole / (2 * hedge.extra))
        return Conflict(
            magnitude=needed / whole,
            severity=Severity.ERROR if hedge.delay >= whole else Severity.WARNING,
            arguments={
                "copies": count(hedge.extra, "extra copy").replace("copys", "copies"),
                "delay": span(hedge.delay),
                "needed": span(needed),
                "overall": span(whole),
            },
            fields={
                "hedge.delay": span(hedge.delay),
                "hedge.extra": str(hedge.extra),
                "timeout.overall": span(whole),
            },
            witness=Witness(
                load="one call",
                faults="the first attempt is slow",
                seen=f"{count((whole - 1) // hedge.delay, 'more request')}",
                meant=f"{count(hedge.extra, 'more request')}",
                run=failing_call(HANG, Measure.MISSING_COPIES),
            ),
            repair=Repair("hedge.delay", value, f"send a copy every {value}"),
        )
