"""The picture of one edge's time budget, as data."""

from configsvc.analysis.formats.timelines import timeline_data, timeline_of
from configsvc.analysis.timeline import Budget, Timeline, timeline
from configsvc.model.findings import EdgeId
from tests.analysis.documents import catalog_of
from tests.simulate.systems import BREAKER, EDGE, RETRY, TIMEOUT, edge_catalog

WAY_IN = """
kind: Service
metadata: {name: shop}
spec: {operations: [{name: buy, match: {methods: [POST], path: /orders}}]}
---
kind: Gateway
metadata: {name: front}
spec: {listeners: [{port: 8080}]}
---
kind: Route
metadata: {name: buying}
spec: {gateway: front, match: {path: /orders}, destinations: [{to: shop}], slo: 3s}
"""


def picture(*policies: str) -> Timeline:
    """The picture of the one edge under these policies."""
    return timeline(edge_catalog(*policies), EDGE)


def test_attempts_stand_behind_each_other_with_their_longest_waits() -> None:
    """Full jitter: the earliest start is without any wait, the latest with all of them."""
    found = picture(TIMEOUT, RETRY.replace("3,", "3, backoff: {base: 100ms, multiplier: 2},"))

    assert [(bar.earliest, bar.latest) for bar in found.attempts] == [
        (0, 0), (200_000, 300_000), (400_000, 700_000),
    ]  # fmt: skip
    assert [(w.before, w.start, w.longest) for w in found.waits] == [
        (2, 200_000, 100_000), (3, 500_000, 200_000),
    ]  # fmt: skip
    assert found.needed == 900_000


def test_attempts_that_cannot_end_or_start_are_told_apart() -> None:
    """The overall limit cuts one attempt, and the next never starts."""
    long = TIMEOUT.replace("1s", "500ms")
    found = picture(long, "Retry: {target: {to: stock}, attempts: 4, backoff: {base: 0s}}")

    assert [bar.state for bar in found.attempts] == ["whole", "whole", "cut", "dead"]


def test_retry_without_attempt_limit_has_one_attempt() -> None:
    """A hang uses up all the time, so that the others are dead."""
    found = picture("Timeout: {target: {to: stock}, overall: 1s}", RETRY)

    assert [bar.state for bar in found.attempts] == ["whole", "dead", "dead"]
    assert found.needed is None


def test_a_way_in_shows_what_its_routes_promise() -> None:
    """Nobody is above a gateway but whoever the objective was given to."""
    catalog = catalog_of(WAY_IN)

    found = timeline(catalog, EdgeId("front", "shop", "buy"))

    assert found.above == (Budget("Route/buying objective", 3_000_000),)


def test_neighbours_show_their_budgets() -> None:
    """Above, how long somebody waits for the caller; below, how long the callee may take."""
    found = picture(TIMEOUT)

    assert found.above == (Budget("shop[buy] limit", 3_000_000),)


def test_breaker_lengthens_the_axis_but_not_for_ever() -> None:
    """Its open time is shown as far as it does not squeeze everything else."""
    found = picture(TIMEOUT, BREAKER.replace("5s", "10m"))

    assert found.breaker is not None
    assert found.breaker.open_for == 600_000_000
    assert found.length == 1_000_000


def test_picture_survives_json() -> None:
    """What the API answers is the picture, whole."""
    for policies in ((), (TIMEOUT,), (TIMEOUT, RETRY, BREAKER)):
        found = picture(*policies)
        assert timeline_of(timeline_data(found)) == found
