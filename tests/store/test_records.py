"""Records of one type, on every backend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import pytest

from configsvc.store import (
    ABSENT,
    CompareFailedError,
    CorruptRecordError,
    Kept,
    Records,
    Store,
    layout,
)
from configsvc.store._json import Json
from tests.store.fakes import put


@dataclass(frozen=True, slots=True)
class Note:
    """A record for these tests."""

    text: str


def note_from_json(fields: Mapping[str, Json]) -> Note:
    """Return the note stored as `fields`."""
    return Note(cast("str", fields["text"]))


@pytest.fixture
def notes(store: Store) -> Records[Note]:
    """An empty set of notes."""
    return Records(store, lambda note: {"text": note.text}, note_from_json)


def test_a_record_reads_back(notes: Records[Note]) -> None:
    """With the revision that a compare-and-set expects."""
    revision = notes.put(layout.token("t"), Note("x"))
    assert notes.get(layout.token("t")) == Kept(layout.token("t"), Note("x"), revision)
    assert notes.get(layout.token("u")) is None


def test_records_are_listed_by_prefix(notes: Records[Note]) -> None:
    """In key order or its reverse, in pages."""
    for name in "abc":
        notes.put(layout.token(name), Note(name))
    notes.put(layout.node("n"), Note("n"))
    listed = notes.list(layout.TOKENS, limit=2)
    assert [kept.value.text for kept in listed] == ["a", "b"]
    rest = notes.list(layout.TOKENS, after=listed[-1].key)
    assert [kept.value.text for kept in rest] == ["c"]
    assert notes.list(layout.TOKENS, limit=1, reverse=True)[0].value == Note("c")


def test_a_record_is_put_on_a_condition(notes: Records[Note]) -> None:
    """That it is absent, or at a revision."""
    revision = notes.put("/n", Note("1"), expected=ABSENT)
    with pytest.raises(CompareFailedError):
        notes.put("/n", Note("2"), expected=ABSENT)
    notes.put("/n", Note("3"), expected=revision)
    kept = notes.get("/n")
    assert kept is not None
    assert kept.value == Note("3")


def test_a_record_is_deleted_on_a_condition(notes: Records[Note]) -> None:
    """One that changed meanwhile stays."""
    revision = notes.put("/n", Note("1"))
    with pytest.raises(CompareFailedError):
        notes.delete("/n", expected=revision + 1)
    notes.delete("/n", expected=revision)
    notes.delete("/n")
    assert notes.get("/n") is None


@pytest.mark.parametrize("value", [b"{}", b"null", b"{"])
def test_a_damaged_record_is_named(notes: Records[Note], store: Store, value: bytes) -> None:
    """The error says which key."""
    store.commit(put(("/n", value)))
    with pytest.raises(CorruptRecordError, match="key '/n' holds a damaged record"):
        notes.get("/n")
