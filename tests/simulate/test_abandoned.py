"""Work after the caller gave up: the bound against runs of the engine."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from configsvc.analysis import native_system
from configsvc.analysis.abandoned import Abandoned
from configsvc.analysis.bounds import Bounds
from configsvc.model.experiments import ONE_CALL, Load
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import MILLISECOND
from configsvc.resolve import Catalog
from configsvc.schema import load_value, read
from configsvc.simulate import Arrivals, simulate, system_of
from tests.simulate.generated import OPERATION, Generated, document, systems
from tests.simulate.test_bounds import LOADS, MANY, chain, run


def _unhedged(generated: Generated) -> Generated:
    """Without faults, which own times do not know, and hedges, whose losers do not count."""
    documents = tuple(each for each in generated.documents if each["kind"] != "Hedge")
    return Generated(documents, ())


@given(systems(chain=True), LOADS, st.integers(0, 99))
@MANY
def test_nothing_goes_on_longer_than_its_bound(generated: Generated, load: Load, seed: int) -> None:
    """In a chain whose operations take their worst time, whoever gives up first."""
    quiet = _unhedged(generated)
    view = native_system(quiet.catalog)
    abandoned = Abandoned.of(view, Bounds(view))
    bounds = [abandoned.below(("s0", OPERATION))[0].high]
    bounds += [abandoned.after(edge).high for edge in view.edges]

    found = run(quiet, load, seed=seed)

    for record in found.works.values():
        assert record.after_giving_up <= max(bounds)


def test_bound_is_reached() -> None:
    """A callee that works for a second and is given up after 200 ms goes on for 800 ms."""
    catalog = chain(2, document("Timeout", "t", {"target": {}, "attempt": "200ms"}), own="1s")
    edge = EdgeId("s0", "s1", OPERATION)
    view = native_system(catalog)

    found = simulate(system_of(catalog, [edge]), [Arrivals(edge, ONE_CALL)], extreme=True)

    seen = found.works["s1", OPERATION].after_giving_up
    assert seen == Abandoned.of(view, Bounds(view)).after(view.by_id[edge]).high
    assert seen == 800 * MILLISECOND


def test_a_callers_own_limit_gives_calls_up_too() -> None:
    """It works for a second of its 1.2, so a call of half a second goes on for 300 ms."""
    catalog = Catalog.of(
        [
            read(load_value(each, origin="test"))
            for each in (
                _service("s0", own="0s", to="s1"),
                _service("s1", own="1s", to="s2", limit="1200ms"),
                _service("s2", own="500ms"),
            )
        ]
    )
    first, second = EdgeId("s0", "s1", OPERATION), EdgeId("s1", "s2", OPERATION)
    view = native_system(catalog)
    found = simulate(system_of(catalog, [first]), [Arrivals(first, ONE_CALL)], extreme=True)
    seen = found.works["s2", OPERATION].after_giving_up
    assert seen == Abandoned.of(view, Bounds(view)).after(view.by_id[second]).high
    assert seen == 300 * MILLISECOND


def _service(name: str, *, own: str, to: str = "", limit: str = "") -> dict[str, Any]:
    operation: dict[str, Any] = {
        "name": OPERATION,
        "match": {"methods": ["GET"], "path": f"/{OPERATION}"},
        "ownTime": own,
        "cancels": False,
        "honoursDeadline": False,
    }
    operation |= {"calls": [{"to": to, "operation": OPERATION}]} if to else {}
    operation |= {"limit": limit} if limit else {}
    return document("Service", name, {"operations": [operation]})
