"""RT17: an operation that must not be repeated, retried after it may have run."""

from configsvc.analysis.arithmetic import configured_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import may_have_run
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import Fault, Measure
from configsvc.model.findings import Severity, Witness


class RepeatedSideEffect(EdgeRule):
    """
    An operation that is not idempotent, retried after outcomes in which it may have run.

    ## What it does
    Reports edges to an operation that is not idempotent (declared so, or by its methods: RFC
    9110) where the retry says `nonIdempotent: always` and repeats outcomes after which the callee
    may have done the work: a time-out, a reset connection, or a server error.

    ## Why is this bad?
    The callee writes the payment and then fails to say so. The retry writes it again. Only
    outcomes in which the callee has certainly not begun (`connect`, `refused`) may be repeated
    without a key.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: bank, operation: pay-out}]}
    ---
    kind: Service
    metadata: {name: bank}
    spec:
      operations:
        - {name: pay-out, match: {methods: [POST], path: /payouts}}
    ---
    kind: Timeout
    spec: {target: {to: bank}, attempt: 1s, overall: 5s}
    ---
    kind: Retry
    spec:
      target: {to: bank, operation: pay-out}
      attempts: 3
      retryOn: [connect, refused, 503]
      nonIdempotent: always
    ---
    kind: Retry
    spec: {target: {to: bank}, budget: {ratio: 20%}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: bank, operation: pay-out}]}
    ---
    kind: Service
    metadata: {name: bank}
    spec:
      operations:
        - {name: pay-out, match: {methods: [POST], path: /payouts}}
    ---
    kind: Timeout
    spec: {target: {to: bank}, attempt: 1s, overall: 5s}
    ---
    kind: Retry
    spec:
      target: {to: bank, operation: pay-out}
      attempts: 3
      retryOn: [connect, refused, 503]
      nonIdempotent: with-key
    ---
    kind: Retry
    spec: {target: {to: bank}, budget: {ratio: 20%}}
    ```

    ## References
    - RFC 9110, section 9.2.2: idempotent methods
    - Istio issues 13851 and 50506: POST repeated by default, a payout paid twice
    """

    code = "RT17"
    name = "repeated-side-effect"
    severity = Severity.ERROR
    inputs = frozenset({"retry", "idempotence"})
    since = "0.1"
    message = (
        "not idempotent, yet sent up to {attempts} on {outcomes}, "
        "after which the callee may have done the work"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare what is repeated with what may be."""
        retry, attempts = edge.retry, configured_attempts(edge)
        if retry is None or attempts == 1 or retry.non_idempotent != "always":
            return None
        doubtful = [outcome for outcome in retry.retry_on if may_have_run(outcome)]
        if not doubtful or edge.idempotence.value:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={"attempts": count(attempts, "time"), "outcomes": listed(doubtful)},
            fields={
                "retry.nonIdempotent": "always",
                "retry.retryOn": listed(list(retry.retry_on)),
                "operation.idempotent": "false",
                "operation.match": "methods that are not idempotent",
            },
            witness=Witness(
                load="one call",
                faults="the callee does the work, then the answer is lost",
                seen="the work is done twice",
                meant="the work is done once",
                run=failing_call(
                    Fault("errors", classes=(doubtful[0],)), Measure.ATTEMPTS, at_most=1
                ),
            ),
            repair=Repair(
                "retry.nonIdempotent", "with-key", "retry only requests with an Idempotency-Key"
            ),
        )
