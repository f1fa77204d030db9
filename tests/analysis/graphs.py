"""Generated systems: call graphs of several shapes with policies, and the documents of them.

The same shape, size and seed give the same documents. Used to see that a check ends, whatever the
graph looks like, and how its time grows.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

Value = dict[str, Any]
Calls = list[list[int]]
"""For each service the numbers of those that it calls."""

LAYERS: Final = 10
FAN: Final = 3


def layered(size: int, chance: Random) -> Calls:
    """Ten layers; each service calls three of the next."""
    width = max(size // LAYERS, 1)
    return [
        [_one_of(chance, (number // width + 1) * width, width, size) for _ in range(FAN)]
        if (number // width + 1) * width < size
        else []
        for number in range(size)
    ]


def _one_of(chance: Random, first: int, width: int, size: int) -> int:
    return chance.randrange(first, min(first + width, size))


def chains(size: int, chance: Random) -> Calls:
    """Chains of two hundred services, each calling the next, and now and then one further down."""
    length = min(200, size)
    graph: Calls = []
    for number in range(size):
        end = min((number // length + 1) * length, size)
        further = [chance.randrange(number + 1, end)] if number + 2 < end else []
        graph.append([*([number + 1] if number + 1 < end else []), *further])
    return graph


def dense_core(size: int, chance: Random) -> Calls:
    """A core of thirty services, each calling all later ones; everybody else calls three of it."""
    core = min(30, size)
    inner = [list(range(number + 1, core)) for number in range(core)]
    outer = [[chance.randrange(core) for _ in range(FAN)] for _ in range(size - core)]
    return inner + outer


def cycles(size: int, chance: Random) -> Calls:
    """Rings of five services, each ring calling two services of later rings."""
    graph: Calls = []
    for number in range(size):
        ring = number // 5 * 5
        following = ring + (number - ring + 1) % min(5, size - ring)
        later = [chance.randrange(ring + 5, size) for _ in range(2)] if ring + 5 < size else []
        graph.append([following, *later])
    return graph


SHAPES: Final[dict[str, Callable[[int, Random], Calls]]] = {
    "layered": layered,
    "chains": chains,
    "dense core": dense_core,
    "cycles": cycles,
}


def documents(calls: Calls, *, seed: int = 7, policies: int = 10) -> Iterator[Value]:
    """Services that make these calls, one default of each kind, and policies for each callee.

    ``policies``: how many of them there are for each service, about its callers and its operations.
    """
    chance = Random(seed)
    yield document("Timeout", "default", {"target": {}, "attempt": "300ms", "overall": "1s"})
    yield document("CircuitBreaker", "default", {"target": {}, "minimumCalls": 20})
    yield document("Bulkhead", "default", {"target": {}, "maxConcurrent": 20})
    for number, callees in enumerate(calls):
        yield document("Service", f"s{number}", _service(list(dict.fromkeys(callees)), chance))
        yield from _policies(number, callees, policies, chance)


def document(kind: str, name: str, spec: Value) -> Value:
    """One document."""
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _service(callees: list[int], chance: Random) -> Value:
    operations = [
        {
            "name": name,
            "match": {"methods": [method], "path": f"/{name}/{{id}}"},
            "latency": {"p50": "10ms", "p99": "100ms", "p999": "200ms"},
            "ownTime": f"{chance.randrange(20, 60)}ms",
            "calls": [{"to": f"s{callee}", "operation": name} for callee in callees],
        }
        for name, method in (("get", "GET"), ("put", "PUT"))
    ]
    capacity = {"instances": 3, "processes": 2, "workers": 64, "requestsPerSecond": 500}
    return {"owner": "generated", "capacity": capacity, "operations": operations}


def _policies(number: int, callees: list[int], count: int, chance: Random) -> Iterator[Value]:
    """Policies about a service as callee and caller, one operation, and the pairs it calls."""
    me = f"s{number}"
    targets: list[Value] = [{"to": me}, {"to": me, "operation": "get"}, {"from": me}]
    targets += [{"from": me, "to": f"s{callee}"} for callee in dict.fromkeys(callees)]
    kinds = ("Timeout", "Retry", "CircuitBreaker", "Bulkhead")
    places = [(kind, target) for target in targets for kind in kinds]
    usable = [(k, t) for k, t in places if "operation" not in t or k == "Timeout"]
    for index, (kind, target) in enumerate(usable[:count]):
        yield document(kind, f"p{number}-{index}", {"target": target, **_fields(kind, chance)})


def _fields(kind: str, chance: Random) -> Value:
    match kind:
        case "Timeout":
            return {"attempt": f"{chance.choice((200, 300, 500))}ms", "overall": "2s"}
        case "Retry":
            return {"attempts": chance.choice((1, 2, 3)), "budget": {"ratio": "20%"}}
        case "CircuitBreaker":
            return {"minimumCalls": chance.choice((10, 20, 50)), "openFor": "10s"}
    return {"maxConcurrent": chance.choice((8, 16, 32))}
