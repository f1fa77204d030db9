"""The catalog: indexing, deriving, sharing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.names import POLICY_KINDS, Key, Kind
from configsvc.model.policies import Lifted, Rate, Target
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog, DuplicateResourceError, effective
from tests.resolve.making import (
    EVERYTHING,
    NODES,
    OPERATIONS,
    bff,
    gateway,
    operation,
    policies,
    policy,
    resources,
    route,
    service,
    timeout,
)


def _decisions(catalog: Catalog) -> list[object]:
    """What every edge of the small world gets, without identities."""
    found: list[object] = []
    for caller in NODES:
        for callee in (*NODES, None):
            for called in (*OPERATIONS, "*"):
                sides = (catalog.outbound(caller, callee, called), catalog.inbound(caller, called))
                for side in sides:
                    merged = (side.merged(kind) for kind in POLICY_KINDS)
                    found += [m and (m.value, m.sources, m.ambiguous) for m in merged]
    return found


@given(
    resources(),
    st.lists(policies(), unique_by=lambda one: one.key, max_size=4),
    st.sets(st.builds(Key, st.sampled_from(POLICY_KINDS[:2]), st.sampled_from("pqr")), max_size=3),
)
def test_a_derived_catalog_decides_as_one_built_anew(
    before: list[Resource], puts: list[Resource], deletes: set[Key]
) -> None:
    """After a change, with a warm memo, every edge gets what a fresh catalog gives it."""
    catalog = Catalog.of(before)
    untouched = _decisions(catalog)
    derived = catalog.with_change(puts, deletes)
    assert _decisions(derived) == _decisions(Catalog.of(derived.resources.values()))
    assert _decisions(catalog) == untouched, "the catalog itself has not changed"


def test_a_change_puts_and_deletes() -> None:
    """What is put is there, what is deleted is gone, what is both is put."""
    catalog = Catalog.of([timeout("a", attempt=1), timeout("b", attempt=2)], namespace="prod")
    again = timeout("b", attempt=3)
    derived = catalog.with_change([again], [Key(Kind.TIMEOUT, name) for name in ("a", "b", "c")])
    assert derived.resources == {again.key: again}
    assert derived.namespace == "prod"
    assert len(catalog.resources) == 2


def test_resources_are_found_by_kind() -> None:
    """Each kind has its names; what is asked for by a wrong name is missing, not another."""
    web, edge, api = bff("web"), gateway("edge"), route("api", "edge", "web")
    catalog = Catalog.of([service("a"), web, edge, api])
    assert list(catalog.services) == ["a"]
    assert catalog.bffs["web"] is web.spec
    assert catalog.gateways["edge"] is edge.spec
    assert catalog.routes["api"] is api.spec
    assert catalog.nodes.keys() == {"a", "web", "edge"}
    assert "web" not in catalog.services
    with pytest.raises(KeyError, match="web"):
        _ = catalog.resources[Key(Kind.SERVICE, "web")]


def test_two_resources_of_one_key_are_refused() -> None:
    """Which of them is meant would depend on the order of documents."""
    with pytest.raises(DuplicateResourceError, match="Timeout/t is there twice"):
        Catalog.of([timeout("t", attempt=1), timeout("t", attempt=2)])


def test_a_name_of_two_nodes_means_the_service() -> None:
    """Names of nodes are unique together; until a check has said so, the service is meant."""
    catalog = Catalog.of([gateway("x"), bff("x"), service("x")])
    assert str(catalog.nodes["x"].key) == "Service/x"
    clashes = [(str(meant), str(hidden)) for meant, hidden in catalog.clashing_names()]
    assert clashes == [("Service/x", "Bff/x"), ("Service/x", "Gateway/x")]
    derived = catalog.with_change(deletes=[Key(Kind.SERVICE, "x")])
    assert str(derived.nodes["x"].key) == "Bff/x"


def test_edges_in_the_same_targets_share_one_policy() -> None:
    """What is merged once serves every edge that no target tells apart."""
    catalog = Catalog.of([timeout("all", attempt=1), timeout("ours", Target("a"), attempt=2)])
    assert effective(catalog, "b", "c", "x") is effective(catalog, "c", "b", "y")
    assert effective(catalog, "a", "c", "x") is not effective(catalog, "b", "c", "x")


def test_what_a_change_does_not_touch_stays_merged() -> None:
    """A derived catalog shares the merges of edges and kinds that the change leaves alone."""
    catalog = Catalog.of(
        [timeout("a", Target("a"), attempt=1), timeout("b", Target("b"), attempt=1)]
    )
    ours, theirs = (effective(catalog, caller, "c", "x") for caller in ("a", "b"))
    derived = catalog.with_change([timeout("a", Target("a"), attempt=2)])
    assert effective(derived, "b", "c", "x") is theirs
    assert effective(derived, "a", "c", "x").timeout.value.attempt == 2
    assert effective(catalog, "a", "c", "x") is ours


def test_equal_values_are_one_object() -> None:
    """Edges that differ in who says something, not in what, share the value."""
    catalog = Catalog.of(
        [timeout("a", Target("a"), attempt=1), timeout("b", Target("b"), attempt=1)]
    )
    one, other = (effective(catalog, caller, "c", "x").timeout for caller in ("a", "b"))
    assert one.sources != other.sources
    assert one.value is other.value


def test_operation_targets_never_match_the_rest() -> None:
    """``*`` and calls to undeclared callees are governed by targets without an operation."""
    catalog = Catalog.of(
        [timeout("op", Target(None, "b", "x"), attempt=1), timeout("all", attempt=2)]
    )
    assert effective(catalog, "a", "b", "x").timeout.value.attempt == 1
    assert effective(catalog, "a", "b", "*").timeout.value.attempt == 2
    assert effective(catalog, "a", None, "*").timeout.value.attempt == 2


def test_undeclared_calls_are_in_targets_without_a_callee() -> None:
    """Only what the caller, or everybody, is told applies to a callee that nobody declared."""
    catalog = Catalog.of(
        [
            timeout("to", Target(None, "b"), attempt=1),
            timeout("from", Target("a"), overall=2),
            timeout("all", attempt=3),
        ]
    )
    value = effective(catalog, "a", None, "*").timeout.value
    assert (value.attempt, value.overall) == (3, 2)


def test_a_limit_may_change_sides() -> None:
    """A RateLimit moved to the other side leaves the one and enters the other."""
    ours = policy(Kind.RATE_LIMIT, "r", EVERYTHING, {"rate": Rate(1, 9)}, side="caller")
    theirs = policy(Kind.RATE_LIMIT, "r", EVERYTHING, {"rate": Rate(2, 9)}, side="callee")
    catalog = Catalog.of([ours]).with_change([theirs])
    assert catalog.outbound("a", "b", "x").rate_limit is None
    assert catalog.inbound("b", "x").rate_limit.value.rate.limit == 2


def test_a_kind_without_what_it_is_about_is_not_in_force() -> None:
    """A bulkhead whose limit is lifted is suspended, and says so."""
    lifted = policy(Kind.BULKHEAD, "b", EVERYTHING, {"maxConcurrent": Lifted.NONE})
    found = effective(Catalog.of([lifted]), "a", "b", "x")
    assert found.bulkhead is None
    assert [merged.kind for merged in found.suspended] == [Kind.BULKHEAD]
    assert list(found) == []


def test_threads_may_share_a_catalog() -> None:
    """Many threads that ask one cold catalog get the answers that one thread gets."""
    own = [timeout(f"t{n}", Target(f"s{n}"), attempt=n + 1) for n in range(200)]
    world = [*own, timeout("all", overall=9), service("s", operation("x"))]
    catalog = Catalog.of(world)

    def ask(_: int) -> list[object]:
        values = [effective(catalog, f"s{n}", "s", "x").timeout.value for n in range(200)]
        return [*values, catalog.graph.callees("s")]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert [value.attempt for value in answers[0][:-1]] == list(range(1, 201))
