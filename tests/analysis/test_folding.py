"""One mistake, one finding."""

from configsvc.analysis import analyze
from configsvc.analysis.rules import ALL
from tests.analysis.documents import TODAY, catalog_of, codes, report_of

SERVICES = """
kind: Service
metadata: {name: shop}
spec:
  operations:
    - name: buy
      calls: [{to: stock, operation: reserve}, {to: bank, operation: pay}]
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
---
kind: Service
metadata: {name: bank}
spec: {operations: [{name: pay, match: {methods: [PUT], path: /payments}}]}
---
"""
DEAD_DEFAULT = """
kind: Timeout
spec: {target: {}, attempt: 10s, overall: 30s}
---
kind: Retry
spec: {target: {}, attempts: 4, backoff: {base: 2s, max: 60s}, budget: {ratio: 20%}}
"""


def test_bad_default_is_one_finding_with_all_its_edges() -> None:
    """Findings of one code from the same fields are one, whose edges are listed."""
    findings = report_of(SERVICES + DEAD_DEFAULT).findings
    assert [f.code for f in findings] == ["RT03"]
    assert [str(edge) for edge in findings[0].edges] == [
        "shop -> bank pay",
        "shop -> stock reserve",
    ]


def test_folded_finding_carries_all_fingerprints() -> None:
    """A finding on two edges has the identity of each."""
    finding = report_of(SERVICES + DEAD_DEFAULT).findings[0]
    assert sorted(finding.fingerprints) == [
        "RT03 test shop -> bank pay",
        "RT03 test shop -> stock reserve",
    ]


def test_mistakes_of_different_documents_stay_apart() -> None:
    """The same code from different fields is two findings."""
    own = """
---
kind: Retry
metadata: {name: of-the-bank}
spec: {target: {to: bank}, attempts: 3}
"""
    assert codes(report_of(SERVICES + DEAD_DEFAULT + own)) == ["RT03", "RT03"]


def test_worst_edge_speaks_for_the_others() -> None:
    """The magnitude and the message of a folded finding are those of its worst edge."""
    slow = "latency: {p50: 9s}"
    services = SERVICES.replace("path: /payments}", f"path: /payments}}, {slow}")
    finding = report_of(services + DEAD_DEFAULT).findings[0]
    assert len(finding.edges) == 2
    assert str(finding.subject) == "shop -> bank pay"


def test_consequence_stands_below_what_explains_it() -> None:
    """An attempt limit that is too long explains attempts that cannot start."""
    too_long = DEAD_DEFAULT.replace("attempt: 10s", "attempt: 31s")
    finding = report_of(SERVICES + too_long).findings[0]
    assert (finding.code, [inner.code for inner in finding.consequences]) == ("RT01", ["RT03"])
    path = report_of(_CHAIN).findings[0]
    assert (path.code, {inner.code for inner in path.consequences}) == ("AM01", {"AM03"})


def test_fingerprints_of_consequences_are_carried_too() -> None:
    """When the root is repaired, what it explained was open before."""
    finding = report_of(_CHAIN).findings[0]
    assert any(mark.startswith("AM03 ") for mark in finding.fingerprints)


def test_defaults_alone_are_nobodys_mistake() -> None:
    """A rule about fields says nothing where no document wrote one of them."""
    breaker = """
kind: Timeout
spec: {target: {}, overall: 1s}
---
kind: CircuitBreaker
spec: {target: {}, openFor: 20s}
"""
    small = SERVICES.replace(
        "metadata: {name: stock}\nspec: {",
        "metadata: {name: stock}\nspec: {capacity: {instances: 2}, ",
    )
    assert codes(report_of(small + breaker)) == []


def test_order_of_documents_changes_nothing() -> None:
    """The same documents in another order give the same report."""
    resources = list(catalog_of(SERVICES + DEAD_DEFAULT).resources.values())
    backwards = type(catalog_of(SERVICES)).of(reversed(resources), namespace="test")
    forwards = catalog_of(SERVICES + DEAD_DEFAULT)
    reports = [analyze(c, ALL, today=TODAY) for c in (forwards, backwards)]
    assert reports[0].findings == reports[1].findings
    assert reports[0].not_evaluated == reports[1].not_evaluated


_CHAIN = """
kind: Service
metadata: {name: web}
spec: {operations: [{name: page, calls: [{to: shop, operation: cart}]}]}
---
kind: Service
metadata: {name: shop}
spec:
  operations:
    - {name: cart, match: {methods: [GET], path: /cart}, calls: [{to: stock, operation: count}]}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: count, match: {methods: [GET], path: /count}}]}
---
kind: Timeout
spec: {target: {}, attempt: 100ms, overall: 2s}
---
kind: Retry
spec: {target: {}, attempts: 4, retryOn: [5xx, timeout], backoff: {base: 10ms}}
---
kind: CircuitBreaker
spec: {target: {}, openFor: 10s}
"""


def test_error_stands_for_itself_beside_a_milder_explanation() -> None:
    """A fan-out explains a limit that cuts a few attempts, not one that cuts a tenth of them."""
    fan_out = """
kind: Service
metadata: {name: feed}
spec:
  operations:
    - {name: show, calls: [{to: posts, operation: get, times: {typical: 20}}]}
---
kind: Service
metadata: {name: posts}
spec:
  operations:
    - name: get
      match: {methods: [GET], path: "/posts/{id}"}
      latency: {p50: 20ms, p90: 80ms, p95: 90ms, p99: 100ms, p999: 150ms}
---
kind: Timeout
spec: {target: {}, overall: LIMIT}
"""
    assert codes(report_of(fan_out.replace("LIMIT", "120ms"))) == ["BF03"]
    assert codes(report_of(fan_out.replace("LIMIT", "70ms"))) == ["RT10", "BF03"]
