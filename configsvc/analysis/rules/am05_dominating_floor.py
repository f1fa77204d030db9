"""AM05: a retry budget whose floor outweighs its ratio."""

from math import floor as whole_part

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, rate, share
from configsvc.analysis.trials import repeated, traffic
from configsvc.model.experiments import Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE

_DEPOSIT = 10
"""Seconds after which a budget forgets a call."""


class DominatingFloor(EdgeRule):
    """
    A retry budget whose floor allows more than its ratio.

    ## What it does
    Compares `minPerSecond`, where a document sets it, with what `ratio` allows at the traffic of
    one process. Both hold for each process. Of a process so quiet that its ratio alone would not
    pay for a single retry (a deposit lasts 10 s) nothing is reported: there the floor is what
    lets it retry at all.

    ## Why is this bad?
    The ratio that everybody reads does not hold. 200 processes with a floor of 10 may send 2,000
    retries a second beside 1,000 calls: 3.2 times the load with a budget of "20 %".

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 50, processes: 4}
      operations:
        - {name: buy, externalRate: 1000, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%, minPerSecond: 10}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 50, processes: 4}
      operations:
        - {name: buy, externalRate: 1000, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%, minPerSecond: 1}}
    ```

    ## References
    - derived; Finagle and Linkerd have a floor of 10 a second by default
    """

    code = "AM05"
    name = "dominating-floor"
    severity = Severity.WARNING
    inputs = frozenset({"idempotence", "retry", "traffic"})
    since = "0.1"
    message = (
        "each process may always retry {floor}, but {ratio} of its {rate} are {allowed}: "
        "the load can be {factor} times as high"
    )

    complete = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the floor with what the ratio allows."""
        retry = edge.retry
        budget = None if retry is None else retry.budget
        if budget is None or budget.min_per_second == 0:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        pair = budget.scope == "pair"
        calls = edge.traffic.pair_per_process if pair else edge.traffic.per_process
        allowed = calls * budget.ratio / WHOLE
        if allowed * _DEPOSIT < 1 or budget.min_per_second <= allowed:
            return None
        value = whole_part(allowed)
        factor = min(1 + budget.ratio / WHOLE + budget.min_per_second / calls, attempts)
        return Conflict(
            magnitude=factor,
            arguments={
                "floor": rate(budget.min_per_second),
                "ratio": share(budget.ratio),
                "rate": rate(calls),
                "allowed": rate(allowed),
                "factor": decimal(factor),
            },
            fields={"retry.budget.minPerSecond": rate(budget.min_per_second)},
            witness=Witness(
                load=f"{rate(calls)} from each process",
                faults="the callee fails every request",
                seen=f"{decimal(factor)} times the load",
                meant=f"{decimal(1 + budget.ratio / WHOLE)} times the load",
                run=Experiment(
                    traffic(calls, 60),
                    repeated(retry),
                    Measure.ATTEMPTS_PER_CALL,
                    at_most=1 + 2 * budget.ratio / WHOLE,
                ),
            ),
            repair=Repair("retry.budget.minPerSecond", value, f"always allow {rate(value)}"),
        )
