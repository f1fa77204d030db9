"""SC02: one field, two values, and nothing that says which one holds."""

from collections.abc import Iterable

from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.analysis.text import count
from configsvc.analysis.view import AmbiguousEdge
from configsvc.model.findings import Severity, Subject, Witness


class AmbiguousField(SystemRule):
    """
    Two documents that set one field of one edge differently, with equal right.

    ## What it does
    Reports edges for which two policies with equally specific targets set the same field to
    different values. It cannot be waived, and rules that read such a field are not evaluated.

    ## Why is this bad?
    There is no right answer, and any order (by age, by name) would be a silent one: the day on
    which somebody renames a document, the policy of an edge changes.

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
    metadata: {name: from-the-platform-team}
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: Timeout
    metadata: {name: from-the-stock-team}
    spec: {target: {to: stock}, overall: 5s}
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
    metadata: {name: from-the-platform-team}
    spec: {target: {}, overall: 2s}
    ---
    kind: Timeout
    metadata: {name: from-the-stock-team}
    spec: {target: {to: stock}, overall: 5s}
    ```

    ## References
    - Istio issue 29343: of two rules for one host, the older document wins
    """

    code = "SC02"
    name = "ambiguous-field"
    severity = Severity.ERROR
    inputs = frozenset({"ambiguous"})
    since = "0.1"
    message = "{fields} {have} more than one value, with equal right: {values}"
    waivable = False

    def check(self, system: System) -> Iterable[Conflict]:
        """Report each edge with such a field."""
        return (_conflict(edge) for edge in system.ambiguous)


def _conflict(edge: AmbiguousEdge) -> Conflict:
    fields = sorted(edge.values)
    return Conflict(
        magnitude=len(fields),
        arguments={
            "fields": ", ".join(fields),
            "have": "has" if len(fields) == 1 else "have",
            "values": "; ".join(" or ".join(edge.values[field]) for field in fields),
        },
        evidence=tuple(
            Evidence(field, " or ".join(edge.values[field]), edge.provenance) for field in fields
        ),
        subject=Subject(edge=edge.id),
        edges=(edge.id,),
        witness=Witness(
            load="any",
            faults="none",
            seen="whichever document comes first by name",
            meant=f"one of {count(len(edge.values[fields[0]]), 'value')}, on purpose",
        ),
    )
