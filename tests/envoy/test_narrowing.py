"""Which of a route's requests reach an operation, seen from before the rewrite."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.envoy.narrowing import met, narrowed
from configsvc.model.routing import Rewrite, RouteMatch
from configsvc.model.services import Match
from configsvc.resolve.matching import PathTemplate

TEMPLATES = st.builds(
    PathTemplate,
    st.lists(st.sampled_from(["a", "b", None]), max_size=3).map(tuple),
    st.booleans(),
)
PATHS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).map(tuple)


def _has(template: PathTemplate, path: tuple[str, ...]) -> bool:
    return template.intersects(PathTemplate(path))


@given(TEMPLATES, TEMPLATES, PATHS)
def test_a_path_is_where_two_templates_meet_if_it_is_in_both(
    one: PathTemplate, other: PathTemplate, path: tuple[str, ...]
) -> None:
    """Neither more nor less."""
    meeting = met(one, other)
    expected = _has(one, path) and _has(other, path)
    assert expected == (meeting is not None and _has(meeting, path))


def _path(match: RouteMatch, rewrite: Rewrite | None, operation: str) -> PathTemplate | None:
    found = narrowed(match, rewrite, Match(("GET",), operation))
    return None if found is None else found.path


def test_a_prefix_is_put_back() -> None:
    """The operation's path below the new prefix is the client's below the old one."""
    route, rewrite = RouteMatch(prefix="/shop"), Rewrite(prefix="/v2")
    assert _path(route, rewrite, "/v2/items/{id}") == PathTemplate.parse("/shop/items/{id}")
    assert _path(route, rewrite, "/v1/items") is None
    assert _path(route, Rewrite(prefix="/"), "/items") == PathTemplate.parse("/shop/items")


def test_parameters_are_put_back() -> None:
    """A literal of the operation becomes the value of the parameter that it stands for."""
    route, rewrite = RouteMatch(path="/a/{x}/{y}"), Rewrite(path="/{y}/b/{x}")
    assert _path(route, rewrite, "/c/b/{z}") == PathTemplate.parse("/a/{x}/c")
    assert _path(route, rewrite, "/c/d/{z}") is None


def test_methods_are_those_of_both() -> None:
    """Without any in common there is no edge."""
    route = RouteMatch(prefix="/", methods=("GET", "PUT"))
    found = narrowed(route, None, Match(("PUT", "POST"), "/x"))
    assert found is not None
    assert found.methods == ("PUT",)
    assert narrowed(route, None, Match(("POST",), "/x")) is None
