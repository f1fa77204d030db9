"""Going back to former content."""

import pytest

from configsvc.access import ForbiddenError
from configsvc.store import UnknownRevisionError
from configsvc.usecases import Published, Repeat, Rollback
from configsvc.usecases.errors import (
    AcknowledgeError,
    InvalidChangeError,
    UnknownNamespaceError,
)
from tests.usecases.world import (
    ADMIN,
    BROKEN_TIMEOUT,
    DAY,
    EDITOR,
    NAMESPACE,
    VIEWER,
    World,
    service,
    timeout,
    waiver,
)


def roll_back(
    world: World, to: int, *, acknowledge: bool = False, repeat: Repeat | None = None
) -> Published:
    """Roll the namespace back."""
    rollback = Rollback(to, "that was wrong", acknowledge)
    return world.plane.rollbacks.roll_back(EDITOR, NAMESPACE, rollback, repeat)


@pytest.fixture
def moved(world: World) -> World:
    """The system, and a second revision with another limit and a further service."""
    world.publish(timeout(attempt="1s"), service("extra"))
    return world


def digests(world: World, revision: int) -> dict[str, str]:
    """What the namespace holds at a revision."""
    manifest = world.plane.publisher._namespaces.snapshot(NAMESPACE, revision).manifest
    return {key: item.digest for key, item in manifest.items()}


def test_former_content_is_a_new_revision(moved: World) -> None:
    """Puts and deletes lead back; history grows, and says where to."""
    outcome = roll_back(moved, 1)

    assert outcome.revision == 3
    assert digests(moved, 3) == digests(moved, 1)
    (record, *_) = moved.plane.inspector.history(VIEWER, NAMESPACE)
    assert record.message == "that was wrong (rollback to 1)"


def test_rollback_to_the_head_changes_nothing(moved: World) -> None:
    """There is nothing to go back to."""
    assert not roll_back(moved, 2).changed
    assert moved.revision == 2


def test_rollback_of_a_rollback_leads_forward_again(moved: World) -> None:
    """A rollback is a revision like any other."""
    roll_back(moved, 1)
    roll_back(moved, 2)

    assert digests(moved, 4) == digests(moved, 2)


@pytest.mark.parametrize("revision", [0, 9])
def test_revision_that_never_was_is_refused(moved: World, revision: int) -> None:
    """The empty namespace before the first change is none to go back to, either."""
    with pytest.raises(UnknownRevisionError, match="its revisions are 1 to 2"):
        roll_back(moved, revision)


def test_namespace_without_revisions_is_refused(empty: World) -> None:
    """A namespace has to hold something first."""
    with pytest.raises(UnknownNamespaceError):
        roll_back(empty, 1)


def test_message_and_right_are_needed(moved: World) -> None:
    """A rollback is a publish."""
    with pytest.raises(InvalidChangeError, match="say why"):
        moved.plane.rollbacks.roll_back(EDITOR, NAMESPACE, Rollback(1, ""))
    with pytest.raises(ForbiddenError):
        moved.plane.rollbacks.roll_back(VIEWER, NAMESPACE, Rollback(1, "m"))


def test_repeated_rollback_gets_the_first_outcome(moved: World) -> None:
    """A lost answer does not roll back twice."""
    key = Repeat.of("k", "editor", b"request")

    assert roll_back(moved, 1, repeat=key) == roll_back(moved, 1, repeat=key)
    assert moved.revision == 3


class TestFindings:
    """Former content of which today's rules say something."""

    @pytest.fixture
    def mended(self, world: World) -> World:
        """Revision 2 has a waived error, 3 mends it, and the waiver has expired since."""
        world.publish(BROKEN_TIMEOUT, waiver("w", "RT01"), who=ADMIN)
        world.publish(timeout())
        world.clock.advance(60 * DAY)
        return world

    def test_are_shown_and_need_to_be_acknowledged(self, mended: World) -> None:
        """The refusal carries what would come back."""
        with pytest.raises(AcknowledgeError, match="'acknowledge': true") as refused:
            roll_back(mended, 2)

        assert [finding.code for finding in refused.value.findings] == ["RT01"]
        assert mended.revision == 3

    def test_never_refuse_once_they_are(self, mended: World) -> None:
        """Going back to what once ran is always possible."""
        assert roll_back(mended, 2, acknowledge=True).revision == 4

    def test_are_in_the_preview(self, mended: World) -> None:
        """A dry run tells them without writing."""
        preview = mended.plane.rollbacks.preview(VIEWER, NAMESPACE, 2)

        assert [finding.code for finding in preview.judgement.added] == ["RT01"]
        assert [change.edge.callee for change in preview.edges.edges] == ["score"]
        assert mended.revision == 3


def test_waivers_are_neither_restored_nor_removed(world: World) -> None:
    """Who accepted what, and until when, is not part of what goes back."""
    world.publish(waiver("early", "RT01"), who=ADMIN)
    world.publish(waiver("late", "RT04"), delete=["Waiver/early"], who=ADMIN)

    outcome = roll_back(world, 2)

    assert not outcome.changed
    assert "Waiver/late" in digests(world, world.revision)
    assert "Waiver/early" not in digests(world, world.revision)
