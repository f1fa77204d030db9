"""Templates: where two of them meet, and which is tried first."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.model.routing import Destination, Rewrite, Route, RouteMatch
from configsvc.model.services import Match, Operation
from configsvc.resolve.matching import (
    EVERYTHING,
    PathTemplate,
    Requests,
    operation_order,
    requests_of,
    rewritten,
    route_order,
)

_SEGMENTS = ("a", "b", "")
PATHS = tuple("/" + "/".join(p) for n in (1, 2, 3, 4) for p in product(_SEGMENTS, repeat=n))
"""Enough paths that two short templates that meet do so in one of them."""

TEMPLATES = st.lists(st.sampled_from(("a", "b", "{id}")), min_size=0, max_size=3).flatmap(
    lambda parts: st.sampled_from(["/" + "/".join(parts), "/" + "/".join([*parts, "**"])])
)


def _matches(template: str, path: str) -> bool:
    """Whether a template takes a path, by the definition of each segment."""
    segments, wanted = path.split("/")[1:], template.split("/")[1:]
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        segments = segments[: len(wanted)] if len(segments) >= len(wanted) else []
    if len(segments) != len(wanted):
        return False
    return all(
        w == s or (w.startswith("{") and s != "") for s, w in zip(segments, wanted, strict=True)
    )


@given(TEMPLATES, TEMPLATES)
def test_templates_meet_where_a_path_is_in_both(one: str, other: str) -> None:
    """Intersection is exact: it holds if and only if some path matches both templates."""
    expected = any(_matches(one, path) and _matches(other, path) for path in PATHS)
    assert PathTemplate.parse(one).intersects(PathTemplate.parse(other)) == expected
    assert PathTemplate.parse(other).intersects(PathTemplate.parse(one)) == expected


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("/api", "/api", True),
        ("/api", "/api/x", True),
        ("/api/", "/api/x", True),
        ("/api", "/apis", False),
        ("/", "/anything", True),
    ],
)
def test_a_prefix_ends_at_a_segment(prefix: str, path: str, expected: bool) -> None:  # noqa: FBT001
    """``/api`` takes what is below it, not what merely begins alike."""
    assert PathTemplate.parse_prefix(prefix).intersects(PathTemplate.parse(path)) is expected


def test_methods_must_meet_too() -> None:
    """Requests meet only with a method in common; no methods means all of them."""
    path = PathTemplate.parse("/x")
    assert not Requests(("GET",), path).intersects(Requests(("POST",), path))
    assert Requests(("GET",), path).intersects(Requests(("POST", "GET"), path))
    assert Requests((), path).intersects(Requests(("POST",), path))


def test_a_grpc_method_is_a_post_to_its_path() -> None:
    """Methods of gRPC meet HTTP routes as the requests that they are on the wire."""
    requests = requests_of(Match(grpc="scores.Scores/Get"))
    assert requests == Requests(("POST",), PathTemplate(("scores.Scores", "Get")))


def test_a_match_without_a_path_takes_every_path() -> None:
    """Methods alone match any path."""
    assert requests_of(Match(("GET",))).path == EVERYTHING


@pytest.mark.parametrize(
    ("match", "rewrite", "seen"),
    [
        (RouteMatch(path="/v1/{id}"), None, "/v1/{id}"),
        (RouteMatch(path="/v1/{id}"), Rewrite(path="/scores/{id}"), "/scores/{id}"),
        (RouteMatch(prefix="/api"), None, "/api/**"),
        (RouteMatch(prefix="/api"), Rewrite(prefix="/"), "/**"),
        (RouteMatch(prefix="/api"), Rewrite(prefix="/v2"), "/v2/**"),
        (RouteMatch(prefix="/api"), Rewrite(path="/one"), "/one"),
        (RouteMatch(), None, "/**"),
        (RouteMatch(path="/x"), Rewrite(host="other"), "/x"),
    ],
)
def test_a_destination_sees_the_rewritten_path(
    match: RouteMatch, rewrite: Rewrite | None, seen: str
) -> None:
    """What replaces the matched path or prefix is what the destination's operations meet."""
    assert rewritten(match, rewrite).path == PathTemplate.parse(seen)


def test_operations_are_tried_literal_then_parameter_then_rest() -> None:
    """Segment by segment the narrower comes first; what has no match comes last."""
    expected = [
        "/a",
        "/a/b",
        "/a/b/**",
        "/a/{x}",
        "/a/{x}/c",
        "/a/**",
        "/{x}",
        "/{x}/b",
        "/**",
    ]
    operations = [Operation(path, Match(("GET",), path)) for path in reversed(expected)]
    operations.insert(3, Operation("by-name"))
    ordered = [o.name for o in sorted(operations, key=operation_order)]
    assert ordered == [*expected, "by-name"]


def test_named_methods_are_tried_before_all_methods() -> None:
    """Of one path, an operation without methods takes what is left."""
    operations = [Operation("any", Match((), "/x")), Operation("write", Match(("PUT",), "/x"))]
    assert [o.name for o in sorted(operations, key=operation_order)] == ["write", "any"]


@given(TEMPLATES, st.sampled_from(PATHS))
def test_order_puts_the_narrower_of_two_matches_first(template: str, path: str) -> None:
    """A path's own literal template is tried before any other template that takes the path."""
    if "" in path.split("/")[1:] or not _matches(template, path):
        return
    assert PathTemplate.parse(path).order <= PathTemplate.parse(template).order


def test_routes_are_tried_by_priority_then_narrower_first() -> None:
    """Priority decides; then path, methods and headers; then the name."""

    def order(name: str, priority: int = 0, **match: object) -> tuple[object, ...]:
        route = Route("edge", (Destination("a"),), match=RouteMatch(**match), priority=priority)
        return route_order(name, route)

    expected = [
        order("urgent", priority=5, prefix="/"),
        order("exact", path="/x"),
        order("tenant", prefix="/x", headers=(("x-tenant", "gold"),)),
        order("a", prefix="/x"),
        order("b", prefix="/x"),
        order("all"),
    ]
    assert sorted(expected) == expected
