"""RT12: a retry that is switched off and configured at once."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.text import listed
from configsvc.analysis.view import System
from configsvc.model.findings import Place, Severity, Subject, Witness
from configsvc.model.names import Kind

_ONLY_FOR_RETRIES = (
    "retryOn", "backoff.base", "backoff.max", "backoff.multiplier", "backoff.jitter",
)  # fmt: skip


class InertRetry(SystemRule):
    """
    A document that asks for one attempt and says how to make more.

    ## What it does
    Reports Retry documents with `attempts: 1` that set `retryOn` or `backoff` as well.

    ## Why is this bad?
    `attempts` counts the first one, so 1 means no retry and the rest of the document does nothing.
    Usually its author took it for the number of retries, or forgot to raise it.

    ## Example
    ```yaml
    kind: Retry
    spec: {target: {}, attempts: 1, retryOn: [connect, 503], backoff: {base: 100ms}}
    ```

    ## Use instead
    ```yaml
    kind: Retry
    spec: {target: {}, attempts: 2, retryOn: [connect, 503], backoff: {base: 100ms}}
    ```

    ## References
    - Istio: validation of HTTPRetry refuses a per-try time-out beside zero attempts
    """

    code = "RT12"
    name = "inert-retry"
    severity = Severity.WARNING
    inputs = frozenset({"policies"})
    since = "0.1"
    message = "attempts is {attempts}, which means no retry, so {fields} do nothing"

    def check(self, system: System) -> Iterable[Conflict]:
        """Look at each document by itself."""
        for policy in system.policies:
            inert = [field for field in _ONLY_FOR_RETRIES if field in policy.fields]
            if policy.key.kind != Kind.RETRY or policy.fields.get("attempts") != 1 or not inert:
                continue
            yield Conflict(
                magnitude=len(inert),
                arguments={"attempts": "1", "fields": listed(inert)},
                subject=Subject(resource=policy.key),
                places=tuple(
                    Place(policy.key, f"/spec/{field.replace('.', '/')}", field)
                    for field in ("attempts", *inert)
                ),
                witness=Witness(
                    load="one call",
                    faults="the callee refuses the connection",
                    seen="the call fails at once",
                    meant="another attempt",
                ),
            )
