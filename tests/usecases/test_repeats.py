"""Requests that are sent twice, because an answer was lost."""

import pytest

from configsvc.usecases import Published, Repeat
from configsvc.usecases.errors import IdempotencyKeyReusedError
from tests.usecases.world import DAY, EDITOR, NAMESPACE, World, change, timeout

KEY = Repeat.of("k1", "editor", b"request")


def publish(world: World, attempt: str, repeat: Repeat = KEY) -> Published:
    """Publish the Timeout with an idempotency key."""
    return world.plane.publisher.publish(
        EDITOR, NAMESPACE, change(timeout(attempt=attempt)), repeat
    )


def test_repetition_gets_the_first_outcome(world: World) -> None:
    """A repeated request publishes nothing, and is answered as the first one was."""
    first = publish(world, "1s")

    assert publish(world, "1s") == first
    assert world.revision == 2


def test_repetition_is_known_to_other_processes(world: World) -> None:
    """The first outcome lies in the store, written together with the change."""
    first = publish(world, "1s")
    again = world.another_process().publisher.publish(
        EDITOR, NAMESPACE, change(timeout(attempt="1s")), KEY
    )

    assert again == first


def test_unchanged_outcome_is_remembered_too(world: World) -> None:
    """A repetition of a change that altered nothing alters nothing later either."""
    first = publish(world, "500ms")
    world.publish(timeout(attempt="1s"))

    assert not first.changed
    assert publish(world, "500ms") == first
    assert world.revision == 2


def test_key_of_another_request_is_refused(world: World) -> None:
    """One key, two requests: the second is not what its author thinks."""
    publish(world, "1s")

    with pytest.raises(IdempotencyKeyReusedError):
        publish(world, "2s", Repeat.of("k1", "editor", b"another"))


def test_equal_key_of_another_author_is_another_key(world: World) -> None:
    """Authors cannot see or block each other's keys."""
    publish(world, "1s")

    assert publish(world, "700ms", Repeat.of("k1", "someone", b"request")).revision == 3


def test_key_is_free_again_after_a_day(world: World) -> None:
    """An outcome is remembered for 24 hours."""
    publish(world, "1s")
    world.clock.advance(DAY + 1)

    assert publish(world, "700ms", Repeat.of("k1", "editor", b"another")).revision == 3
