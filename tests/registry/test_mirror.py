"""What a process knows of all instances, and how it is kept up to date."""

from collections.abc import Mapping
from dataclasses import replace

from configsvc.registry import Instance, InstanceReading, Mirror, by_service, records
from configsvc.store import Event, Transaction, layout
from configsvc.store.memory import MemoryStore

ONE = Instance("prod", "score-engine", "a", "10.0.0.1:80", "1f-aabbccdd0011", 5)
TWO = replace(ONE, id="b", address="10.0.0.2:80")
KEY = layout.instance("prod", "score-engine", "a")

Found = Mapping[tuple[str, str, str], Instance | None]


def key(instance: Instance) -> tuple[str, str, str]:
    """Where an instance stands."""
    return instance.namespace, instance.service, instance.id


def test_only_services_whose_callers_are_told_something_else_have_changed() -> None:
    """A lost stream is no news to callers."""
    mirror = Mirror()
    assert mirror.change({key(ONE): ONE, key(TWO): TWO}) == {("prod", "score-engine")}
    assert mirror.change({key(ONE): replace(ONE, state="lost")}) == set()
    assert mirror.of("prod", "score-engine")["a"].state == "lost"
    assert mirror.change({key(ONE): replace(ONE, healthy=False)}) == {("prod", "score-engine")}
    assert mirror.change({key(TWO): None}) == {("prod", "score-engine")}
    assert list(mirror.of("prod", "score-engine")) == ["a"]


def test_list_that_somebody_holds_does_not_change() -> None:
    """It is replaced whole."""
    mirror = Mirror()
    mirror.change({key(ONE): ONE})
    held = mirror.of("prod", "score-engine")
    mirror.change({key(ONE): None})
    assert list(held) == ["a"]
    assert mirror.version("prod", "score-engine") == 0


def test_all_instances_replace_what_was_known() -> None:
    """What is not among them is gone."""
    mirror = Mirror()
    mirror.change({key(ONE): ONE})
    other = replace(ONE, service="match-engine")
    changed = mirror.replace(by_service({key(other): other}))
    assert changed == {("prod", "score-engine"), ("prod", "match-engine")}
    assert list(mirror.all()) == [other]


def test_reading_hands_on_all_then_what_changes() -> None:
    """Deleted ones as None, and nothing that is no instance."""
    store = MemoryStore(lambda: 0)
    found: list[tuple[bool, Found]] = []
    reading = InstanceReading(
        store, lambda: ("prod",), lambda all_, some: found.append((all_, some))
    )
    records(store).put(KEY, ONE)
    store.commit(Transaction(puts=(("/configsvc/1/ns/prod/settings", b"{}"),)))
    reading.load()
    assert found.pop() == (True, {key(ONE): ONE})
    reading.take((Event(KEY, None, 9), Event("/configsvc/1/ns/prod/settings", b"{}", 9)))
    assert found.pop() == (False, {key(ONE): None})
    reading.take((Event("/configsvc/1/ns/prod/settings", b"{}", 9),))
    assert found == []


def test_record_that_cannot_be_read_changes_nothing() -> None:
    """Callers keep what they have."""
    store = MemoryStore(lambda: 0)
    found: list[tuple[bool, Found]] = []
    reading = InstanceReading(
        store, lambda: ("prod",), lambda all_, some: found.append((all_, some))
    )
    reading.take((Event(KEY, b"{", 9),))
    assert found == []
