"""Histograms of several processes add up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.fleet import BOUNDS, Histogram

LATENCIES = st.lists(st.integers(0, 30_000_000_000), max_size=50)


def histogram(latencies: list[int]) -> Histogram:
    """Those latencies, recorded."""
    result = Histogram()
    for latency in latencies:
        result.record(latency)
    return result


@given(LATENCIES, LATENCIES)
def test_sum_equals_recording_together(left: list[int], right: list[int]) -> None:
    """Adding two histograms is recording all latencies in one."""
    assert Histogram.total([histogram(left), histogram(right)]) == histogram(left + right)


@given(LATENCIES)
def test_round_trip(latencies: list[int]) -> None:
    """What is written is read back."""
    one = histogram(latencies)
    assert Histogram.from_json(json.loads(json.dumps(one.to_json()))) == one


@given(st.lists(st.integers(1_000, 10_000_000_000), min_size=1, max_size=50), st.integers(1, 100))
def test_percentile_is_never_too_short_and_at_most_19_percent_too_long(
    latencies: list[int], share: int
) -> None:
    """The error of a percentile is that of its bucket."""
    exact = sorted(latencies)[-(-len(latencies) * share // 100) - 1]
    found = histogram(latencies).percentile(share)
    assert found is not None
    assert exact <= found <= exact * 1.1893 + 1


def test_nothing_recorded_has_no_percentile() -> None:
    """No data is no zero."""
    assert Histogram().percentile(50) is None


def test_longest_is_exact() -> None:
    """The last one to arrive is not rounded to a bound, also beyond the last of them."""
    assert histogram([1_234_567]).percentile(100) == 1_234_567
    assert histogram([BOUNDS[-1] + 5]).percentile(50) == BOUNDS[-1] + 5


@pytest.mark.parametrize("counts", [{"97": 1, "98": 1}, {"-1": 1}, {"0": -1}])
def test_foreign_bounds_are_refused(counts: dict[str, int]) -> None:
    """Counts that belong to other bounds are not added silently."""
    with pytest.raises(ValueError, match="does not fit these bounds"):
        Histogram.from_json({"counts": counts, "longest": 1})
