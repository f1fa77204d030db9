"""Graphs that no path can be enumerated of: the whole check ends, in bounded memory."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from configsvc.analysis import Report, analyze
from configsvc.analysis.rules import ALL
from tests.analysis.documents import TODAY
from tests.analysis.graphs import SHAPES, Value, document, documents
from tests.examples.systems import catalog_of

ROOT = Path(__file__).parents[2]
MEBIBYTE = 2**20
ENDS = pytest.mark.timeout(300)
"""Far above what any of these takes: only what does not end at all is caught by it."""


MOST_CALLS = 200
"""Calls of one operation, as the schema has it."""


def service(number: int, callees: list[int]) -> Value:
    """A service whose first operation makes these calls; further ones, those too many for it."""
    parts = [callees[at : at + MOST_CALLS] for at in range(0, len(callees), MOST_CALLS)] or [[]]
    operations = [_operation(part, at) for at, part in enumerate(parts)]
    return document("Service", f"s{number}", {"operations": operations})


def _operation(callees: list[int], number: int) -> Value:
    return {
        "name": f"get{number}",
        "match": {"methods": ["GET"], "path": f"/{number}"},
        "ownTime": "1ms",
        "calls": [{"to": f"s{callee}", "operation": "get0"} for callee in callees],
    }


def graph(calls: list[list[int]], *, attempts: int = 3) -> Iterator[Value]:
    """Services with these calls, all under one time-out and one retry."""
    yield document("Timeout", "default", {"target": {}, "attempt": "300ms", "overall": "2s"})
    yield document("Retry", "default", {"target": {}, "attempts": attempts})
    for number, callees in enumerate(calls):
        yield service(number, callees)


def diamonds(stages: int) -> list[list[int]]:
    """Stages of two services that both call both of the next: 2 to the power of stages paths."""
    last = 2 * stages
    pairs = [[2 * stage + 2, 2 * stage + 3] for stage in range(stages) for _ in range(2)]
    return [*pairs, [], []][: last + 2]


GRAPHS = {
    "a chain of 2,000": [[number + 1] for number in range(1_999)] + [[]],
    "everybody calls all later ones of 150": [list(range(n + 1, 150)) for n in range(150)],
    "40 stages of diamonds": diamonds(40),
    "a ring of 2,000": [[(number + 1) % 2_000] for number in range(2_000)],
    "everybody calls all of 300": [[m for m in range(300) if m != n] for n in range(300)],
    "one calls 2,000 in batches": [list(range(1, 201)), *[[] for _ in range(2_000)]],
}


def bounded(name: str, mebibytes: int) -> dict[str, object]:
    """What a check of one of the graphs says, made in a process that may use so much memory."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes * MEBIBYTE, mebibytes * MEBIBYTE))

    done = subprocess.run(
        [sys.executable, "-m", "tests.analysis.test_hostile", name],
        cwd=ROOT,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


def checked(name: str) -> Report:
    """The report of one of the graphs."""
    return analyze(catalog_of(graph(GRAPHS[name])), ALL, today=TODAY)


LONG = {"everybody calls all of 300"}
"""Graphs that take most of a minute: for `make robustness`."""


@ENDS
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.robustness) if n in LONG else n for n in GRAPHS],
)
def test_the_check_ends_in_bounded_memory(name: str) -> None:
    """However many paths there are, one and a half gibibytes of address space suffice."""
    found = bounded(name, 1_536)
    assert found["edges"] == len({(n, c) for n, calls in enumerate(GRAPHS[name]) for c in calls})


@ENDS
def test_the_amplification_of_all_paths_is_found_without_following_them() -> None:
    """Forty stages of three attempts are more requests than are told apart, over one path."""
    (worst,) = (f for f in checked("40 stages of diamonds").findings if f.code == "AM01")
    assert worst.magnitude == 10**18
    assert len(worst.subject.path) == len(range(40))


@ENDS
def test_a_long_chain_is_told_in_few_words() -> None:
    """Two thousand hops of three attempts are one finding, whose message can be read."""
    (worst,) = (f for f in checked("a chain of 2,000").findings if f.code == "AM01")
    assert worst.magnitude == 10**18
    assert "s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> ... 1993 more ... -> s1999" in worst.message


@ENDS
def test_a_ring_is_one_cycle() -> None:
    """A cycle of two thousand operations is one finding, which names them all."""
    (cycle,) = (f for f in checked("a ring of 2,000").findings if f.code == "CG01")
    assert len(cycle.edges) == len(GRAPHS["a ring of 2,000"])


@ENDS
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_ends(shape: str) -> None:
    """Generated namespaces of three hundred services in each shape are checked whole."""
    calls = SHAPES[shape](300, Random(7))
    report = analyze(catalog_of(documents(calls)), ALL, today=TODAY)
    assert report.edges == 2 * sum(len(set(callees)) for callees in calls)


def test_references_to_nowhere_hide_nothing() -> None:
    """Every kind of reference dangles; each is named, and the one sound edge is checked."""
    nowhere = {"to": "nowhere", "operation": "none"}
    call = {"name": "a", **nowhere}
    endpoint = {"name": "page", "path": "/", "calls": [call], "output": {"a": "a"}}
    calls = [{"to": "s1", "operation": "get0"}, nowhere, {"to": "s1", "operation": "none"}]
    match = {"methods": ["GET"], "path": "/"}
    values = [
        document("Service", "s0", {"operations": [{"name": "x", "match": match, "calls": calls}]}),
        service(1, []),
        document("Bff", "b", {"client": "web", "authentication": "no", "endpoints": [endpoint]}),
        document("Gateway", "g", {"authentication": "none"}),
        document("Route", "r", {"gateway": "none", "destinations": [{"to": "nowhere"}]}),
        document("Route", "q", {"gateway": "g", "destinations": [{"to": "nowhere"}]}),
        document(
            "Fallback",
            "f",
            {"target": {"to": "s1"}, "operation": {"service": "nowhere", "operation": "none"}},
        ),
        document("Retry", "o", {"target": {"to": "nowhere"}, "attempts": 2}),
    ]
    found = [finding.code for finding in analyze(catalog_of(values), ALL, today=TODAY).findings]
    assert {"CG02", "GW03", "GW09", "RT07"} <= set(found)
    assert found.count("CG02") + found.count("GW03") >= len({"s0", "b", "g", "r", "q", "f"})


if __name__ == "__main__":
    whole = checked(sys.argv[1])
    print(json.dumps({"edges": whole.edges, "findings": len(whole.findings)}))  # noqa: T201
