"""The bounds of the graph against runs of the engine: never below what is seen, and reached."""

from math import inf
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configsvc.analysis import native_system
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.paths import Amplification
from configsvc.model.experiments import ERRORS, HANG, ONE_CALL, Fault, Load
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import SECOND, Duration
from configsvc.resolve import Catalog
from configsvc.simulate import Arrivals, NotSimulatedError, Run, simulate, system_of
from tests.simulate.generated import OPERATION, Generated, document, faults, systems

MANY = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

LOADS = st.builds(
    Load,
    rate=st.sampled_from([1.0, 5.0]),
    duration=st.just(Duration(2 * SECOND)),
    burst=st.integers(1, 4),
)


def run(generated: Generated, load: Load, *, seed: int = 1, extreme: bool = True) -> Run:
    """Calls over every edge of the first service, while operations have their faults."""
    catalog = generated.catalog
    edges = sorted(catalog.graph.edges_of("s0"))
    return simulate(
        system_of(catalog, edges),
        [Arrivals(edge, load) for edge in edges],
        generated.faults,
        seed=seed,
        extreme=extreme,
        settling=600 * SECOND,
    )


@given(systems(), LOADS, st.integers(0, 99), st.booleans())
@MANY
def test_no_call_lasts_longer_than_its_bound(
    generated: Generated,
    load: Load,
    seed: int,
    extreme: bool,  # noqa: FBT001 - both are tried
) -> None:
    """Whatever hangs, fails or is slow: the caller's worst case holds on every edge."""
    view = native_system(generated.catalog)
    bounds = Bounds(view)

    found = run(generated, load, seed=seed, extreme=extreme)

    for edge, record in found.edges.items():
        bound = bounds.worst_case(view.by_id[edge]).high
        for call in record.calls:
            end = found.ended if call.ended is None else call.ended
            assert end - call.started <= bound


@given(systems(), LOADS, st.integers(0, 99))
@MANY
def test_no_operation_works_longer_than_its_bound(
    generated: Generated, load: Load, seed: int
) -> None:
    """An operation that has no fault itself ends in time, also if all that it calls hang."""
    bounds = Bounds(native_system(generated.catalog))
    ill = {work for work, _ in generated.faults}

    found = run(generated, load, seed=seed)

    for work, record in found.works.items():
        if work not in ill:
            assert record.longest <= bounds.longest_work(work).high


@given(systems(chain=True), faults(), st.integers(0, 99))
@MANY
def test_no_operation_gets_more_copies_than_its_bound(
    generated: Generated, fault: Fault, seed: int
) -> None:
    """One call at the way in, and the last of a chain is ill: no more than the product arrives."""
    chained = _once(generated)
    last = max(chained.catalog.nodes)
    chained = Generated(chained.documents, (((last, OPERATION), fault),))
    view = native_system(chained.catalog)
    paths = Amplification(view, Bounds(view))

    found = run(chained, ONE_CALL, seed=seed)

    for work, record in found.works.items():
        assert record.arrivals <= paths.of(work)


def _once(generated: Generated) -> Generated:
    """The same with each call made once: fan-out is no amplification."""
    documents = []
    for each in generated.documents:
        spec: dict[str, Any] = each["spec"]
        if each["kind"] == "Service":
            (operation,) = spec["operations"]
            calls = [{**call, "times": {"max": 1}} for call in operation["calls"]]
            spec = {**spec, "operations": [{**operation, "calls": calls}]}
        documents.append({**each, "spec": spec})
    return Generated(tuple(documents), generated.faults)


# ── reached ──────────────────────────────────────────────────────────────────────────────────────


def chain(length: int, *policies: dict[str, Any], own: str = "0ms") -> Catalog:
    """Services in a row, each calling the next once."""
    services = [
        document(
            "Service",
            f"s{number}",
            {
                "operations": [
                    {
                        "name": OPERATION,
                        "match": {"methods": ["GET"], "path": "/go"},
                        "ownTime": own,
                        "cancels": False,
                        "honoursDeadline": False,
                        "calls": [{"to": f"s{number + 1}", "operation": OPERATION}]
                        if number + 1 < length
                        else [],
                    }
                ]
            },
        )
        for number in range(length)
    ]
    return Generated((*services, *policies), ()).catalog


