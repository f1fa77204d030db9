"""The merge algebra, against a naive reading of the rule and law by law."""

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.policies import (
    Leaf,
    Lifted,
    OperationReference,
    Policy,
    Rate,
    StaticResponse,
    Target,
    Timeout,
)
from configsvc.model.resources import Resource, Source
from configsvc.resolve import Catalog, effective
from tests.resolve.making import EVERYTHING, OPERATIONS, policies, policy, retry, timeout

EDGES = st.tuples(
    st.sampled_from(("a", "b")),
    st.sampled_from(("b", "c", None)),
    st.sampled_from((*OPERATIONS, ANY_OPERATION)),
)
POLICIES = st.lists(policies(), unique_by=lambda one: one.key, max_size=10)

BY_STRENGTH = (
    Target("a", "b", "x"),
    Target(None, "b", "x"),
    Target("a", "b"),
    Target(None, "b"),
    Target("a"),
    EVERYTHING,
)


def _naive(resources: Sequence[Resource], kind: Kind, edge: tuple[str, str | None, str]) -> dict:
    """By leaf the values of the strongest rank, each with those who say so: the rule itself."""
    found: dict[str, tuple[int, list[tuple[Leaf, Key]]]] = {}
    for one in resources:
        spec = one.spec
        if one.key.kind != kind or spec.target is None or spec.side == "callee":
            continue
        if not spec.target.matches(*edge):
            continue
        for path, value in spec.fields.items():
            rank, values = found.get(path, (99, []))
            if spec.target.rank < rank:
                found[path] = (spec.target.rank, [(value, one.key)])
            elif spec.target.rank == rank:
                values.append((value, one.key))
    return {path: values for path, (_, values) in found.items()}


@given(POLICIES, EDGES, st.sampled_from((Kind.TIMEOUT, Kind.RETRY, Kind.RATE_LIMIT)))
def test_merge_is_the_rule_leaf_by_leaf(
    resources: list[Resource], edge: tuple[str, str | None, str], kind: Kind
) -> None:
    """Every leaf has the value of the strongest target, its sources, and says where two clash."""
    caller, callee, operation = edge
    if callee is None:
        operation = ANY_OPERATION
    expected = _naive(resources, kind, (caller, callee, operation))
    merged = effective(Catalog.of(resources), caller, callee, operation).merged(kind)
    leaves = {} if merged is None else merged.leaves

    assert expected.keys() == leaves.keys()
    for path, values in expected.items():
        assert leaves[path] in [value for value, _ in values]
        assert {s.resource for s in merged.sources_of(path)} == {key for _, key in values}
        assert (path in merged.ambiguous) == (len({value for value, _ in values}) > 1)


@given(POLICIES.flatmap(lambda r: st.tuples(st.just(r), st.permutations(r))), EDGES)
def test_order_of_documents_never_matters(
    orders: tuple[list[Resource], list[Resource]], edge: tuple[str, str | None, str]
) -> None:
    """Any order of the same documents gives the same values, sources and clashes."""
    one, other = (effective(Catalog.of(order), *edge) for order in orders)
    for kind in (Kind.TIMEOUT, Kind.RETRY, Kind.RATE_LIMIT):
        ours, theirs = one.merged(kind), other.merged(kind)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert (ours.value, ours.leaves) == (theirs.value, theirs.leaves)
            assert ours.sources == theirs.sources
            assert ours.ambiguous == theirs.ambiguous
            assert ours.covered == theirs.covered


@given(POLICIES, EDGES)
def test_deleting_a_source_re_exposes_what_it_covered(
    resources: list[Resource], edge: tuple[str, str | None, str]
) -> None:
    """Without the sources of a leaf, the edge gets the first value that they covered."""
    catalog = Catalog.of(resources)
    merged = effective(catalog, *edge).merged(Kind.TIMEOUT)
    for path in () if merged is None else merged.leaves:
        covered = merged.covered_of(path)
        sources = [source.resource for source in merged.sources_of(path)]
        after = effective(catalog.with_change(deletes=sources), *edge).merged(Kind.TIMEOUT)
        if covered:
            assert after.assigned(path) == covered[: len(after.assigned(path))]
        else:
            assert after is None or path not in after.leaves


@pytest.mark.parametrize(("strong", "weak"), tuple(combinations(BY_STRENGTH, 2)))
def test_the_more_specific_target_wins(strong: Target, weak: Target) -> None:
    """Of two targets that an edge is in, the one earlier in the list of forms decides."""
    catalog = Catalog.of([timeout("s", strong, attempt=1), timeout("w", weak, attempt=2)])
    merged = effective(catalog, "a", "b", "x").timeout
    assert merged.value.attempt == 1
    assert [str(a.source.resource) for a in merged.covered_of("attempt")] == ["Timeout/w"]


def test_leaves_merge_one_by_one() -> None:
    """A strong policy that is silent about a leaf leaves it to a weaker one."""
    catalog = Catalog.of(
        [timeout("ours", Target("a", "b"), attempt=1), timeout("all", attempt=2, overall=3)]
    )
    assert effective(catalog, "a", "b", "x").timeout.value == Timeout(attempt=1, overall=3)


def test_a_lifted_limit_wins_like_a_value() -> None:
    """``none`` at a strong target means no limit, whatever a weaker one says."""
    catalog = Catalog.of(
        [timeout("ours", Target("a"), overall=Lifted.NONE), timeout("all", overall=3)]
    )
    merged = effective(catalog, "a", "b", "x").timeout
    assert merged.value.overall is None
    assert merged.sources_of("overall") == (Source(Key(Kind.TIMEOUT, "ours"), "/spec/overall"),)


