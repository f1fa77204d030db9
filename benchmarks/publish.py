"""How many changes a second a namespace takes: one resource each, through the use case.

    python -m benchmarks.publish [--resources 1000] [--store sqlite] [--seconds 3] [--profile]

A publish is measured whole: read, check against every rule, compile what changed, commit durably.
"""

import argparse
import cProfile
import itertools
import pstats
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from configsvc.access import EVERY_NAMESPACE, Principal, Role
from configsvc.analysis.rules import ALL
from configsvc.fleet import FleetAnswer
from configsvc.schema import load_value
from configsvc.store import Store
from configsvc.store.etcd import EtcdAddress, EtcdStore
from configsvc.store.memory import MemoryStore
from configsvc.store.sqlite import SqliteStore
from configsvc.usecases import Change, ControlPlane
from tests.etcds import etcd_cluster

NAMESPACE = "bench"
WRITERS = (1, 8)
ADMIN = Principal("bench", "bench", {EVERY_NAMESPACE: Role.ADMIN})

Json = dict[str, Any]


def document(kind: str, name: str, spec: Json) -> Json:
    """A resource as somebody would write it."""
    return {
        "apiVersion": "configsvc/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def service(index: int, count: int) -> Json:
    """A service of three tiers: the first third calls the second, the second the last."""
    tier = count // 3
    below = (index // tier + 1) * tier
    callees = [below + index % tier, below + (index + 7) % tier] if index < 2 * tier else []
    calls = [{"to": f"svc-{each}", "operation": "get"} for each in dict.fromkeys(callees)]
    latency = {"p50": "5ms", "p90": "10ms", "p95": "15ms", "p99": "30ms", "p999": "60ms"}
    get = {
        "name": "get",
        "match": {"methods": ["GET"], "path": "/items/{id}"},
        "idempotent": True,
        "latency": latency,
        "calls": calls,
    }
    put = {"name": "put", "match": {"methods": ["PUT"], "path": "/items/{id}"}, "latency": latency}
    return document("Service", f"svc-{index}", {"operations": [get, put]})


def timeout(index: int, attempt: int = 100) -> Json:
    """The time limits of calls to one service."""
    spec = {"target": {"to": f"svc-{index}"}, "attempt": f"{attempt}ms", "overall": "1s"}
    return document("Timeout", f"timeout-{index}", spec)


def namespace(resources: int) -> list[Json]:
    """A namespace of so many resources: a third of them services, the others policies for them."""
    count = resources // 3
    retry = {"attempts": 2, "retryOn": ["connect", "timeout"], "budget": {"ratio": "10%"}}
    documents = [service(index, count) for index in range(count)]
    documents += [timeout(index) for index in range(count)]
    documents += [
        document("Retry", f"retry-{index}", {"target": {"to": f"svc-{index}"}, **retry})
        for index in range(resources - 2 * count)
    ]
    return documents


def publish(plane: ControlPlane, documents: list[Json], base: int | None) -> int:
    """Publish documents and return the revision."""
    put = tuple(load_value(each, origin="benchmark") for each in documents)
    return plane.publisher.publish(ADMIN, NAMESPACE, Change("benchmark", base, put)).revision


@contextmanager
def opened(kind: str) -> Iterator[Store]:
    """An empty store."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        store: Store
        if kind == "memory":
            store = MemoryStore(now)
        elif kind == "etcd":
            cluster = stack.enter_context(etcd_cluster(1, data=Path(directory)))
            store = EtcdStore(EtcdAddress(cluster.addresses), now)
        else:
            store = SqliteStore(Path(directory) / "data", now)
        yield stack.enter_context(closing(store))


def now() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000


def control_plane(store: Store, resources: int) -> ControlPlane:
    """The use cases over a store with a full namespace."""
    plane = ControlPlane.over(
        store,
        rules=ALL,
        clock=now,
        token=lambda: secrets.token_hex(10),
        ask_fleet=lambda _: FleetAnswer((), ()),
    )
    documents = namespace(resources)
    revision = 0
    for first in range(0, len(documents), 1000):
        revision = publish(plane, documents[first : first + 1000], revision)
    return plane


class Writers:
    """Threads that each publish one Timeout after another, with values never seen before."""

    def __init__(self, plane: ControlPlane, resources: int) -> None:
        self._plane = plane
        self._services = resources // 3
        self._values = itertools.count(101)
        self.took: list[float] = []

    def run(self, writers: int, seconds: float) -> float:
        """Publish for a while; returns changes a second."""
        self.took.clear()
        until = time.perf_counter() + seconds
        threads = [threading.Thread(target=self._write, args=(until,)) for _ in range(writers)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(self.took) / (time.perf_counter() - began)

    def _write(self, until: float) -> None:
        while (began := time.perf_counter()) < until:
            value = next(self._values)
            changed = timeout(value % self._services, 100 + value % 397)
            publish(self._plane, [changed], base=None)
            self.took.append(time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--store", choices=("sqlite", "etcd", "memory"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="one writer under cProfile")
    options = parser.parse_args()
    with opened(options.store) as store:
        writers = Writers(control_plane(store, options.resources), options.resources)
        if options.profile:
            _profile(writers, options.seconds)
            return
        for count in WRITERS:
            rounds = [writers.run(count, options.seconds) for _ in range(options.rounds)]
            median = statistics.median(writers.took) * 1000
            print(
                f"{options.store}, {options.resources} resources, {count} writers: "
                f"{statistics.median(rounds):.0f} changes/s, median {median:.1f} ms"
            )


def _profile(writers: Writers, seconds: float) -> None:
    profile = cProfile.Profile()
    began = time.perf_counter()
    profile.enable()
    writers._write(began + seconds)  # noqa: SLF001 in this thread, so that it is profiled
    profile.disable()
    print(f"{len(writers.took) / (time.perf_counter() - began):.0f} changes/s while profiled")
    pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    main()