@given(
    attempt=st.integers(1, 500),
    attempts=st.integers(1, 6),
    base=st.integers(0, 100),
    multiplier=st.sampled_from([1, 1.5, 2, 3]),
    longest=st.integers(100, 1_000),
    jitter=st.sampled_from(["none", "equal", "full", "decorrelated"]),
    overall=st.none() | st.just("1h"),
)
@MANY
def test_worst_case_of_a_hang_is_reached(
    attempt: int,
    attempts: int,
    base: int,
    multiplier: float,
    longest: int,
    jitter: str,
    overall: str | None,
) -> None:
    """With back-offs at their longest the call takes exactly as long as the bound says."""
    limits = {"attempt": f"{attempt}ms", **({} if overall is None else {"overall": overall})}
    backoff = {
        "base": f"{base}ms", "multiplier": multiplier, "max": f"{longest}ms", "jitter": jitter
    }  # fmt: skip
    catalog = chain(
        2,
        document("Timeout", "t", {"target": {}, **limits}),
        document(
            "Retry",
            "r",
            {
                "target": {},
                "attempts": attempts,
                "retryOn": ["timeout"],
                "backoff": backoff,
                "retryAfter": {"honour": False},
            },
        ),
    )
    edge = EdgeId("s0", "s1", OPERATION)
    view = native_system(catalog)

    found = simulate(
        system_of(catalog, [edge]),
        [Arrivals(edge, ONE_CALL)],
        [(("s1", OPERATION), HANG)],
        extreme=True,
    )

    (call,) = found.edges[edge].calls
    assert call.ended == Bounds(view).worst_case(view.by_id[edge]).high


def test_overall_limit_alone_is_reached() -> None:
    """A hang lasts until it, and no longer."""
    catalog = chain(2, document("Timeout", "t", {"target": {}, "overall": "3s"}))
    edge = EdgeId("s0", "s1", OPERATION)

    found = simulate(
        system_of(catalog, [edge]), [Arrivals(edge, ONE_CALL)], [(("s1", OPERATION), HANG)]
    )

    assert found.edges[edge].calls[0].ended == 3 * SECOND


def test_call_without_a_limit_has_no_bound_and_no_end() -> None:
    """The bound is infinite, and the run never sees the call end."""
    catalog = chain(2)
    edge = EdgeId("s0", "s1", OPERATION)
    view = native_system(catalog)

    found = simulate(
        system_of(catalog, [edge]), [Arrivals(edge, ONE_CALL)], [(("s1", OPERATION), HANG)]
    )

    assert found.edges[edge].calls[0].ended is None
    assert Bounds(view).worst_case(view.by_id[edge]).high == inf


@pytest.mark.parametrize(("length", "attempts"), [(2, 3), (3, 3), (4, 4), (6, 2)])
def test_amplification_of_a_chain_is_reached(length: int, attempts: int) -> None:
    """A last service that fails every request gets the whole product."""
    retry = {"target": {}, "attempts": attempts, "retryOn": ["5xx"], "backoff": {"base": "1ms"}}
    catalog = chain(length, document("Retry", "r", retry))
    edge, last = EdgeId("s0", "s1", OPERATION), (f"s{length - 1}", OPERATION)
    view = native_system(catalog)

    found = simulate(
        system_of(catalog, [edge]), [Arrivals(edge, ONE_CALL)], [(last, ERRORS)], extreme=True
    )

    arrivals = found.works[last].arrivals
    assert arrivals == attempts ** (length - 1)
    assert arrivals == Amplification(view, Bounds(view)).of(last)


def test_budget_caps_the_amplification_of_a_busy_edge() -> None:
    """In the long run the callee sees no more than the ratio adds."""
    retry = {
        "target": {},
        "attempts": 4,
        "retryOn": ["5xx"],
        "backoff": {"base": "1ms"},
        "budget": {"ratio": "20%", "minPerSecond": 0},
    }
    catalog = chain(2, document("Retry", "r", retry))
    edge = EdgeId("s0", "s1", OPERATION)
    view = native_system(catalog)
    bound = Amplification(view, Bounds(view)).factor(view.by_id[edge]).high

    found = simulate(
        system_of(catalog, [edge]),
        [Arrivals(edge, Load(rate=100, duration=Duration(20 * SECOND)))],
        [(("s1", OPERATION), ERRORS)],
    )

    record = found.edges[edge]
    assert record.attempts / len(record.calls) <= bound
    assert record.attempts / len(record.calls) == pytest.approx(bound, abs=0.01)


def test_long_chain_ends_in_time() -> None:
    """As many services as a run may reach: hung up on, answered, and one more refused."""
    limit = document("Timeout", "t", {"target": {}, "overall": "1s"})
    edge = EdgeId("s0", "s1", OPERATION)
    for ill in ([], [(("s149", OPERATION), HANG)]):
        system = system_of(chain(150, limit), [edge])
        found = simulate(system, [Arrivals(edge, ONE_CALL)], ill)
        assert found.edges[edge].calls[0].ended is not None

    with pytest.raises(NotSimulatedError, match="more than 150 operations are reached"):
        system_of(chain(152, limit), [edge])
