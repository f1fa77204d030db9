"""RT12: a retry that is switched off and configured at once."""

from configsvc.analysis.composite import Document
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import PolicyRule
from configsvc.analysis.text import listed
from configsvc.model.findings import Place, Severity, Witness
from configsvc.model.names import Kind

_ONLY_FOR_RETRIES = (
    "retryOn", "backoff.base", "backoff.max", "backoff.multiplier", "backoff.jitter",
)  # fmt: skip


class InertRetry(PolicyRule):
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
    inputs = frozenset({"fields", "key"})
    since = "0.1"
    message = "attempts is {attempts}, which means no retry, so {fields} do nothing"

    def check(self, document: Document) -> Conflict | None:
        """Look at each document by itself."""
        key, fields = document.key, document.fields
        if key.kind != Kind.RETRY or fields.get("attempts") != 1:
            return None
        inert = [field for field in _ONLY_FOR_RETRIES if field in fields]
        if not inert:
            return None
        return Conflict(
            magnitude=len(inert),
            arguments={"attempts": "1", "fields": listed(inert)},
            places=tuple(
                Place(key, f"/spec/{field.replace('.', '/')}", field)
                for field in ("attempts", *inert)
            ),
            witness=Witness(
                load="one call",
                faults="the callee refuses the connection",
                seen="the call fails at once",
                meant="another attempt",
            ),
        )
