"""How the time of a whole check grows: ``python -m benchmarks.analyzer_scale [--sizes 1000 ...]``.

Namespaces are generated with a fixed seed in four shapes: ten layers, chains of two hundred, a
dense core, and many cycles. Each has ten policies a service. Measured is reading the documents as
JSON and as YAML, then indexing, resolving and running every rule; the growth factor is the time of
this check for each doubling of the edges. Each size runs in a process of its own, without
the garbage collector, as the command does; its peak memory is printed.
"""

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from math import log2
from random import Random

from configsvc.analysis import analyze
from configsvc.analysis.rules import ALL
from configsvc.cli.collecting import paused
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog
from configsvc.schema import canonical, load_text, read, to_yaml
from configsvc.schema.syntax import Syntax
from tests.analysis.graphs import SHAPES, documents

SIZES = (1_000, 2_000, 5_000, 10_000)
SEED = 7
TODAY = date(2026, 7, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--one", action="store_true", help="measure in this process, print JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_measure(options.shapes[0], options.sizes[0])))
        return
    for shape in options.shapes:
        _print_shape(shape, options.sizes)


def _print_shape(shape: str, sizes: list[int]) -> None:
    before: dict[str, float] | None = None
    for size in sizes:
        found = _in_a_process(shape, size)
        growth = "" if before is None else f"   x {_growth(before, found):.2f} for twice the edges"
        print(
            f"  {shape:<11} {size:>6} services {found['edges']:>7.0f} edges "
            f"{found['documents']:>7.0f} documents   "
            f"JSON {found['json']:6.2f} s   YAML {found['yaml']:6.2f} s   "
            f"check {found['check']:6.2f} s   {found['findings']:>6.0f} findings   "
            f"{found['peak']:5.0f} MiB{growth}",
            flush=True,
        )
        before = found


def _growth(before: dict[str, float], after: dict[str, float]) -> float:
    """By what the time is multiplied when the edges double, between two sizes."""
    doublings = log2(after["edges"] / before["edges"])
    return float((after["check"] / before["check"]) ** (1 / doublings))


def _in_a_process(shape: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.analyzer_scale", "--one"]
    arguments = ["--shapes", shape, "--sizes", str(size)]
    done = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@paused()
def _measure(shape: str, size: int) -> dict[str, float]:
    calls = SHAPES[shape](size, Random(SEED))
    made = list(documents(calls, seed=SEED))
    json_texts = [canonical(document) for document in made]
    yaml_texts = [to_yaml(document).encode() for document in made]
    del made
    from_yaml = _read(yaml_texts, "yaml")[0]
    from_json, resources = _read(json_texts, "json")
    gc.collect()
    began = time.perf_counter()
    report = analyze(Catalog.of(resources), ALL, today=TODAY)
    return {
        "documents": len(json_texts),
        "edges": report.edges,
        "findings": len(report.findings),
        "json": from_json,
        "yaml": from_yaml,
        "check": time.perf_counter() - began,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _read(texts: Sequence[bytes], syntax: Syntax) -> tuple[float, list[Resource]]:
    """The seconds that reading every text took, and what they hold."""
    began = time.perf_counter()
    resources = [
        read(document)
        for text in texts
        for document in load_text(text, origin="generated", syntax=syntax).documents
    ]
    return time.perf_counter() - began, resources


if __name__ == "__main__":
    main()
