"""Routes that may take one request are found without trying all pairs."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from configsvc.analysis.meeting import Meetings, undecided
from configsvc.analysis.routing import PUBLIC, RouteView
from configsvc.model.names import Key, Kind
from configsvc.resolve.matching import PathTemplate, Requests

PATHS = st.builds(
    PathTemplate,
    st.lists(st.sampled_from(["a", "b", "", None]), max_size=3).map(tuple),
    st.booleans(),
)
HOSTS = st.lists(st.sampled_from(["*", "*.x", "a.x", "b.x", "y"]), max_size=2, unique=True)


def view(number: int, path: PathTemplate, hosts: list[str]) -> RouteView:
    """A route that differs from others in its path and hosts alone."""
    return RouteView(
        key=Key(Kind.ROUTE, f"r-{number}"), provenance={}, order=(), hosts=tuple(hosts),
        requests=Requests((), path), headers=(), asks=PUBLIC, limits=(), leads=(), reaches=(),
        weights=(1,), rewritten=False,
    )  # fmt: skip


@given(st.lists(st.tuples(PATHS, HOSTS), max_size=8))
def test_no_route_that_meets_another_is_missed(
    routes: list[tuple[PathTemplate, list[str]]],
) -> None:
    """Those found before a route, in their order, hold all that meet it or take all of it."""
    views = [view(number, *route) for number, route in enumerate(routes)]
    meetings = Meetings(views)
    for position, route in enumerate(views):
        found = list(meetings.before(position))
        assert found == [each for each in views[:position] if each in found]
        missed = [each for each in views[:position] if each not in found]
        assert not [each for each in missed if each.meets(route) or each.covers(route)]


@given(st.lists(st.tuples(PATHS, HOSTS), max_size=8))
def test_undecided_pairs_are_those_of_all_pairs(
    routes: list[tuple[PathTemplate, list[str]]],
) -> None:
    """As if each were compared with each."""
    views = [view(number, *route) for number, route in enumerate(routes)]
    expected = {
        (one.key, two.key)
        for one, two in combinations(views, 2)
        if one.meets(two) and not (one.covers(two) or two.covers(one))
    }
    assert {(one.key, two.key) for one, two in undecided(views)} == expected


def test_routes_beside_each_other_are_not_compared() -> None:
    """A thousand paths that differ in a segment, and a thousand hosts."""
    paths = [view(n, PathTemplate(("things", str(n), None)), []) for n in range(1000)]
    hosts = [view(n, PathTemplate((), rest=True), [f"{n}.x"]) for n in range(1000)]
    for routes in (paths, hosts):
        meetings = Meetings(routes)
        assert not [each for n in range(1000) for each in meetings.before(n)]
