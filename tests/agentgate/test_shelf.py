"""What is in force, and what is kept of it in memory."""

from configsvc.agentgate.shelf import InForce, Shelf
from configsvc.push import Offer


def offer(version: int, digest: str | None = None, epoch: str = "e") -> Offer:
    """The bundle of a version."""
    return Offer(epoch, version, digest or f"d{version}", version, 0)


def test_only_services_that_differ_are_told() -> None:
    """A head that puts the same in force for a service concerns nobody of it."""
    shelf = Shelf()
    assert shelf.put(InForce("prod", "e", 1, {"a": offer(1), "b": offer(1)})) == {"a", "b"}
    changed = shelf.put(InForce("prod", "e", 2, {"a": offer(2), "b": offer(1), "c": offer(2)}))
    assert changed == {"a", "c"}
    assert shelf.put(InForce("prod", "e", 3, {"a": offer(2)})) == {"b", "c"}


def test_namespaces_are_apart() -> None:
    """What one namespace puts in force concerns no other."""
    shelf = Shelf()
    shelf.put(InForce("prod", "e", 1, {"a": offer(1)}))
    assert shelf.put(InForce("staging", "e", 1, {"a": offer(1)})) == {"a"}
    assert shelf.in_force("nowhere") is None
    assert shelf.in_force("nowhere") is None


def test_event_is_encoded_once() -> None:
    """All streams are written the very same bytes."""
    shelf = Shelf()
    assert shelf.event(offer(1)) is None
    shelf.keep("d1", b"{}")
    assert shelf.event(offer(1)) is shelf.event(offer(1))
    assert b'"reset":true' in (shelf.event(offer(1), reset=True) or b"")
    assert b"reset" not in (shelf.event(offer(1)) or b"")


def test_memory_is_bounded() -> None:
    """The least recently used go; the newest stays though it alone is too large."""
    shelf = Shelf(max_bytes=3_000)
    for version in range(1, 6):
        shelf.keep(f"d{version}", b"x" * 1_000)
        assert shelf.event(offer(version)) is not None
    assert shelf.data("d1") is None
    assert shelf.data("d5") is not None
    shelf.keep("large", b"x" * 9_000)
    assert shelf.event(offer(6, "large")) is not None


def test_what_was_read_ahead_is_bounded_too() -> None:
    """Bytes that came with a head do not stay for as long as the head is in force."""
    shelf = Shelf(max_bytes=3_000)
    read = {f"d{number}": b"x" * 1_000 for number in range(5)}
    shelf.put(InForce("prod", "e", 1, {}, read))
    kept = shelf.in_force("prod")
    assert kept is not None
    assert kept.loaded == {}
    assert sum(shelf.data(digest) is not None for digest in read) == 3
