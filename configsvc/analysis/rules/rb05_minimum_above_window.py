"""RB05: a breaker that waits for more calls than its window can hold."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.analysis.trials import traffic
from configsvc.analysis.view import Note
from configsvc.model.experiments import ERRORS, Experiment, Measure
from configsvc.model.findings import Severity, Witness


class MinimumAboveWindow(EdgeRule):
    """
    A breaker whose minimum of calls exceeds its window.

    ## What it does
    Reports edges whose breaker counts the last calls and whose `minimumCalls` is above the number
    of calls in its window. In imported configurations, whose platform lowers the minimum to the
    window, that is a warning.

    ## Why is this bad?
    The window never holds that many outcomes, so the breaker never judges and never opens.
    resilience4j lowers the minimum to the window without a word; here nothing is changed behind the
    author's back.

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
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, window: {kind: count, size: 5}, minimumCalls: 10}
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
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, window: {kind: count, size: 20}, minimumCalls: 10}
    ```

    ## References
    - resilience4j issue 1349, and its source: the minimum is clamped to the window
    """

    code = "RB05"
    name = "minimum-above-window"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "runtime"})
    since = "0.1"
    message = "the breaker judges after {minimum}, but its window holds {window}: {harm}"
    explains = frozenset({"RT13"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the minimum with the window."""
        breaker = edge.breaker
        if breaker is None or breaker.window.kind != "count":
            return None
        minimum, size = breaker.minimum_calls, breaker.window.size
        lowered = next(filter(_is_lowered, edge.runtime.notes), None)
        if lowered is not None:
            return _opens_early(lowered, size, edge.runtime.platform)
        if minimum <= size:
            return None
        return Conflict(
            magnitude=minimum / size,
            arguments={
                "minimum": count(minimum, "call"),
                "window": str(size),
                "harm": "it never opens",
            },
            fields={
                "breaker.minimumCalls": str(minimum),
                "breaker.window": f"the last {count(size, 'call')}",
            },
            witness=Witness(
                load="any",
                faults="the callee fails every request",
                seen="the breaker stays closed",
                meant=f"the breaker opens after {count(minimum, 'call')}",
                run=Experiment(traffic(50, minimum / 25), ERRORS, Measure.OPENINGS, at_least=1),
            ),
            repair=Repair("breaker.minimumCalls", size, f"judge after {count(size, 'call')}"),
        )


def _is_lowered(note: Note) -> bool:
    return note.kind == "clamped" and note.field == "breaker.minimumCalls"


def _opens_early(note: Note, size: int, platform: str) -> Conflict:
    """What follows where a platform moves the minimum into the window."""
    return Conflict(
        magnitude=1,
        severity=Severity.WARNING,
        arguments={
            "minimum": f"{note.declared} calls",
            "window": str(size),
            "harm": f"{platform} judges after {note.effective}",
        },
        fields={"breaker.minimumCalls": note.effective, "breaker.window": f"the last {size}"},
        witness=Witness(
            load="any",
            faults=f"{note.effective} calls fail",
            seen="the breaker opens",
            meant=f"the breaker judges after {note.declared} calls",
        ),
    )
