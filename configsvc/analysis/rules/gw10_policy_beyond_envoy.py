"""GW10: a policy that a gateway cannot enforce."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.rule import SystemRule
from configsvc.analysis.system import System
from configsvc.analysis.text import listed
from configsvc.analysis.view import EdgeView, PolicyView
from configsvc.model.findings import Place, Severity, Subject, Witness
from configsvc.model.names import Key, Kind
from configsvc.model.policies import Leaf

_RETRIED_GRPC = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}
)
_DOUBLED = 2_000_000


class PolicyBeyondEnvoy(SystemRule):
    """
    A policy whose document says what the Envoy of a gateway cannot do.

    ## What it does
    Reports fields of policies that Envoy has no counterpart for, where all calls that the policy
    selects are a gateway's. Agents enforce the same fields in full.

    ## Why is this bad?
    The gateway enforces the rest of the policy, so that the field seems to hold there as well.

    ## Example
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {authentication: public}
    ---
    kind: Route
    spec: {gateway: edge, match: {prefix: /stock}, destinations: [{to: stock}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 200, queue: 10, maxWait: 100ms}
    ```

    ## Use instead
    ```yaml
    kind: Gateway
    metadata: {name: edge}
    spec: {authentication: public}
    ---
    kind: Route
    spec: {gateway: edge, match: {prefix: /stock}, destinations: [{to: stock}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 200}
    ```

    ## References
    - Envoy: route.RetryPolicy, cluster.OutlierDetection, cluster.CircuitBreakers
    """

    code = "GW10"
    name = "policy-beyond-envoy"
    severity = Severity.INFO
    inputs = frozenset({"edges", "gateways", "pairs", "policies"})
    since = "0.1"
    message = "at {gateways}, which Envoy serves, {what}"

    def check(self, system: System) -> Iterable[Conflict]:
        """Look at each document that only calls of gateways are under."""
        gateways, pairs = system.gateways, system.pairs
        if not gateways:
            return
        for policy in system.policies:
            found = {} if policy.callee_side else dict(_beyond(policy))
            if not found:
                continue  # before the pairs are gone through: few documents say anything of it
            under = {caller for caller, callee in pairs if _selects(policy, caller, callee)}
            if under and under <= gateways and _matters(policy, system.edges):
                yield _conflict(policy.key, sorted(under), found)


def _selects(policy: PolicyView, caller: str, callee: str) -> bool:
    target = policy.target
    return target.caller in (None, caller) and target.callee in (None, callee)


def _matters(policy: PolicyView, edges: Iterable[EdgeView]) -> bool:
    """Whether the fields do anything: a longest wait is of no meaning where there is no queue."""
    if policy.key.kind is not Kind.BULKHEAD:
        return True
    under = (edge for edge in edges if _selects(policy, edge.id.caller, edge.id.callee))
    return any(edge.bulkhead is not None and edge.bulkhead.queue for edge in under)


def _beyond(policy: PolicyView) -> Iterator[tuple[str, str]]:
    """Fields of a document that have no counterpart, with what happens instead."""
    if policy.key.kind in _WHOLE:
        yield "target", _WHOLE[policy.key.kind]
    for field, test in _FIELDS.get(policy.key.kind, {}).items():
        text = test(policy.fields[field]) if field in policy.fields else ""
        if text:
            yield field, text


def _waits(what: str) -> Callable[[Leaf], str]:
    return lambda value: what if isinstance(value, int) and value else ""


def _has(what: str) -> Callable[[Leaf], str]:
    return lambda value: what if value else ""


def _unknown_outcomes(value: Leaf) -> str:
    names = value if isinstance(value, tuple) else ()
    unknown = [n for n in names if n in _LOCAL or (n.isupper() and n not in _RETRIED_GRPC)]
    return f"nothing is retried after {listed(unknown)}" if unknown else ""


_LOCAL: Final = frozenset({"overloaded", "open", "full", "limited"})

_WHOLE: Final[Mapping[Kind, str]] = {
    Kind.HEDGE: "no copy is sent",
    Kind.FALLBACK: "the failure itself is the answer",
}

_FIELDS: Final[Mapping[Kind, Mapping[str, Callable[[Leaf], str]]]] = {
    Kind.RETRY: {
        "retryOn": _unknown_outcomes,
        "backoff.multiplier": lambda value: "waits double each time" if value != _DOUBLED else "",
        "backoff.jitter": lambda value: "waits are random as a whole" if value != "full" else "",
    },
    Kind.CIRCUIT_BREAKER: {
        "slowCall.above": _waits("slow answers open no breaker"),
        "failures.ignore": _has("no outcome is left out of the count"),
    },
    Kind.BULKHEAD: {"maxWait": _waits("a request waits in the queue until its own limit")},
    Kind.RATE_LIMIT: {
        "maxWait": _waits("a request that is over the limit is refused at once"),
        "key": lambda value: (
            "all requests share one bucket" if value in ("caller", "subject") else ""
        ),
    },
}


def _conflict(key: Key, gateways: list[str], found: Mapping[str, str]) -> Conflict:
    what = listed(list(found.values()))
    return Conflict(
        magnitude=len(found),
        arguments={"gateways": listed(gateways), "what": what},
        subject=Subject(resource=key),
        places=tuple(
            Place(key, f"/spec/{field.replace('.', '/')}", text) for field, text in found.items()
        ),
        witness=Witness(
            load=f"requests at {listed(gateways)}",
            faults="those that the policy is for",
            seen=what,
            meant="what the document says",
        ),
    )
