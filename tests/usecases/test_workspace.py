"""The cache of heads: derived state is the state that reading anew gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report
from configsvc.usecases import Workspace
from tests.usecases.world import (
    DAY,
    NAMESPACE,
    SYSTEM,
    VIEWER,
    World,
    timeout,
)

TARGETS = {"a": {"to": "score"}, "b": {"from": "player"}, "c": {"from": "player", "to": "score"}}


def at_head(world: World) -> Workspace:
    """The head as the world's process has it."""
    return world.plane.publisher._workspaces.at_head(NAMESPACE)


def findings(world: World) -> Report:
    """What the world's process says of the head."""
    return world.plane.inspector.findings(VIEWER, NAMESPACE)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(TARGETS)), st.integers(100, 110) | st.none()),
        min_size=1,
        max_size=8,
    )
)
def test_head_that_was_advanced_equals_the_one_read_anew(
    acts: list[tuple[str, int | None]],
) -> None:
    """After any changes, the process that made them holds what another process reads.

    What it found in them is what is found anew, and so it is in a process that followed: it was
    told of each change, and looked at the findings now and then.
    """
    world = World()
    world.publish(*SYSTEM)
    follower = World(world.store, world.clock)
    for name, limit in acts:
        at_head(follower)
        if limit is not None and limit % 3 == 0:
            findings(follower)
        present = any(key.name == name for key in at_head(world).catalog.resources)
        if limit is not None:
            world.publish(timeout(name, f"{limit}ms", **TARGETS[name]))
        elif present:
            world.publish(delete=[f"Timeout/{name}"])

    newcomer = World(world.store, world.clock)
    mine, theirs = at_head(world), at_head(newcomer)

    assert mine.head == theirs.head
    assert dict(mine.catalog.resources) == dict(theirs.catalog.resources)
    assert findings(world) == findings(follower) == findings(newcomer)


def test_head_that_others_moved_is_followed(world: World) -> None:
    """A process sees the changes of another one at once."""
    at_head(world)
    World(world.store, world.clock).publish(timeout(attempt="1s"))

    assert at_head(world).revision == 2


def test_former_revision_is_read_without_losing_the_head(world: World) -> None:
    """Looking back gives the former resources with the revisions they are from."""
    world.publish(timeout(attempt="1s"))
    former = world.plane.publisher._workspaces.at(NAMESPACE, 1)

    assert (former.revision, former.head) == (1, None)
    assert {resource.revision for resource in former.catalog.resources.values()} == {1}
    assert at_head(world).revision == 2


def test_report_is_made_once_a_day(world: World) -> None:
    """The report of an unchanged head is remembered until waivers may expire."""
    findings = world.plane.inspector.findings
    first = findings(VIEWER, NAMESPACE)

    assert findings(VIEWER, NAMESPACE) is first
    world.clock.advance(DAY)
    assert findings(VIEWER, NAMESPACE) is not first
