"""Bounds over the graph: rates, longest work, amplification; in bounded time."""

from math import inf

from configsvc.analysis import native_system
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import Range
from configsvc.analysis.paths import Amplification
from configsvc.analysis.system import System
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import EdgeId
from tests.analysis.documents import catalog_of


def _system(text: str) -> System:
    return native_system(catalog_of(text))


def _edge(system: System, caller: str, callee: str, operation: str) -> EdgeView:
    return system.by_id[EdgeId(caller, callee, operation)]


def _services(calls: dict[str, list[str]], extra: str = "") -> str:
    """One service per name with an operation `go` that calls those of others; ``extra`` for all."""
    documents = [
        f"kind: Service\nmetadata: {{name: {name}}}\nspec: {{operations: [{{name: go, "
        f"match: {{methods: [GET], path: /go}}, {extra}"
        f"calls: [{', '.join(f'{{to: {callee}, operation: go}}' for callee in callees)}]}}]}}\n"
        for name, callees in calls.items()
    ]
    return "---\n".join(documents)


RETRY = """---
kind: Timeout
spec: {target: {}, attempt: 100ms, overall: 1s}
---
kind: Retry
spec: {target: {}, attempts: 2, retryOn: [5xx, timeout], backoff: {base: 10ms}}
"""


def test_rates_follow_the_calls() -> None:
    """A rate from outside goes down the graph, times the calls for one request."""
    text = """
kind: Service
metadata: {name: web}
spec:
  capacity: {instances: 2, processes: 5}
  operations:
    - {name: page, externalRate: 100, calls: [{to: shop, operation: go, times: {typical: 3}}]}
---
kind: Service
metadata: {name: shop}
spec: {operations: [{name: go, externalRate: 50, calls: [{to: stock, operation: go}]}]}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: go}]}
"""
    system = _system(text)
    bounds = Bounds(system)
    page = bounds.traffic(_edge(system, "web", "shop", "go"))
    assert (page.all, page.per_process) == (Range.exactly(300), Range.exactly(30))
    assert bounds.traffic(_edge(system, "shop", "stock", "go")).all == Range.exactly(350)


def test_rate_that_nobody_declared_is_missed_by_name() -> None:
    """What comes from outside is unknown where nothing says how much it is."""
    system = _system(_services({"a": ["b"], "b": []}))
    assert Bounds(system).traffic(_edge(system, "a", "b", "go")).all == Range(
        0, inf, frozenset({"a[go].externalRate"})
    )


def test_rate_through_a_gateway_is_the_external_one() -> None:
    """All of an operation's external rate comes over its only way in."""
    text = """
kind: Gateway
metadata: {name: edge}
spec: {replicas: 4}
---
kind: Route
spec: {gateway: edge, match: {path: /go}, destinations: [{to: shop}]}
---
kind: Service
metadata: {name: shop}
spec: {operations: [{name: go, match: {path: /go}, externalRate: 80}]}
"""
    system = _system(text)
    traffic = Bounds(system).traffic(_edge(system, "edge", "shop", "go"))
    assert (traffic.all, traffic.per_process) == (Range.exactly(80), Range.exactly(20))


def test_rate_in_a_cycle_is_unknown_and_ends() -> None:
    """What goes round is not added up."""
    system = _system(_services({"a": ["b"], "b": ["a"]}))
    rate = Bounds(system).traffic(_edge(system, "a", "b", "go")).all
    assert (rate.low, rate.high) == (0, inf)


def test_longest_work_adds_stages_and_takes_the_longest_of_each() -> None:
    """Stages follow each other, calls of one stage do not."""
    text = """
kind: Service
metadata: {name: shop}
spec:
  operations:
    - name: buy
      ownTime: 100ms
      calls:
        - {to: stock, operation: go, stage: 1}
        - {to: bank, operation: go, stage: 1}
        - {to: stock, operation: go, stage: 2, times: {max: 2}}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: go}]}
---
kind: Service
metadata: {name: bank}
spec: {operations: [{name: go}]}
---
kind: Timeout
spec: {target: {to: stock}, overall: 1s}
---
kind: Timeout
spec: {target: {to: bank}, overall: 3s}
"""
    assert Bounds(_system(text)).longest_work(("shop", "buy")) == Range.exactly(5_100_000)


def test_amplification_of_a_diamond_is_that_of_one_path() -> None:
    """Forty stages of two ways each have 2^40 paths and one product."""
    calls: dict[str, list[str]] = {}
    for stage in range(40):
        for side in "ab":
            calls[f"s{stage}{side}"] = [f"s{stage + 1}a", f"s{stage + 1}b"] if stage < 39 else []
    system = _system(_services(calls) + RETRY)
    amplification = Amplification(system, Bounds(system))
    assert amplification.of(("s39a", "go")) == 2**39
    paths = amplification.worst_paths
    assert [path.amplification for path in paths] == [Range.exactly(2**39)] * 2


def test_deep_chain_is_no_recursion() -> None:
    """Two thousand services in a row end in one pass."""
    calls = {f"s{n}": [f"s{n + 1}"] if n < 1_999 else [] for n in range(2_000)}
    system = _system(_services(calls))
    assert Amplification(system, Bounds(system)).of(("s1999", "go")) == 1
    assert Amplification(system, Bounds(system)).worst_paths == ()


def test_full_graph_ends() -> None:
    """Sixty services that all call each other are one component."""
    names = [f"s{n}" for n in range(60)]
    calls = {name: [other for other in names if other != name] for name in names}
    system = _system(_services(calls) + RETRY)
    assert len(system.cyclic) == 60
    assert Amplification(system, Bounds(system)).retrying_pairs == ()
