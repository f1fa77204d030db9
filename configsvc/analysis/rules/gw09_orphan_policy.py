"""GW09: a policy whose target is nowhere."""

from configsvc.analysis.composite import Document
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import PolicyRule
from configsvc.model.findings import Place, Severity, Subject, Witness


class OrphanPolicy(PolicyRule):
    """
    A policy that no call is governed by.

    ## What it does
    Reports policies whose target selects nothing: a caller or callee that is not declared, an
    operation that the callee does not have, or a pair of which the first declares no call of the
    second.

    ## Why is this bad?
    Somebody wrote it and believes that it holds. Most often a service or an operation was
    renamed, and the policy stayed behind.

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
    spec: {target: {}, overall: 1s}
    ---
    kind: Timeout
    metadata: {name: for-reservations}
    spec: {target: {to: stock, operation: reservation}, overall: 3s}
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
    spec: {target: {}, overall: 1s}
    ---
    kind: Timeout
    metadata: {name: for-reservations}
    spec: {target: {to: stock, operation: reserve}, overall: 3s}
    ```

    ## References
    - Istio, analysis messages: IST0167 and IST0174
    """

    code = "GW09"
    name = "orphan-policy"
    severity = Severity.WARNING
    inputs = frozenset({"called", "callee_side", "key", "nodes", "operations", "pairs", "target"})
    since = "0.1"
    message = "its target {target} selects no call: {reason}"

    def check(self, document: Document) -> Conflict | None:
        """Look for a call that its target selects."""
        reason = _reason(document)
        return _conflict(document, reason) if reason else None


def _reason(document: Document) -> str:
    """Why a policy selects nothing; empty if it selects something."""
    target = document.target
    for name in (target.caller, target.callee):
        if name is not None and name not in document.nodes:
            return f"there is no {name}"
    if target.callee is None:
        return ""
    operation = target.operation
    if operation is not None and (target.callee, operation) not in document.operations:
        return f"{target.callee} has no operation {operation}"
    if target.caller is not None and (target.caller, target.callee) not in document.pairs:
        return f"{target.caller} declares no call of {target.callee}"
    if target.callee not in document.called and not document.callee_side:
        return f"nobody declares a call of {target.callee}"
    return ""


def _conflict(document: Document, reason: str) -> Conflict:
    target = document.target
    parts = {"from": target.caller, "to": target.callee, "operation": target.operation}
    text = ", ".join(f"{name}: {value}" for name, value in parts.items() if value is not None)
    return Conflict(
        magnitude=1,
        arguments={"target": f"{{{text}}}", "reason": reason},
        subject=Subject(resource=document.key),
        places=(Place(document.key, "/spec/target", reason),),
        witness=Witness(
            load="any",
            faults="none",
            seen="no call is governed by it",
            meant="some call is",
        ),
    )
