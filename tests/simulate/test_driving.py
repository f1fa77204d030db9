"""Runs under virtual time: what calls, callees and faults do."""

import pytest

from configsvc.model.experiments import ONE_CALL, Fault, Load
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import SECOND, WHOLE, Duration, Share
from configsvc.simulate import Arrivals, NotSimulatedError, Run, simulate, system_of
from tests.analysis.documents import catalog_of
from tests.simulate.systems import BREAKER, BULKHEAD, EDGE, RETRY, TIMEOUT, WORK, edge_catalog

BUSY = Load(rate=50, duration=Duration(30 * SECOND))
HALF = Fault("errors", start=Duration(5 * SECOND), duration=Duration(SECOND), share=Share(500_000))
POLICIES = (TIMEOUT, RETRY, BREAKER, BULKHEAD)


def run(*policies: str, fault: Fault, load: Load = ONE_CALL, seed: int = 1) -> Run:
    """Calls over the one edge while the callee has a fault."""
    system = system_of(edge_catalog(*policies), [EDGE])
    return simulate(system, [Arrivals(EDGE, load)], [(WORK, fault)], seed=seed)


def test_calls_before_pay_for_retries() -> None:
    """One call alone has the floor of its budget only; after healthy traffic it has all."""
    hang = Fault("hang", start=Duration(5 * SECOND))
    warm = Load(rate=20, duration=hang.start, burst=1)

    alone = run(TIMEOUT, RETRY, fault=Fault("hang")).edges[EDGE].calls[-1]
    later = run(TIMEOUT, RETRY, fault=hang, load=warm).edges[EDGE].calls[-1]

    assert (alone.attempts, later.attempts) == (2, 3)


def test_one_seed_gives_one_run() -> None:
    """The same seed twice is the same run to the last call, and another seed another one."""
    first, again, other = (run(*POLICIES, fault=HALF, load=BUSY, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_hang_uses_up_the_time_of_a_call() -> None:
    """Each attempt runs to its limit; the answer never comes."""
    unlimited = RETRY.replace(", budget: {ratio: 20%}", "")
    found = run(TIMEOUT, unlimited, fault=Fault("hang"))

    (call,) = found.edges[EDGE].calls
    assert (call.attempts, call.outcome) == (3, "timeout")
    assert call.ended is not None
    assert 600_000 <= call.ended <= 1_000_000


def test_hang_is_not_ended_by_the_callee() -> None:
    """A limit that the callee enforces itself does not answer for a callee that hangs."""
    text = """
kind: Service
metadata: {name: shop}
spec: {operations: [{name: buy, calls: [{to: stock, operation: reserve}]}]}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: reserve, ownTime: 2s, limit: 100ms}]}
---
kind: Timeout
spec: {target: {}, overall: 1s}
"""
    system = system_of(catalog_of(text), [EDGE])
    ends = []
    for faults in ([], [(WORK, Fault("hang"))]):
        found = simulate(system, [Arrivals(EDGE, ONE_CALL)], faults)
        ends.append((found.edges[EDGE].calls[0].outcome, found.edges[EDGE].calls[0].ended))

    assert ends == [("504", 100_000), ("timeout", SECOND)]


def test_breaker_opens_on_a_burst_and_closes_after_it() -> None:
    """Its moves are those of the engine: open, half-open, closed."""
    burst = Fault("errors", start=Duration(5 * SECOND), duration=Duration(SECOND), share=WHOLE)

    found = run(*POLICIES, fault=burst, load=BUSY)

    assert [m.state for m in found.edges[EDGE].moves] == ["open", "half-open", "closed"]


def test_killed_instance_refuses_its_share() -> None:
    """One of three instances is down: a third of the attempts is refused at once."""
    found = run(TIMEOUT, fault=Fault("kill", instances=1), load=Load(rate=30, duration=SECOND))

    assert found.edges[EDGE].outcomes == {"ok": 20, "refused": 10}


def test_slow_callee_holds_its_permits() -> None:
    """Answers that take longer keep the bulkhead full, and the rest is turned away."""
    slow = Fault("slow", amount=Duration(190_000))

    found = run(TIMEOUT, BULKHEAD, fault=slow, load=Load(rate=100, duration=SECOND))

    assert found.works[WORK].most_at_once == 10
    assert found.edges[EDGE].refused["full"] > 0


def test_callee_works_on_after_its_caller_gave_up() -> None:
    """A callee that does not notice goes on; one that cancels stops with its caller."""
    text = """
kind: Service
metadata: {name: shop}
spec: {operations: [{name: buy, calls: [{to: stock, operation: reserve}]}]}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: reserve, ownTime: 1s, cancels: %s}]}
---
kind: Timeout
spec: {target: {}, attempt: 200ms, overall: 200ms}
"""
    for cancels, after in (("true", 0), ("false", 800_000)):
        system = system_of(catalog_of(text % cancels), [EDGE])
        found = simulate(system, [Arrivals(EDGE, ONE_CALL)], extreme=True)
        assert found.works[WORK].after_giving_up == after


STAGES = """
kind: Service
metadata: {name: page}
spec:
  operations:
    - name: show
      calls:
        - {to: part, operation: one}
        - {to: part, operation: two}
        - {to: part, operation: three, stage: 2, times: {typical: 1, max: 2}}
---
kind: Service
metadata: {name: part}
spec:
  operations:
    - {name: one, ownTime: 100ms}
    - {name: two, ownTime: 300ms}
    - {name: three, ownTime: 50ms}
---
kind: Service
metadata: {name: site}
spec: {operations: [{name: visit, calls: [{to: page, operation: show}]}]}
"""
VISIT = EdgeId("site", "page", "show")


def test_equal_stages_run_side_by_side_and_times_in_a_row() -> None:
    """The longest of the first stage, then two calls of the second."""
    found = simulate(
        system_of(catalog_of(STAGES), [VISIT]), [Arrivals(VISIT, ONE_CALL)], extreme=True
    )

    (call,) = found.edges[VISIT].calls
    assert call.ended == 400_000
    assert found.works["part", "three"].arrivals == 2


def test_failure_of_a_required_call_fails_its_operation() -> None:
    """And what else the operation had under way is given up."""
    found = simulate(
        system_of(catalog_of(STAGES), [VISIT]),
        [Arrivals(VISIT, ONE_CALL)],
        [(("part", "one"), Fault("errors"))],
        extreme=True,
    )

    (call,) = found.edges[VISIT].calls
    assert (call.outcome, call.ended) == ("502", 100_000)
    assert ("part", "three") not in found.works


def test_ambiguous_policies_are_not_run() -> None:
    """Nobody can say which of the two values would be in force."""
    catalog = edge_catalog(TIMEOUT, TIMEOUT.replace("200ms", "300ms"))

    with pytest.raises(NotSimulatedError, match="the policies of shop -> stock reserve are amb"):
        system_of(catalog, [EDGE])


def test_contradicting_policies_are_not_run() -> None:
    """A retry beside a hedge is refused with the reason of the engine."""
    catalog = edge_catalog(RETRY, "Hedge: {target: {to: stock}, extra: 1, delay: 50ms}")

    with pytest.raises(NotSimulatedError, match="a call retries or hedges, not both"):
        system_of(catalog, [EDGE])


def test_run_that_grows_too_large_is_cut_off() -> None:
    """And says so."""
    system = system_of(edge_catalog(*POLICIES), [EDGE])

    assert simulate(system, [Arrivals(EDGE, BUSY)], most_steps=100).cut_off
