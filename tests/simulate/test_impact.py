"""What three faults do to one edge."""

from configsvc.simulate.impact import BUCKETS, MOST_CALLS, edge_impact
from tests.simulate.systems import BREAKER, BULKHEAD, EDGE, RETRY, TIMEOUT, edge_catalog

POLICIES = (TIMEOUT, RETRY, BREAKER, BULKHEAD)


def test_protected_edge_recovers_from_each_fault() -> None:
    """Calls succeed before the fault, fail during it, and succeed again at the end."""
    found = edge_impact(edge_catalog(*POLICIES), EDGE)

    assert [each.kind for each in found.faults] == ["hang", "errors", "slow"]
    for fault in found.faults[:2]:
        before, during, _ = fault.phases
        assert (before.failed, during.ok) == (0, 0)
        assert fault.opened is not None
        assert fault.recovered is not None
        assert fault.recovered > fault.end
        assert fault.series[-1].failed == 0


def test_unprotected_edge_shows_what_a_hang_costs() -> None:
    """Without any limit calls that meet the hang last until it is over."""
    hang = edge_impact(edge_catalog(), EDGE).faults[0]

    during = hang.phases[1]
    assert during.longest is not None
    assert during.longest >= hang.end - hang.start
    assert hang.most_at_once > 100


def test_series_has_every_call() -> None:
    """The buckets together hold as many calls as the phases."""
    for fault in edge_impact(edge_catalog(*POLICIES), EDGE).faults:
        assert len(fault.series) == BUCKETS
        assert sum(bucket.ok + bucket.failed for bucket in fault.series) == fault.calls


def test_busy_edge_is_watched_for_a_shorter_time() -> None:
    """The number of calls is bounded, whatever the rate."""
    found = edge_impact(edge_catalog(*POLICIES), EDGE, rate=1_000)

    assert max(fault.calls for fault in found.faults) <= MOST_CALLS
    assert found.length == 1_500_000