def test_equal_values_of_one_rank_are_all_sources() -> None:
    """Policies that agree are no conflict; each of them is a source."""
    catalog = Catalog.of([timeout("one", attempt=1), timeout("two", attempt=1)])
    merged = effective(catalog, "a", "b", "x").timeout
    assert merged.ambiguous == {}
    assert [s.resource.name for s in merged.sources_of("attempt")] == ["one", "two"]


def test_different_values_of_one_rank_are_ambiguous() -> None:
    """Policies of one rank that differ are named, all of them, also those that agree with one."""
    catalog = Catalog.of(
        [timeout("b", attempt=2), timeout("a", attempt=1), timeout("c", attempt=1, overall=9)]
    )
    merged = effective(catalog, "x", "y", "z").timeout
    assert [s.resource.name for s in merged.ambiguous["attempt"]] == ["a", "b", "c"]
    assert merged.value.attempt == 1, "the first by name is shown"
    assert "overall" not in merged.ambiguous


def test_a_stronger_target_settles_an_ambiguity() -> None:
    """A clash below a stronger value is no conflict of the edge."""
    catalog = Catalog.of(
        [timeout("a", attempt=1), timeout("b", attempt=2), timeout("c", Target("x"), attempt=3)]
    )
    assert effective(catalog, "x", "y", "z").timeout.ambiguous == {}
    assert effective(catalog, "other", "y", "z").is_ambiguous


def test_defaults_apply_once_after_the_merge() -> None:
    """A default fills a leaf that nobody set; it has no source and never covers a weaker value."""
    catalog = Catalog.of(
        [retry("ours", Target("a"), **{"backoff.base": 7}), retry("all", attempts=5)]
    )
    merged = effective(catalog, "a", "b", "x").retry
    assert (merged.value.attempts, merged.value.backoff.base) == (5, 7)
    assert merged.value.non_idempotent == "never"
    assert merged.sources_of("nonIdempotent") == ()
    assert "nonIdempotent" not in merged.sources


def test_a_disabled_kind_is_not_in_force_but_stays_visible() -> None:
    """``enabled: false`` takes the kind out of force; who said so can still be asked."""
    catalog = Catalog.of([retry("off", Target("a"), enabled=False), retry("all", attempts=5)])
    policy = effective(catalog, "a", "b", "x")
    assert policy.retry is None
    merged = policy.merged(Kind.RETRY)
    assert merged.value is None
    assert [s.resource.name for s in merged.sources_of("enabled")] == ["off"]
    assert effective(catalog, "b", "c", "x").retry is not None


def test_enabled_merges_like_any_field() -> None:
    """A strong ``enabled: true`` takes back what a weaker policy switched off."""
    catalog = Catalog.of([retry("on", Target("a"), enabled=True), retry("off", enabled=False)])
    assert effective(catalog, "a", "b", "x").retry is not None


def test_two_sides_of_a_rate_limit_never_meet() -> None:
    """A limit of the callee's side neither covers nor clashes with one of the caller's side."""
    ours = policy(Kind.RATE_LIMIT, "one", EVERYTHING, {"rate": Rate(1, 9)}, side="caller")
    theirs = policy(Kind.RATE_LIMIT, "two", EVERYTHING, {"rate": Rate(2, 9)}, side="callee")
    catalog = Catalog.of([ours, theirs])
    outbound = effective(catalog, "a", "b", "x").rate_limit
    inbound = catalog.inbound("b", "x").rate_limit
    assert (outbound.value.rate.limit, outbound.value.side) == (1, "caller")
    assert (inbound.value.rate.limit, inbound.value.side) == (2, "callee")
    assert not outbound.ambiguous
    assert not inbound.ambiguous


def test_a_policy_without_a_target_never_merges() -> None:
    """A RateLimit that is applied by name touches no edge by itself."""
    named = policy(Kind.RATE_LIMIT, "named", None, {"rate": Rate(1, 9)}, side="caller")
    assert effective(Catalog.of([named]), "a", "b", "x").merged(Kind.RATE_LIMIT) is None


def test_sources_point_into_their_documents() -> None:
    """A source is a resource at a revision and the pointer of the leaf."""
    ours = policy(Kind.RETRY, "ours", EVERYTHING, {"backoff.base": 7}, revision=12)
    merged = effective(Catalog.of([ours]), "a", "b", "x").retry
    assert [str(s) for s in merged.sources_of("backoff.base")] == [
        "Retry/ours@12#/spec/backoff/base"
    ]


def _fallback(name: str, target: Target, path: str, value: Leaf) -> Resource:
    """A Fallback as it is read: naming one alternative lifts the others."""
    lifted: dict[str, Leaf] = dict.fromkeys(("static", "lastGood.maxAge", "operation"), Lifted.NONE)
    return Resource(
        Key(Kind.FALLBACK, name), Policy(Kind.FALLBACK, target, lifted | {path: value}), "0" * 64
    )


def test_a_stronger_fallback_replaces_the_weaker_one() -> None:
    """An edge has one fallback: another alternative of a stronger policy lifts the weaker one."""
    catalog = Catalog.of(
        [
            _fallback("weak", EVERYTHING, "static", StaticResponse(200, (), "{}")),
            _fallback("strong", Target("a"), "operation", OperationReference("c", "x")),
        ]
    )
    merged = effective(catalog, "a", "b", "x").fallback
    assert (merged.value.static, merged.value.operation) == (None, OperationReference("c", "x"))
    assert list(merged.written) == ["operation"], "what is only implied is no leaf of a document"
    assert [str(s) for s in merged.sources_of("static")] == ["Fallback/strong#/spec"]
    assert [a.source.resource.name for a in merged.covered_of("static")] == ["weak"]
