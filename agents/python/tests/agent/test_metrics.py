"""Histograms with bounds that hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from configsvc_agent.agent._metrics import EdgeStats, bucket_of, upper_bound
from configsvc_agent.engine.events import DeadlineExceeded, RetryRefused
from configsvc_agent.engine.policy import Edge


@given(st.integers(0, 2**33))
def test_a_latency_is_within_a_quarter_of_its_buckets_bound(latency: int) -> None:
    """Each bucket's upper bound is at least the latency and at most a quarter above it."""
    bound = upper_bound(bucket_of(latency))

    assert latency <= bound <= latency + latency // 4 + 1


def test_buckets_do_not_overlap() -> None:
    """Bounds rise, and the bound of each bucket falls into it."""
    bounds = [upper_bound(index) for index in range(4 * 34)]

    assert bounds == sorted(set(bounds))
    assert [bucket_of(bound) for bound in bounds] == list(range(4 * 34))


def test_what_is_too_long_is_counted_in_the_last_bucket() -> None:
    """Nothing is lost, however long it took."""
    stats = EdgeStats()
    stats.ended("failed", 10**15)
    stats.succeeded(10**15)

    assert stats.snapshot("a", "b", "c", declared=True).latency.count == 2


def test_quantiles() -> None:
    """A quantile is the bound of the bucket in which it falls."""
    stats = EdgeStats()
    for latency in (1, 2, 3, 1000):
        stats.succeeded(latency)
    latency = stats.snapshot("a", "b", "c", declared=True).latency

    assert (latency.quantile(0.5), latency.quantile(0.75), latency.total) == (2, 3, 1006)
    assert 1000 <= latency.quantile(1.0) <= 1250


@given(st.lists(st.integers(0, 2**33), min_size=1))
def test_success_is_in_the_bucket_in_which_a_failure_would_be(latencies: list[int]) -> None:
    """The short way of the calls that end well counts as the other one does."""
    well, badly = EdgeStats(), EdgeStats()
    for latency in latencies:
        well.succeeded(latency)
        badly.ended("failed", latency)

    assert well.buckets() == badly.buckets()
    assert well.snapshot("a", "b", "c", declared=True).calls == {"ok": len(latencies)}
    assert badly.snapshot("a", "b", "c", declared=True).calls == {"failed": len(latencies)}


def test_calls_that_ended_well_count_beside_those_that_did_not() -> None:
    """What the server hears of: five calls, two of them bad."""
    stats = EdgeStats()
    for latency in (1, 20, 300):
        stats.succeeded(latency)
    stats.ended("failed", 4)
    stats.ended("open", 0)

    assert stats.counts() == (5, 2)


def test_what_stood_against_a_retry_is_counted_by_its_cause() -> None:
    """An empty budget and a near deadline call for different remedies."""
    edge, stats = Edge("a", "b", "c"), EdgeStats()
    for cause in ("budget", "deadline", "budget"):
        stats.happened(RetryRefused(edge, 1, 2, frozenset({"5xx"}), cause, "in words"))  # type: ignore[arg-type]
    stats.happened(DeadlineExceeded(edge, 1, "in words"))

    counted = stats.snapshot("a", "b", "c", declared=True).events
    assert counted == {"retry-refused-budget": 2, "retry-refused-deadline": 1, "deadline": 1}
