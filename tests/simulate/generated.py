"""Generated systems: small graphs with policies, and faults in some of their operations."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from configsvc.model.experiments import Fault
from configsvc.model.quantities import MILLISECOND, Duration, Share
from configsvc.resolve import Catalog
from configsvc.schema import load_value, read
from configsvc.simulate import WorkId

Value = dict[str, Any]

OPERATION = "go"
LONGEST = 2_000 * MILLISECOND


@dataclass(frozen=True)
class Generated:
    """Documents, and what is wrong with which operation."""

    documents: tuple[Value, ...]
    faults: tuple[tuple[WorkId, Fault], ...]

    @property
    def catalog(self) -> Catalog:
        """The documents, resolved."""
        return Catalog.of([read(load_value(each, origin="test")) for each in self.documents])


def document(kind: str, name: str, spec: Value) -> Value:
    """One document."""
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def milliseconds(low: int, high: int) -> st.SearchStrategy[str]:
    """Durations as documents write them."""
    return st.integers(low, high).map(lambda number: f"{number}ms")


@st.composite
def systems(draw: st.DrawFn, *, chain: bool = False) -> Generated:
    """Up to five services in call order, with policies on each pair and a fault here and there."""
    size = draw(st.integers(2, 5))
    documents: list[Value] = []
    for number in range(size):
        later = range(number + 1, size)
        callees = later[:1] if chain else draw(_some(list(later)))
        documents.append(document("Service", f"s{number}", draw(_services(list(callees)))))
        for callee in callees:
            documents.extend(draw(_policies(number, callee)))
    ill = [
        ((f"s{number}", OPERATION), draw(faults()))
        for number in range(1, size)
        if draw(st.booleans())
    ]
    return Generated(tuple(documents), tuple(ill))


def _some(numbers: list[int]) -> st.SearchStrategy[list[int]]:
    if not numbers:
        return st.just([])
    return st.lists(st.sampled_from(numbers), min_size=1, max_size=3, unique=True)


@st.composite
def _services(draw: st.DrawFn, callees: list[int]) -> Value:
    operation: Value = {
        "name": OPERATION,
        "match": {"methods": ["GET"], "path": "/go"},
        "ownTime": draw(milliseconds(0, 300)),
        "cancels": draw(st.booleans()),
        "honoursDeadline": draw(st.booleans()),
        "calls": [
            {
                "to": f"s{callee}",
                "operation": OPERATION,
                "stage": draw(st.integers(1, 2)),
                "times": {"typical": 1, "max": draw(st.integers(1, 2))},
                "optional": draw(st.booleans()),
            }
            for callee in callees
        ],
    }
    if draw(st.booleans()):
        operation["limit"] = draw(milliseconds(1, 1_500))
    return {"operations": [operation]}


@st.composite
def _policies(draw: st.DrawFn, caller: int, callee: int) -> list[Value]:
    target = {"from": f"s{caller}", "to": f"s{callee}"}
    found = [("Timeout", draw(_timeouts()))]
    hedged = draw(st.booleans()) and draw(st.booleans())
    found.append(("Hedge", draw(_hedges())) if hedged else ("Retry", draw(_retries())))
    if draw(st.booleans()):
        found.append(("Bulkhead", draw(_bulkheads())))
    if draw(st.booleans()):
        found.append(("RateLimit", draw(_limits())))
    if draw(st.booleans()):
        found.append(("Fallback", draw(_fallbacks(callee))))
    if draw(st.booleans()):
        found.append(("CircuitBreaker", {"minimumCalls": draw(st.integers(1, 20))}))
    return [
        document(kind, f"{kind.lower()}-{caller}-{callee}", {"target": target, **spec})
        for kind, spec in found
    ]


@st.composite
def _timeouts(draw: st.DrawFn) -> Value:
    spec: Value = {}
    if draw(st.booleans()):
        spec["attempt"] = draw(milliseconds(1, 500))
    if draw(st.booleans()):
        spec["overall"] = draw(milliseconds(1, 2_000))
    return spec or {"connect": "1s"}


@st.composite
def _retries(draw: st.DrawFn) -> Value:
    base = draw(st.integers(0, 100))
    backoff = {
        "base": f"{base}ms",
        "multiplier": draw(st.sampled_from([1, 1.5, 2, 3])),
        "max": f"{draw(st.integers(base, 400))}ms",
        "jitter": draw(st.sampled_from(["none", "equal", "full", "decorrelated"])),
    }
    return {
        "attempts": draw(st.integers(1, 4)),
        "retryOn": ["5xx", "timeout", "refused", "full", "limited", "open"],
        "backoff": backoff,
        "retryAfter": {"honour": False},
    }


@st.composite
def _hedges(draw: st.DrawFn) -> Value:
    return {"extra": draw(st.integers(1, 2)), "delay": draw(milliseconds(1, 200))}


@st.composite
def _bulkheads(draw: st.DrawFn) -> Value:
    return {
        "maxConcurrent": draw(st.integers(1, 3)),
        "queue": draw(st.integers(0, 3)),
        "maxWait": draw(milliseconds(0, 300)),
    }


@st.composite
def _limits(draw: st.DrawFn) -> Value:
    limit = draw(st.integers(1, 20))
    return {
        "side": "caller",
        "rate": {"limit": limit, "period": "1s"},
        "burst": draw(st.integers(1, limit)),
        "maxWait": draw(milliseconds(0, 300)),
    }


@st.composite
def _fallbacks(draw: st.DrawFn, callee: int) -> Value:
    other = {"operation": {"service": f"s{callee}", "operation": OPERATION}}
    return draw(st.sampled_from([{"static": {"status": 200, "body": "none"}}, other]))


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """One fault of an operation."""
    kind = draw(st.sampled_from(["hang", "errors", "slow", "kill"]))
    lasting = draw(st.none() | st.integers(1, LONGEST))
    return Fault(
        kind,
        start=Duration(draw(st.integers(0, LONGEST // 4))),
        duration=None if lasting is None else Duration(lasting),
        amount=Duration(draw(st.integers(0, LONGEST))),
        share=Share(draw(st.integers(1, 1_000_000))),
    )
