"""CG01: operations that wait for each other in a circle."""

from collections.abc import Iterable
from math import prod
from typing import Final

from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.guarded import readable
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.analysis.text import count, decimal
from configsvc.analysis.view import CallView, WorkId
from configsvc.model.findings import Severity, Subject, Witness

_SHOWN: Final = 8
"""Operations of a cycle that its message names."""

_IDENTIFYING: Final = 100
"""Edges that tell one cycle from others; a dense one has tens of thousands."""

_BEYOND_MEANING: Final = 10**18


class CallCycle(SystemRule):
    """
    Operations that call each other in a circle.

    ## What it does
    Reports each set of operations that can reach one another by their calls, and operations that
    call themselves.

    ## Why is this bad?
    A request that goes round holds a worker at every step. With one worker each, A waits for B and
    B waits for A: both hang until a time-out. Under load the pools of both fill with requests that
    wait for each other. With retries in the circle each round multiplies.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - name: price
          match: {methods: [GET], path: /price}
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: count
          match: {methods: [GET], path: /count}
          calls: [{to: shop, operation: price}]
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - name: price
          match: {methods: [GET], path: /price}
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: count, match: {methods: [GET], path: /count}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - FastAPI issue 3962: an application that calls itself with one worker hangs
    """

    code = "CG01"
    name = "call-cycle"
    severity = Severity.ERROR
    inputs = frozenset({"components", "cyclic", "works"})
    since = "0.1"
    message = "{number} {wait} for each other: {members}{rounds}"

    def check(self, system: System) -> Iterable[Conflict]:
        """Report each strongly connected component with a call in it."""
        for component in system.components:
            if component[0] in system.cyclic:
                yield _conflict(system, frozenset(component))


def _conflict(system: System, members: frozenset[WorkId]) -> Conflict:
    calls = [
        call
        for member in sorted(members)
        for call in system.works[member].calls
        if (call.edge.id.callee, call.edge.id.operation) in members
    ]
    edges = tuple(sorted({call.edge.id for call in calls}))
    names = sorted(f"{node}[{operation}]" for node, operation in members)
    rounds = _rounds(calls, len(members))
    return Conflict(
        magnitude=len(members) + (1 if rounds else 0),
        arguments={
            "number": count(len(members), "operation"),
            "wait": "wait" if len(members) > 1 else "waits",
            "members": _some(names),
            "rounds": rounds,
        },
        subject=Subject(path=edges[:_IDENTIFYING]),
        edges=edges,
        evidence=tuple(
            Evidence("calls", f"calls {call.edge.id.callee}", system.works[member].provenance)
            for member in sorted(members)
            for call in system.works[member].calls[:1]
        ),
        witness=Witness(
            load="as many requests at a time as the first of them has workers",
            faults="none",
            seen="every worker waits for a worker that waits for it",
            meant="answers",
        ),
    )


def _some(names: list[str]) -> str:
    """All of a few names; of many the first."""
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"


def _rounds(calls: list[CallView], members: int) -> str:
    """What retries make of a request that goes round; nothing where nobody retries."""
    if all(_attempts(call) == 1 for call in calls):
        return ""
    if len(calls) > members:
        return "; every round makes more copies of a request"
    copies = min(prod(_attempts(call) for call in calls), _BEYOND_MEANING)
    return f"; each round makes {decimal(copies)} copies of a request"


def _attempts(call: CallView) -> int:
    retry = call.edge.retry
    return 1 if retry is None else readable(lambda: retry.attempts, 1)
