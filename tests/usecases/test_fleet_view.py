"""The fleet, as far as operators ask about it."""

import pytest

from configsvc.access import ForbiddenError, Role
from configsvc.fleet import AckCounts, AgentRow, AgentState, FleetAnswer, Histogram
from configsvc.registry import Instance, records
from configsvc.store import Records, UnknownRevisionError, layout
from tests.usecases.world import NAMESPACE, VIEWER, World, principal


def row(service: str, instance: str) -> AgentRow:
    """An agent."""
    return AgentRow(NAMESPACE, service, instance, "s", 1, 1)


def counts(process: str, world: World, applied: int) -> None:
    """Store what one process counted for the first change."""
    records = Records(world.store, AckCounts.to_json, AckCounts.from_json)
    kept = AckCounts(NAMESPACE, 1, 0, {AgentState.APPLIED: applied}, {}, Histogram(), (), updated=0)
    records.put(layout.ack(NAMESPACE, 1, process), kept)


def test_agents_are_in_order_and_missing_processes_named(world: World) -> None:
    """By service and instance; what did not answer is not passed over."""
    world.fleet = FleetAnswer((row("score", "1"), row("player", "2")), ("agents-1",))

    found = world.plane.fleet.instances(VIEWER, NAMESPACE)

    assert [each.service for each in found.rows] == ["player", "score"]
    assert found.incomplete == ("agents-1",)


def test_convergence_is_the_sum_of_all_processes(world: World) -> None:
    """Counts of processes add up."""
    counts("a", world, 2)
    counts("b", world, 3)

    view = world.plane.fleet.convergence(VIEWER, NAMESPACE, 1)

    assert view.counts is not None
    assert view.counts.count(AgentState.APPLIED) == 5


def test_registered_instances_are_in_order(world: World) -> None:
    """By service and id; a stranger sees none of them."""
    for service, identifier in (("score", "b"), ("score", "a"), ("player", "c")):
        instance = Instance(NAMESPACE, service, identifier, "10.0.0.1:80", "1-a", 5)
        records(world.store).put(layout.instance(NAMESPACE, service, identifier), instance)

    found = world.plane.fleet.registered(VIEWER, NAMESPACE)

    assert [(each.service, each.id) for each in found] == [
        ("player", "c"),
        ("score", "a"),
        ("score", "b"),
    ]
    with pytest.raises(ForbiddenError):
        world.plane.fleet.registered(principal(Role.ADMIN, "dev"), NAMESPACE)


def test_change_that_nobody_counted_has_no_counts(world: World) -> None:
    """No agent was there, or none was concerned."""
    assert world.plane.fleet.convergence(VIEWER, NAMESPACE, 1).counts is None


def test_unknown_revision_and_strangers_are_refused(world: World) -> None:
    """As everywhere."""
    with pytest.raises(UnknownRevisionError):
        world.plane.fleet.convergence(VIEWER, NAMESPACE, 9)
    with pytest.raises(ForbiddenError):
        world.plane.fleet.instances(principal(Role.ADMIN, "dev"), NAMESPACE)
