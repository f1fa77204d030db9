"""Since when findings are open."""

import pytest

from configsvc.usecases import openings
from configsvc.usecases.openings import Opened
from tests.usecases.world import NAMESPACE, VIEWER, World, document, service, timeout

SECOND = 1_000_000
EAGER = document(
    "Retry",
    "eager",
    {"target": {"to": "score"}, "attempts": 2, "backoff": {"base": "10ms", "jitter": "none"}},
)


def opened(world: World) -> dict[str, Opened]:
    """When the head's findings were opened, by their codes."""
    inspector = world.plane.inspector
    report = inspector.findings(VIEWER, NAMESPACE)
    found = inspector.opened(VIEWER, NAMESPACE, report)
    return {each.code: found[each.fingerprints[0]] for each in report.findings}


def changed(world: World) -> None:
    """Publish something that no finding is about."""
    world.clock.advance(SECOND)
    world.publish(service(f"other-{world.revision}"))


def test_a_finding_is_as_old_as_the_change_that_opened_it(world: World) -> None:
    """Later changes of what it is about, and of other things, do not make it younger."""
    world.clock.advance(SECOND)
    world.publish(EAGER)
    record, _ = world.plane.inspector.change(VIEWER, NAMESPACE, 2)
    world.clock.advance(SECOND)
    world.publish(service("score"), timeout(attempt="400ms"))
    changed(world)

    assert opened(world)["RT15"] == Opened(2, record.time)


def test_a_finding_that_was_resolved_between_opens_anew(world: World) -> None:
    """Its age is counted from the last time."""
    world.publish(EAGER)
    world.publish(delete=["Retry/eager"])
    world.publish(EAGER)
    changed(world)

    assert opened(world)["RT15"].revision == 4


def test_a_later_look_reads_only_what_is_newer(world: World) -> None:
    """And says the same as one that begins anew."""
    world.publish(EAGER)
    first = opened(world)
    changed(world)
    again = opened(world)
    world.plane = world.another_process()

    assert first["RT15"] == again["RT15"] == opened(world)["RT15"]


def test_what_is_open_further_back_than_is_looked_is_older(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search is bounded, and says that it was."""
    world.publish(EAGER)
    for _ in range(3):
        changed(world)
    monkeypatch.setattr(openings, "LOOK_BACK", 2)

    found = opened(world)["RT15"]

    assert (found.revision, found.older) == (4, True)
