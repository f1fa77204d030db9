"""The live view: one look for all who watch, and what it makes of agents' reports."""

import pytest

from configsvc.access import ForbiddenError, Role
from configsvc.analysis.rules import ALL
from configsvc.fleet import AgentRow, AgentState, Breaker, FleetAnswer, Traffic
from configsvc.model.findings import EdgeId
from configsvc.store import Namespaces
from configsvc.usecases import EdgeState, LiveView, Moment, Workspaces
from configsvc.usecases.live import SHARE, SHORTEST, edge_states
from tests.store.fakes import FakeTokens
from tests.usecases.world import NAMESPACE, SYSTEM, VIEWER, World, principal

EDGE = EdgeId("player", "score", "get")


def row(instance: str, state: AgentState = AgentState.APPLIED, breaker: str = "open") -> AgentRow:
    """An agent of the player service that calls ten times a second."""
    return AgentRow(
        NAMESPACE, "player", instance, "s", 1, 2, state=state,
        breakers=(Breaker("player -> score get", breaker),),
        traffic=(Traffic("score", "get", 10.0, 2.5),),
    )  # fmt: skip


class Seconds:
    """A monotonic clock that each look at the fleet moves."""

    def __init__(self, look: float = 0.0) -> None:
        self.now = 0.0
        self.looks = 0
        self._look = look

    def ask(self, _: str) -> FleetAnswer:
        """What the fleet answers, after a while."""
        self.looks += 1
        self.now += self._look
        return FleetAnswer((row("a"),), ())


def view(world: World, seconds: Seconds) -> LiveView:
    """A live view by that clock."""
    namespaces = Namespaces(world.store, world.clock, FakeTokens())
    workspaces = Workspaces(namespaces, ALL)
    return LiveView(namespaces, workspaces, seconds.ask, Moment(world.clock), lambda: seconds.now)


def test_a_picture_has_the_head_its_findings_and_the_agents() -> None:
    """Everything that pages show comes from one moment."""
    world = World()
    world.publish(*SYSTEM)
    world.fleet = FleetAnswer((row("a"),), ("agents-2",))
    seen = world.plane.live.look(VIEWER, NAMESPACE)

    assert seen.newest is not None
    assert (seen.newest.number, seen.incomplete) == (1, ("agents-2",))
    assert seen.report == world.plane.inspector.findings(VIEWER, NAMESPACE)
    assert seen.agents == {(NAMESPACE, "player", "a"): row("a")}


def test_many_who_watch_cost_one_look() -> None:
    """Within a quarter of a second everybody gets the same picture."""
    world, seconds = World(), Seconds()
    live = view(world, seconds)
    first = live.look(VIEWER, NAMESPACE)

    assert live.look(VIEWER, NAMESPACE) is first
    seconds.now += SHORTEST
    assert live.look(VIEWER, NAMESPACE) is not first
    assert seconds.looks == 2


def test_a_fleet_that_takes_long_is_asked_less_often() -> None:
    """Looking takes at most a tenth of the time."""
    seconds = Seconds(look=2.0)
    live = view(World(), seconds)
    live.look(VIEWER, NAMESPACE)
    seconds.now = 2.0 / SHARE - 0.1
    live.look(VIEWER, NAMESPACE)
    assert seconds.looks == 1
    seconds.now = 2.0 / SHARE
    live.look(VIEWER, NAMESPACE)
    assert seconds.looks == 2


def test_who_may_not_read_sees_nothing() -> None:
    """The right is asked for at every look."""
    with pytest.raises(ForbiddenError):
        World().plane.live.look(principal(Role.ADMIN, "elsewhere"), NAMESPACE)


def test_edges_sum_over_agents_that_are_there() -> None:
    """Rates add up, breakers are counted by state, and lost agents say nothing any more."""
    rows = (row("a"), row("b", breaker="closed"), row("c", AgentState.STALE))

    assert edge_states(rows) == {EDGE: EdgeState({"open": 1, "closed": 1}, 20.0, 5.0)}


def test_a_breaker_whose_edge_cannot_be_read_is_left_out() -> None:
    """An agent may call its edges what it likes; the map shows those it can place."""
    odd = AgentRow(NAMESPACE, "player", "a", "s", 1, 2, breakers=(Breaker("somewhere", "open"),))

    assert edge_states((odd,)) == {}
