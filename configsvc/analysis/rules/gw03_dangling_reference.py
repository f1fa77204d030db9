"""GW03: a reference to what nobody declared."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.model.findings import Place, Severity, Subject, Witness


class DanglingReference(SystemRule):
    """
    A reference to a resource that does not exist.

    ## What it does
    Reports references by name that lead nowhere: a route's gateway and destinations, an
    Authentication, a RateLimit, the operation of a Fallback. It cannot be waived. Calls of services
    are CG02.

    ## Why is this bad?
    A route without its destination answers 503. A service whose Authentication is missing lets
    nobody in, and a limit that is missing lets everybody.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Route
    spec: {gateway: edge, match: {prefix: /stock}, destinations: [{to: stok}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ```

    ## Use instead
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {}
    ---
    kind: Route
    spec: {gateway: edge, match: {prefix: /stock}, destinations: [{to: stock}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Istio, analysis messages: IST0101, ReferencedResourceNotFound
    """

    code = "GW03"
    name = "dangling-reference"
    severity = Severity.ERROR
    inputs = frozenset({"references"})
    since = "0.1"
    message = "names {what}, which is not there{hint}"
    waivable = False

    def check(self, system: System) -> Iterable[Conflict]:
        """Report each reference that leads nowhere."""
        for reference in system.references:
            if reference.is_call:
                continue
            hint = f"; did you mean {reference.known[0]!r}?" if reference.known else ""
            yield Conflict(
                magnitude=1,
                arguments={"what": reference.what, "hint": hint},
                subject=Subject(resource=reference.resource),
                detail=reference.what,
                places=(Place(reference.resource, reference.pointer, reference.what),),
                witness=Witness(
                    load="one request",
                    faults="none",
                    seen="nothing stands where the reference leads",
                    meant=f"{reference.what}",
                ),
            )
