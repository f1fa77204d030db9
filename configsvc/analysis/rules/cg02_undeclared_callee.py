"""CG02: a declared call of what nobody declared."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.model.findings import Place, Severity, Subject, Witness


class UndeclaredCallee(SystemRule):
    """
    A call of a service or operation that does not exist.

    ## What it does
    Reports calls in `operations` (or in a BFF's `endpoints`) whose callee, or the callee's
    operation, is not declared in the namespace. It cannot be waived.

    ## Why is this bad?
    Policies that name the right callee do not reach a call that names a wrong one: it runs with
    whatever holds for undeclared calls, and every check of the call graph is blind from there on.
    Usually it is a name that was mistyped, or a service that was renamed.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stok, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
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
    ```

    ## References
    - Istio, analysis messages: IST0101, ReferencedResourceNotFound
    """

    code = "CG02"
    name = "undeclared-callee"
    severity = Severity.ERROR
    inputs = frozenset({"references"})
    since = "0.1"
    message = "calls {what}, which is not declared{hint}"
    waivable = False

    def check(self, system: System) -> Iterable[Conflict]:
        """Report each call that leads nowhere."""
        for reference in system.references:
            if not reference.is_call:
                continue
            hint = f"; did you mean {reference.known[0]!r}?" if reference.known else ""
            yield Conflict(
                magnitude=1,
                arguments={"what": reference.what, "hint": hint},
                subject=Subject(resource=reference.resource),
                detail=reference.what,
                places=(Place(reference.resource, reference.pointer, reference.what),),
                witness=Witness(
                    load="one call",
                    faults="none",
                    seen="the policies of undeclared calls, if there are any",
                    meant="the policies of the callee",
                ),
            )
