"""Agents of a server that has lost touch with the store are not shown as current."""

from configsvc.fleet import AgentRow, AgentState, FleetAnswer
from configsvc.usecases.fleet_truth import UNAWARE
from tests.usecases.world import NAMESPACE, VIEWER, World, timeout


def row(digest: str, state: AgentState = AgentState.APPLIED) -> AgentRow:
    """An agent of ``player`` that holds what its server wants."""
    made = AgentRow(NAMESPACE, "player", "1", "s", 1, 1)
    made.digest = made.wanted_digest = digest
    made.state, made.health = state, "ready"
    return made


def digest_in_force(world: World) -> str:
    """What the store has in force for ``player``."""
    head = world.plane.fleet._namespaces.head(NAMESPACE)
    assert head is not None
    item = world.plane.fleet._namespaces.bundles(head).get("player")
    assert item is not None
    return item.digest


def shown(world: World, agent: AgentRow) -> AgentRow:
    """The agent as operators see it."""
    world.fleet = FleetAnswer((agent,), ())
    return world.plane.fleet.instances(VIEWER, NAMESPACE).rows[0]


def test_an_agent_that_holds_what_is_in_force_is_current(world: World) -> None:
    """As its server says."""
    assert shown(world, row(digest_in_force(world))).state is AgentState.APPLIED


def test_an_agent_whose_server_does_not_know_of_a_change_is_pending(world: World) -> None:
    """Every signal of it is green: ready, applied, connected. Only the store tells."""
    former = digest_in_force(world)
    world.publish(timeout(attempt="321ms"))

    found = shown(world, row(former))

    assert (found.state, found.reason, found.health) == (AgentState.PENDING, UNAWARE, "ready")
    assert found.wanted_digest == digest_in_force(world)
    assert found.lag(found.wanted_since + 5) == 5


def test_a_lost_agent_stays_lost(world: World) -> None:
    """What is connected nowhere has nobody who could be unaware."""
    former = digest_in_force(world)
    world.publish(timeout(attempt="321ms"))

    assert shown(world, row(former, AgentState.STALE)).state is AgentState.STALE


def test_envoys_are_held_against_nothing(world: World) -> None:
    """Their configurations are no bundles."""
    envoy = row("f" * 64)
    envoy.language = "xds"

    assert shown(world, envoy).state is AgentState.APPLIED
