"""What has nothing to do with a finding changes nothing about it."""

from hypothesis import given, settings

from configsvc.analysis.report import new_findings
from tests.analysis.noise import stated, systems, undecided
from tests.examples.systems import SYSTEMS, Documents, documents_of, report_of


def _add_loners(documents: Documents) -> None:
    """Resources that nobody refers to and that refer to nobody."""
    match = {"methods": ["GET"], "path": "/loner"}
    documents.add("Service", "loner", operations=[{"name": "be", "match": match}])
    documents.add("Gateway", "loner-gateway", replicas=1, authentication="public")
    documents.add("RateLimit", "loner-limit", side="callee", rate={"limit": 1, "period": "1s"})
    documents.add("Authentication", "loner-keys", apiKeys=[{"id": "a", "sha256": "0" * 63 + "1"}])


def _add_island(documents: Documents) -> None:
    """Two services that call each other, under policies of their own, as they should be."""
    operation = {
        "name": "answer",
        "match": {"methods": ["GET"], "path": "/answers/{id}"},
        "latency": {"p50": "5ms", "p99": "40ms", "p999": "90ms"},
        "ownTime": "100ms",
        "limit": "100ms",
        "cancels": True,
        "honoursDeadline": True,
        "emits": ["5xx"],
    }
    call = {"to": "island-answers", "operation": "answer"}
    ask = {"name": "ask", "externalRate": 100, "ownTime": "10ms", "calls": [call]}
    capacity = {"instances": 2, "processes": 2, "workers": 64, "requestsPerSecond": 500}
    pool = {"connectionPool": {"max": 64, "wait": "20ms", "idle": "30s"}}
    documents.add("Service", "island-asks", capacity=capacity, client=pool, operations=[ask])
    documents.add(
        "Service",
        "island-answers",
        capacity=capacity,
        server={"idle": "75s"},
        discovery={"outlierDetection": {"consecutive5xx": 5, "maxEjection": "50%"}},
        operations=[operation],
    )
    target = {"to": "island-answers"}
    documents.add("Timeout", "island", target=target, connect="20ms", attempt="150ms")
    documents.spec("Timeout/island")["overall"] = "150ms"
    documents.add("Retry", "island", target=target, enabled=False)
    documents.add("Bulkhead", "island", target=target, maxConcurrent=10)
    documents.add("CircuitBreaker", "island", target=target, enabled=False)


@settings(max_examples=40)
@given(systems())
def test_a_resource_that_nobody_refers_to_changes_nothing(system: tuple[str, Documents]) -> None:
    """Findings, and what is left undecided, are the same with loners added."""
    _, documents = system
    before = report_of(documents)
    _add_loners(documents)
    after = report_of(documents)
    assert (stated(after), undecided(after)) == (stated(before), undecided(before))


def test_a_right_island_adds_nothing_to_right_systems() -> None:
    """Two more services that are as they should be raise nothing, there and elsewhere."""
    for system in SYSTEMS:
        documents = documents_of(system)
        _add_island(documents)
        assert stated(report_of(documents)) == [], system


@settings(max_examples=40)
@given(systems())
def test_an_island_adds_nothing_to_a_mistake(system: tuple[str, Documents]) -> None:
    """With an island added, a change has no findings that it did not have without."""
    _, documents = system
    before = report_of(documents)
    _add_island(documents)
    after = report_of(documents)
    assert new_findings(after, before) == ()
    assert {finding.code for finding in after.findings} == {f.code for f in before.findings}
