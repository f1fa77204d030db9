"""How long it takes to index a namespace, to resolve each of its edges, and to compile bundles.

    python benchmarks/resolve.py [--services 100 1000 10000] [--rounds 5] [--profile]

Each service has three operations that call two others each, so there are six edges a service, and
ten policies, most of them about one edge. Medians of several rounds; times grow with the size, so
each is followed by how often its part was done.
"""

import argparse
import cProfile
import gc
import pstats
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from configsvc.bundle import compile_all, compile_bundle, compile_changed
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key, Kind
from configsvc.model.policies import Leaf, Policy, Target
from configsvc.model.resources import Resource, Spec
from configsvc.model.services import Call, Latency, Match, Operation, Service
from configsvc.resolve import Catalog, effective, graph

OPERATIONS = ("get", "list", "put")
CALLS = 2
POLICIES = 10
COMPILED = 200
"""Bundles compiled in one round; more would take long and say no more."""


def resource(kind: Kind, name: str, spec: Spec) -> Resource:
    """A resource whose digest plays no part."""
    return Resource(Key(kind, name), spec, "0" * 64)


def services(count: int, chance: random.Random) -> list[Resource]:
    """Services that call each other at random."""

    def operation(name: str) -> Operation:
        calls = tuple(
            Call(f"svc-{chance.randrange(count)}", chance.choice(OPERATIONS)) for _ in range(CALLS)
        )
        match = Match(("GET",), f"/{name}/{{id}}")
        return Operation(name, match, latency=Latency(p50=5_000), calls=calls)

    specs = (
        Service(operations=tuple(operation(name) for name in OPERATIONS)) for _ in range(count)
    )
    return [resource(Kind.SERVICE, f"svc-{index}", spec) for index, spec in enumerate(specs)]


def fields(kind: Kind, chance: random.Random) -> dict[str, Leaf]:
    """A few leaves of one kind."""
    pick = chance.choice
    match kind:
        case Kind.TIMEOUT:
            return {"attempt": pick((200, 300, 500)) * 1000, "overall": pick((1, 2, 3)) * 1_000_000}
        case Kind.RETRY:
            return {"attempts": pick((2, 3)), "backoff.base": pick((10, 20, 50)) * 1000}
        case Kind.CIRCUIT_BREAKER:
            return {"minimumCalls": pick((10, 20, 50)), "openFor": pick((5, 10)) * 1_000_000}
        case _:
            return {"maxConcurrent": pick((8, 16, 32))}


KINDS = (Kind.TIMEOUT, Kind.RETRY, Kind.CIRCUIT_BREAKER, Kind.BULKHEAD)


def policies(count: int, calls: Sequence[EdgeId], chance: random.Random) -> Iterable[Resource]:
    """One default of each kind, then targets around real edges, no two of one kind alike."""
    taken: set[tuple[Kind, Target]] = set()
    for kind in KINDS:
        yield resource(kind, "default", Policy(kind, Target(), fields(kind, chance)))
    while len(taken) < count:
        kind, edge = chance.choice(KINDS), chance.choice(calls)
        target = chance.choice(
            (
                Target(edge.caller, edge.callee, edge.operation),
                Target(edge.caller, edge.callee, edge.operation),
                Target(edge.caller, edge.callee),
                Target(None, edge.callee),
                Target(edge.caller),
            )
        )
        if (kind, target) not in taken:
            taken.add((kind, target))
            name = f"policy-{len(taken)}"
            yield resource(kind, name, Policy(kind, target, fields(kind, chance)))


def namespace(count: int) -> list[Resource]:
    """A namespace of ``count`` services, the same in every run."""
    chance = random.Random(count)
    nodes = services(count, chance)
    calls = list(graph(Catalog.of(nodes)).edges)
    return [*nodes, *policies(POLICIES * count, calls, chance)]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to measure: what it is called, how often its part is done, and the doing."""

    title: str
    times: int
    prepare: Callable[[], Catalog]
    run: Callable[[Catalog], object]


def steps(resources: list[Resource]) -> Iterable[Step]:
    """What is measured, each on a catalog as its user would have it."""
    world = Catalog.of(resources)
    edges = list(graph(world).edges)
    names = list(world.services)[:COMPILED]
    own = resource(Kind.RETRY, "new", Policy(Kind.RETRY, Target("svc-0"), {"attempts": 2}))
    default = resource(Kind.RETRY, "default", Policy(Kind.RETRY, Target(), {"attempts": 4}))
    caller = resource(Kind.SERVICE, "svc-0", Service())

    def cold() -> Catalog:
        return Catalog.of(resources)

    def warm() -> Catalog:
        return world

    def resolve(catalog: Catalog) -> None:
        for edge in edges:
            effective(catalog, edge.caller, edge.callee, edge.operation)

    resolve(world)
    list(compile_all(world))
    yield Step("index all resources", len(resources), warm, lambda _: Catalog.of(resources))
    yield Step("build the call graph", len(edges), cold, lambda catalog: len(graph(catalog).edges))
    yield Step("resolve every edge", len(edges), cold, resolve)
    yield Step("resolve them again", len(edges), warm, resolve)
    yield Step("put one policy", 1, warm, lambda catalog: catalog.with_change([own]))
    yield Step("put one service", 1, warm, lambda catalog: catalog.with_change([caller]))
    yield Step(
        "resolve after a default changed",
        len(edges),
        lambda: world.with_change([default]),
        resolve,
    )
    yield Step(
        "compile bundles one by one",
        len(names),
        warm,
        lambda catalog: [compile_bundle(catalog, name) for name in names],
    )
    yield Step(
        "compile after one policy changed",
        1,
        lambda: world.with_change([own]),
        lambda catalog: compile_changed(world, catalog, [own.key]),
    )


def measure(step: Step, rounds: int) -> float:
    """Median seconds of a round."""
    took = []
    for _ in range(rounds):
        catalog = step.prepare()
        gc.collect()
        began = time.perf_counter()
        step.run(catalog)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="resolve every edge under cProfile")
    options = parser.parse_args()
    for count in options.services:
        resources = namespace(count)
        if options.profile:
            _profile(resources)
            continue
        print(f"{count} services, {len(resources)} resources")
        for step in steps(resources):
            seconds = measure(step, options.rounds)
            each = f"{seconds / step.times * 1e6:8.1f} us each" if step.times > 1 else ""
            print(f"  {step.title:34} {seconds * 1e3:10.2f} ms {each}")


def _profile(resources: list[Resource]) -> None:
    catalog = Catalog.of(resources)
    edges = list(graph(catalog).edges)
    profile = cProfile.Profile()
    profile.enable()
    for edge in edges:
        effective(catalog, edge.caller, edge.callee, edge.operation)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
