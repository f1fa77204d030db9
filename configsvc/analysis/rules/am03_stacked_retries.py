"""AM03: two layers of one path that retry the same failures."""

from configsvc.analysis.composite import Path
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.outcomes import overlap
from configsvc.analysis.rule import PairRule
from configsvc.analysis.text import decimal, listed
from configsvc.model.experiments import ERRORS, ONE_CALL, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import Retry

_SMALL_BUDGET = 200_000


class StackedRetries(PairRule):
    """
    Two layers of one path that retry the same failures.

    ## What it does
    Reports two edges, one above the other, that both make several attempts after the same outcomes,
    unless both have a budget of 20 % or less. It says nothing where the failure of the lower one
    does not surface: its call is optional, or a fallback stands in.

    ## Why is this bad?
    The lower layer has tried and given up; the upper one then has it try all over again. The load
    multiplies, and the answer takes as long as all attempts together. Retry in one place: the layer
    right above the failure.

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
        - {name: count, match: {methods: [GET], path: /count}}
    ---
    kind: Timeout
    spec: {target: {to: shop}, attempt: 900ms, overall: 4s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 800ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, retryOn: [5xx, timeout]}
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
        - {name: count, match: {methods: [GET], path: /count}}
    ---
    kind: Timeout
    spec: {target: {to: shop}, attempt: 900ms, overall: 900ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 800ms}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, retryOn: [5xx, timeout]}
    ---
    kind: CircuitBreaker
    spec: {target: {}, minimumCalls: 20}
    ```

    ## References
    - Site Reliability Engineering, chapter 21: retry at the layer right above the one that rejects
    """

    code = "AM03"
    name = "stacked-retries"
    severity = Severity.WARNING
    inputs = frozenset({"edges", "hops"})
    since = "0.1"
    message = "{upper} and {lower} both retry {outcomes}: {first} x {second} copies"

    def check(self, path: Path) -> Conflict | None:
        """Compare what the first and the last edge retry."""
        (upper, first), *_, (lower, second) = path.hops
        above, below = upper.edge.retry, lower.edge.retry
        if above is None or below is None or 1 in {above.attempts, below.attempts, first, second}:
            return None
        if not overlap(above.retry_on, below.retry_on) or (_careful(above) and _careful(below)):
            return None
        common = [outcome for outcome in below.retry_on if overlap((outcome,), above.retry_on)]
        return Conflict(
            magnitude=first * second,
            arguments={
                "upper": f"{path.edges[0].caller} -> {path.edges[0].callee}",
                "lower": f"{path.edges[-1].caller} -> {path.edges[-1].callee}",
                "outcomes": listed(common),
                "first": decimal(first),
                "second": decimal(second),
            },
            evidence=tuple(
                Evidence(field, text, hop.edge.provenance)
                for hop, retry in ((upper, above), (lower, below))
                for field, text in (
                    ("retry.attempts", f"{retry.attempts} on {hop.edge.id}"),
                    ("retry.retryOn", listed(list(retry.retry_on))),
                )
            ),
            witness=Witness(
                load=f"one request at {path.edges[0].caller}",
                faults=f"{path.edges[-1].callee} fails every request",
                seen=f"{decimal(first * second)} requests arrive there",
                meant=f"{decimal(second)} requests arrive there",
                run=Experiment(ONE_CALL, ERRORS, Measure.ARRIVALS_PER_CALL, at_most=second),
            ),
        )


def _careful(retry: Retry) -> bool:
    """Whether a small budget holds back the retries."""
    return retry.budget is not None and retry.budget.ratio <= _SMALL_BUDGET
