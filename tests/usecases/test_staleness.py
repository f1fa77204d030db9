"""Changes whose author did not see the present."""

import pytest

from configsvc.model.names import Key
from configsvc.usecases import Precondition
from configsvc.usecases.errors import (
    PreconditionFailedError,
    StaleBaseError,
    UnknownBaseError,
)
from tests.usecases.world import World, service, timeout

TIMEOUT = Key.parse("Timeout/default")


def test_old_base_is_fine_while_nothing_of_the_change_differs(world: World) -> None:
    """What others did elsewhere since the base is no reason to refuse."""
    world.publish(service("other"))

    assert world.publish(timeout(attempt="1s"), base=1).revision == 3


def test_resource_that_changed_since_the_base_is_refused_with_both_sides(world: World) -> None:
    """The refusal names base, head and resource, and has the document of either side."""
    world.publish(timeout(attempt="1s"))

    with pytest.raises(StaleBaseError, match="changed between your base 1 and the head 2") as stale:
        world.publish(timeout(attempt="700ms"), base=1)

    (side,) = stale.value.resources
    assert side.key == TIMEOUT
    assert b'"500ms"' in (side.base_document or b"")
    assert b'"1s"' in (side.head_document or b"")
    assert world.revision == 2


def test_deletion_of_what_changed_since_is_refused(world: World) -> None:
    """A delete counts as much as a put."""
    world.publish(timeout(attempt="1s"))

    with pytest.raises(StaleBaseError):
        world.publish(delete=["Timeout/default"], base=1)


def test_resource_that_appeared_since_has_one_side(world: World) -> None:
    """Two authors who create one resource conflict; the base side is absent."""
    world.publish(timeout("new", "1s", to="score"))

    with pytest.raises(StaleBaseError) as stale:
        world.publish(timeout("new", "2s", to="score"), base=1)

    assert stale.value.resources[0].base is None
    assert stale.value.resources[0].base_document is None


def test_change_back_to_what_the_author_saw_is_no_conflict(world: World) -> None:
    """A resource that is at the head what it was at the base did not change for the author."""
    world.publish(timeout(attempt="1s"))
    world.publish(timeout())

    assert world.publish(timeout(attempt="700ms"), base=1).revision == 4


def test_base_from_the_future_is_refused(world: World) -> None:
    """A base that never was means that the store was set back: the author reads again."""
    with pytest.raises(UnknownBaseError, match=r"base 7 is no revision .* head is 1"):
        world.publish(timeout(attempt="1s"), base=7)


class TestPreconditions:
    """Writes of one resource."""

    def test_equal_digest_lets_the_write_through(self, world: World) -> None:
        """The digest that the author saw is the head's."""
        digest = world.plane.publisher._workspaces.at_head("prod").digest(TIMEOUT)
        condition = Precondition(TIMEOUT, digest)

        assert world.publish(timeout(attempt="1s"), preconditions=(condition,)).revision == 2

    def test_other_digest_is_refused(self, world: World) -> None:
        """Somebody else wrote it meanwhile."""
        with pytest.raises(PreconditionFailedError, match="was expected ETag 00 and is ETag"):
            world.publish(timeout(attempt="1s"), preconditions=(Precondition(TIMEOUT, "00"),))

    def test_present_resource_is_refused_where_none_was_expected(self, world: World) -> None:
        """A creation does not overwrite."""
        with pytest.raises(PreconditionFailedError, match="was expected absent and is ETag"):
            world.publish(timeout(attempt="1s"), preconditions=(Precondition(TIMEOUT, None),))
