"""The guarantees of a watch by name, checked over what was recorded while others wrote."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from configsvc.store import Event, WatchBatch

History: TypeAlias = Mapping[int, frozenset[tuple[str, bytes | None]]]
"""What writers were told: the changes of each revision they made."""


def assert_guarantees(
    batches: Sequence[WatchBatch], history: History, prefix: str, after: int
) -> None:
    """Check everything that a watch promises of the batches it gave, one after the other."""
    events = [event for batch in batches for event in batch.events]
    assert_ordered(events)
    assert_unique(events)
    assert_atomic(batches, history, prefix)
    assert_bookmarkable(batches, after)
    assert_reliable(events, history, prefix, after)


def assert_ordered(events: Sequence[Event]) -> None:
    """Ordered: no event comes before one of a lower revision."""
    places = [(event.mod_revision, event.key) for event in events]
    assert places == sorted(places)


def assert_unique(events: Sequence[Event]) -> None:
    """Unique: no event comes twice."""
    places = [(event.mod_revision, event.key) for event in events]
    assert len(set(places)) == len(places)


def assert_atomic(batches: Sequence[WatchBatch], history: History, prefix: str) -> None:
    """Atomic: a batch holds all changes of a revision or none."""
    for batch in batches:
        for revision in {event.mod_revision for event in batch.events}:
            seen = {(e.key, e.value) for e in batch.events if e.mod_revision == revision}
            assert seen == {pair for pair in history[revision] if pair[0].startswith(prefix)}


def assert_bookmarkable(batches: Sequence[WatchBatch], after: int) -> None:
    """Bookmarkable: what comes after a bookmark is newer than the bookmark."""
    for batch in batches:
        revisions = [event.mod_revision for event in batch.events]
        assert after < min(revisions) <= max(revisions) <= batch.progress
        after = batch.progress


def assert_reliable(events: Sequence[Event], history: History, prefix: str, after: int) -> None:
    """Reliable: every acknowledged change up to the last event seen has been seen."""
    wanted = {
        (revision, key, value)
        for revision, changes in history.items()
        for key, value in changes
        if revision > after and key.startswith(prefix)
    }
    assert {(event.mod_revision, event.key, event.value) for event in events} == wanted
