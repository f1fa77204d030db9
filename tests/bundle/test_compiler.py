"""Compiling bundles: canonical, complete, free of what changes without reason, and incremental."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from configsvc.bundle import NoBundleError, compile_all, compile_bundle, compile_changed
from configsvc.model.names import Key, Kind
from configsvc.model.policies import StaticResponse
from configsvc.model.resources import Resource
from configsvc.model.services import Call
from configsvc.resolve import Catalog
from configsvc_agent import bundle as agent
from tests.resolve.making import (
    EVERYTHING,
    OPERATIONS,
    authentications,
    gateway,
    nodes,
    operation,
    policies,
    policy,
    resources,
    service,
    timeout,
)

CONNECTED = [
    service(
        name,
        *(operation(each, *(Call(callee, each) for callee in "abc")) for each in OPERATIONS),
        rate_limits=("strict",),
        authentication="staff",
    )
    for name in "abc"
]
"""Services that all call each other, so that hardly a policy is without effect."""


def _members(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    yield value
    for member in value.values() if isinstance(value, dict) else value:
        yield member
        if isinstance(member, dict | list):
            yield from _members(member)


@given(resources())
def test_bundles_are_canonical_json_of_integers(world: list[Resource]) -> None:
    """Bytes are RFC 8785 as another implementation writes it; no float and no null is in them."""
    for bundle in compile_all(Catalog.of(world)):
        value = orjson.loads(bundle.data)
        assert bundle.data == rfc8785.dumps(value)
        assert bundle.digest == hashlib.sha256(bundle.data).hexdigest()
        assert not [m for m in _members(value) if m is None or isinstance(m, float)]


def test_text_beyond_ascii_is_canonical_too() -> None:
    """A body in any script arrives unchanged, and another implementation writes the same bytes."""
    body = StaticResponse(200, (), "Spieler übrig \U0001f600")
    world = [service("a"), policy(Kind.FALLBACK, "f", EVERYTHING, {"static": body})]
    data = compile_bundle(Catalog.of(world), "a").data
    assert data == rfc8785.dumps(orjson.loads(data))
    assert orjson.loads(data)["undeclared"]["fallback"]["static"]["body"] == body.body


@given(resources())
def test_agents_take_every_bundle(world: list[Resource]) -> None:
    """Whatever is compiled, the agent that reads it verifies, compiles and accepts."""
    catalog = Catalog.of(world, namespace="prod")
    for bundle in compile_all(catalog):
        taken = agent.compile_bundle(
            bundle.data,
            service=bundle.service,
            namespace="prod",
            version=1,
            digest=bundle.digest,
        )
        assert set(taken.callees) == set(catalog.graph.callees(bundle.service))


@given(resources().flatmap(lambda world: st.tuples(st.just(world), st.permutations(world))))
def test_order_of_documents_changes_no_byte(worlds: tuple[list[Resource], ...]) -> None:
    """A namespace has its bundles whatever the order in which it was read."""
    one, other = ({b.service: b.digest for b in compile_all(Catalog.of(w))} for w in worlds)
    assert one == other


@given(resources(), st.integers(1, 9))
def test_a_revision_changes_no_byte(world: list[Resource], revision: int) -> None:
    """A bundle depends on what documents say, not on when they were written."""
    later = [replace(one, revision=revision, digest="f" * 64) for one in world]
    before = {b.service: b.digest for b in compile_all(Catalog.of(world))}
    assert before == {b.service: b.digest for b in compile_all(Catalog.of(later))}


@given(
    resources(),
    st.lists(
        st.one_of(nodes(), policies(), authentications()), unique_by=lambda one: one.key, max_size=3
    ),
    st.data(),
)
def test_incremental_is_full(
    world: list[Resource], puts: list[Resource], data: st.DataObject
) -> None:
    """What a change recompiles, on top of what was there, is what compiling everything gives."""
    named = {one.key for one in world}
    before = Catalog.of([*world, *(one for one in CONNECTED if one.key not in named)])
    keys = sorted(before.resources)
    deletes = data.draw(st.sets(st.sampled_from(keys), max_size=2)) if keys else set[Key]()
    after = before.with_change(puts, deletes)
    digests = {b.service: b.digest for b in compile_all(before)}

    changed = compile_changed(before, after, {*deletes, *(one.key for one in puts)})
    for name in changed.dropped:
        digests.pop(name, None)
    digests.update({name: bundle.digest for name, bundle in changed.put.items()})

    fresh = Catalog.of(after.resources.values())
    assert digests == {b.service: b.digest for b in compile_all(fresh)}


def test_a_change_recompiles_what_it_touches() -> None:
    """A policy of one edge leaves the bundles of all other services alone."""
    names = [f"s{n}" for n in range(5)]
    world = [service(name, operation("x", Call("s0", "x"))) for name in names]
    before = Catalog.of([*world, timeout("t", attempt=1)])
    ours = timeout(
        "ours", replace(before.policies(Kind.TIMEOUT)["t"].target, caller="s3"), attempt=2
    )
    changed = compile_changed(before, before.with_change([ours]), [ours.key])
    assert set(changed.put) == {"s3"}
    assert changed.dropped == frozenset()


def test_a_deleted_service_is_dropped_and_its_callers_recompiled() -> None:
    """Its own bundle is gone; whoever called it loses the callee."""
    gone = service("gone", operation("x"))
    before = Catalog.of([gone, service("caller", operation("x", Call("gone", "x")))])
    changed = compile_changed(before, before.with_change(deletes=[gone.key]), [gone.key])
    assert changed.dropped == {"gone"}
    assert orjson.loads(changed.put["caller"].data)["outbound"] == []


def test_a_service_that_becomes_a_gateway_loses_its_bundle() -> None:
    """A name that no longer runs an agent is dropped; a gateway that goes was never there."""
    was, now = service("x"), gateway("x")
    before = Catalog.of([was])
    after = before.with_change([now], [was.key])
    changed = compile_changed(before, after, [was.key, now.key])
    assert (dict(changed.put), changed.dropped) == ({}, {"x"})
    gone = compile_changed(after, after.with_change(deletes=[now.key]), [now.key])
    assert (dict(gone.put), gone.dropped) == ({}, frozenset())


@pytest.mark.parametrize("name", ["nobody", "edge"])
def test_only_what_runs_an_agent_has_a_bundle(name: str) -> None:
    """Gateways are configured through Envoy, and strangers not at all."""
    with pytest.raises(NoBundleError, match=f"'{name}' has no bundle"):
        compile_bundle(Catalog.of([gateway("edge")]), name)


def test_a_bundle_has_the_parts_of_the_protocol() -> None:
    """The whole of a small bundle, literally."""
    catalog = Catalog.of(
        [
            service("a", operation("x", Call("b", "y"), limit=700)),
            service("b", operation("y")),
            timeout("all", attempt=5, overall=9),
        ],
        namespace="prod",
    )
    policy = {
        "timeout": {"attempt": 5, "overall": 9},
        "sources": {"Timeout/all": ["timeout.attempt", "timeout.overall"]},
    }
    facts = {"match": {"methods": ["GET"], "path": "/y/{id}"}, "idempotent": True}
    assert orjson.loads(compile_bundle(catalog, "a").data) == {
        "format": 1,
        "namespace": "prod",
        "service": "a",
        "outbound": [
            {
                "callee": "b",
                "protocol": "http",
                "hosts": ["b"],
                "discovery": {
                    "mode": "client",
                    "instances": [],
                    "loadBalancing": "round-robin",
                    "panicThreshold": 500_000,
                },
                "operations": [{"name": "y", **facts, "policy": policy}],
                "other": policy,
            }
        ],
        "undeclared": policy,
        "inbound": {
            "operations": [
                {
                    "name": "x",
                    "match": {"methods": ["GET"], "path": "/x/{id}"},
                    "idempotent": True,
                    "limit": 700,
                    "rateLimits": [],
                }
            ],
            "other": {"rateLimits": []},
        },
    }
